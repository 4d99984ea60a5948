"""skaffold.yaml and k8s/ agree with the chart, the Dockerfiles and each other."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from .helm import CHART, ROOT, Helm

SKAFFOLD: dict[str, Any] = yaml.safe_load((ROOT / "skaffold.yaml").read_text(encoding="utf-8"))
RELEASE: dict[str, Any] = SKAFFOLD["deploy"]["helm"]["releases"][0]
PROFILES = {profile["name"]: profile for profile in SKAFFOLD["profiles"]}
DEV: list[dict[str, Any]] = PROFILES["dev"]["build"]["artifacts"]

#: Skaffold's variables of an artifact. Skaffold replaces other characters of its name by `_`.
VARIABLE = re.compile(r"{{\.IMAGE_(DOMAIN|REPO_NO_DOMAIN|TAG)_(\w+)}}")


def variable(image: str) -> str:
    """An artifact's name in Skaffold's variables."""
    return re.sub(r"\W", "_", image)


def test_skaffold_installs_exactly_the_built_images() -> None:
    """Each artifact is used with registry, repository and tag."""
    built = {variable(each["image"]) for each in SKAFFOLD["build"]["artifacts"]}
    for name, template in RELEASE["setValueTemplates"].items():
        found = VARIABLE.fullmatch(template)
        assert found, template
        service, _, part = name.partition(".image.")
        what = {"registry": "DOMAIN", "repository": "REPO_NO_DOMAIN", "tag": "TAG"}[part]
        assert found.groups() == (what, f"localhost_splitflap_{service}")
        assert found[2] in built
    assert len(RELEASE["setValueTemplates"]) == 3 * len(built) == 12


def test_every_value_in_skaffold_exists_in_the_chart() -> None:
    """The chart would refuse an unknown value."""
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    for name in RELEASE["setValueTemplates"]:
        place: Any = values
        for part in name.split("."):
            place = place[part]


@pytest.mark.parametrize("artifact", [*SKAFFOLD["build"]["artifacts"], *DEV])
def test_every_file_named_in_skaffold_exists(artifact: dict[str, Any]) -> None:
    """The files are Dockerfiles and the sources of sync rules."""
    assert (ROOT / artifact["docker"]["dockerfile"]).is_file()
    for rule in artifact.get("sync", {}).get("manual", []):
        assert rule["src"].startswith(rule["strip"])
        assert list(ROOT.glob(rule["src"])), rule


def test_a_dev_image_extends_the_service_image() -> None:
    """It reloads from the folder of the sync rules. That of nginx is the image itself."""
    images = {each["image"]: each for each in DEV}
    for each in SKAFFOLD["build"]["artifacts"]:
        dev = images[each["image"]]
        if each["image"].endswith("/web"):
            assert dev == each
            continue
        service = each["image"].rpartition("/")[2]
        base = images[dev["requires"][0]["image"]]
        assert base["docker"]["dockerfile"] == each["docker"]["dockerfile"]
        assert dev["docker"]["buildArgs"]["SERVICE"] == service
        reload = (ROOT / "k8s" / "dev" / "reload.py").read_text(encoding="utf-8")
        for rule in dev["sync"]["manual"]:
            assert f'SOURCES = "{rule["dest"]}"' in reload


@pytest.mark.parametrize("artifact", [each for each in DEV if "sync" in each])
def test_the_sync_rules_cover_every_source_file(artifact: dict[str, Any]) -> None:
    """A changed word list or metric must be synced as a changed module is."""
    service = artifact["docker"]["buildArgs"]["SERVICE"]
    folders = ["core/splitflap_core", f"services/{service}/splitflap_{service}"]
    if service == "api":
        folders.append("asyncrequest/asyncrequest")
    synced = {each for rule in artifact["sync"]["manual"] for each in ROOT.glob(rule["src"])}
    sources = {
        each
        for folder in folders
        for each in (ROOT / folder).rglob("*")
        if each.suffix in {".py", ".toml", ".json", ".yaml"}
    }
    assert sources <= synced


def test_no_production_image_has_the_reloader() -> None:
    """The reloader is in k8s/dev only."""
    for dockerfile in ROOT.glob("services/*/Dockerfile"):
        text = dockerfile.read_text(encoding="utf-8")
        assert "watchfiles" not in text
        assert "k8s" not in text


def test_the_profiles_render(helm: Helm) -> None:
    """The values' files exist and fit together."""
    files = [*RELEASE["valuesFiles"]]
    files += [patch["value"] for patch in PROFILES["keda"]["patches"]]
    options = [f"--values={ROOT / file}" for file in files]
    objects = list(yaml.safe_load_all(helm.run("template", "splitflap", str(CHART), *options)))
    kinds = {each["kind"] for each in objects if each}
    assert {"ScaledObject", "PodMonitor", "PrometheusRule"} <= kinds
    names = {each["metadata"]["name"] for each in objects if each and each["kind"] == "Service"}
    forward = SKAFFOLD["portForward"][0]
    assert forward["resourceName"] in names
    assert forward["namespace"] == RELEASE["namespace"]


PROGRAM = """#!/bin/sh
# Notes its arguments. `docker info` and `podman info` succeed if a file of their name exists.
[ "$1" != info ] || exec test -e "$LOG/${0##*/}"
echo "${0##*/} $*" >>"$LOG/log"
"""


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_the_built_images_are_loaded_into_the_cluster(tmp_path: Path, engine: str) -> None:
    """Podman's images go through an archive."""
    for name in ("kind", "docker", "podman"):
        (tmp_path / name).write_text(PROGRAM, encoding="ascii")
        (tmp_path / name).chmod(0o755)
    log = tmp_path / "log"
    log.mkdir()
    (log / engine).touch()
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "LOG": str(log)}
    subprocess.run([ROOT / "k8s" / "cluster", "load"], check=True, env=environ)
    [*saved, loaded] = (log / "log").read_text(encoding="ascii").splitlines()
    named = saved[0] if engine == "podman" else loaded
    images = {each["image"] for each in SKAFFOLD["build"]["artifacts"]}
    assert set(re.findall(r"(localhost/\S+):dev", named)) == images
    cluster = yaml.safe_load((ROOT / "k8s" / "kind.yaml").read_text(encoding="utf-8"))["name"]
    what = {"docker": "docker-image", "podman": "image-archive"}[engine]
    assert loaded.startswith(f"kind load {what} --name {cluster} ")


def test_each_add_on_has_values() -> None:
    """`make cluster-up` uses them."""
    script = (ROOT / "k8s" / "cluster").read_text(encoding="utf-8")
    installed = re.findall(r"^    chart (\S+)", script, re.MULTILINE)
    files = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
             for path in (ROOT / "k8s" / "addons").glob("*.yaml")}  # fmt: skip
    assert set(installed) == set(files)
    sidecar = files["kube-prometheus-stack"]["grafana"]["sidecar"]["dashboards"]
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert values["dashboards"]["labels"] == {sidecar["label"]: sidecar["labelValue"]}
