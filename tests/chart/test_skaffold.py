"""skaffold.yaml and k8s/ agree with the chart, the Dockerfiles and each other."""

import re
from typing import Any

import pytest
import yaml

from .helm import CHART, ROOT, Helm

SKAFFOLD: dict[str, Any] = yaml.safe_load((ROOT / "skaffold.yaml").read_text(encoding="utf-8"))
RELEASE: dict[str, Any] = SKAFFOLD["deploy"]["helm"]["releases"][0]
PROFILES = {profile["name"]: profile for profile in SKAFFOLD["profiles"]}
DEV: list[dict[str, Any]] = PROFILES["dev"]["build"]["artifacts"]

#: What Skaffold knows of an artifact, and makes of the signs in its name that no variable has.
VARIABLE = re.compile(r"{{\.IMAGE_(DOMAIN|REPO_NO_DOMAIN|TAG)_(\w+)}}")


def variable(image: str) -> str:
    """An artifact's name as its variables have it."""
    return re.sub(r"\W", "_", image)


def test_what_is_installed_is_what_is_built() -> None:
    """Every image that the values take is an artifact, and every artifact is taken, whole."""
    built = {variable(each["image"]) for each in SKAFFOLD["build"]["artifacts"]}
    for name, template in RELEASE["setValueTemplates"].items():
        found = VARIABLE.fullmatch(template)
        assert found, template
        service, _, part = name.partition(".image.")
        what = {"registry": "DOMAIN", "repository": "REPO_NO_DOMAIN", "tag": "TAG"}[part]
        assert found.groups() == (what, f"localhost_splitflap_{service}")
        assert found[2] in built
    assert len(RELEASE["setValueTemplates"]) == 3 * len(built) == 9


def test_every_value_that_is_set_is_the_charts() -> None:
    """A name that the chart does not have would be refused at the install."""
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    for name in RELEASE["setValueTemplates"]:
        place: Any = values
        for part in name.split("."):
            place = place[part]


@pytest.mark.parametrize("artifact", [*SKAFFOLD["build"]["artifacts"], *DEV])
def test_every_file_that_is_named_is_there(artifact: dict[str, Any]) -> None:
    """Dockerfiles, and what is carried into pods, with the part of its path that is left out."""
    assert (ROOT / artifact["docker"]["dockerfile"]).is_file()
    for rule in artifact.get("sync", {}).get("manual", []):
        assert rule["src"].startswith(rule["strip"])
        assert list(ROOT.glob(rule["src"])), rule


def test_the_dev_images_stand_on_the_services_own() -> None:
    """So what is developed is what is delivered; and it reloads where files are carried to."""
    images = {each["image"]: each for each in DEV}
    for each in SKAFFOLD["build"]["artifacts"]:
        dev = images[each["image"]]
        service = each["image"].rpartition("/")[2]
        base = images[dev["requires"][0]["image"]]
        assert base["docker"]["dockerfile"] == each["docker"]["dockerfile"]
        assert dev["docker"]["buildArgs"]["SERVICE"] == service
        reload = (ROOT / "k8s" / "dev" / "reload.py").read_text(encoding="utf-8")
        for rule in dev["sync"]["manual"]:
            assert f'SOURCES = "{rule["dest"]}"' in reload


def test_no_production_image_knows_of_the_reloader() -> None:
    """It is in k8s/dev alone."""
    for dockerfile in ROOT.glob("services/*/Dockerfile"):
        text = dockerfile.read_text(encoding="utf-8")
        assert "watchfiles" not in text
        assert "k8s" not in text


def test_profiles_render(helm: Helm) -> None:
    """The files of values that the release and its profiles name are there, and right together."""
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


def test_add_ons_have_values_for_each_chart() -> None:
    """What `make cluster-up` installs it finds the values of."""
    script = (ROOT / "k8s" / "cluster").read_text(encoding="utf-8")
    installed = re.findall(r"^    chart (\S+)", script, re.MULTILINE)
    files = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
             for path in (ROOT / "k8s" / "addons").glob("*.yaml")}  # fmt: skip
    assert set(installed) == set(files)
    sidecar = files["kube-prometheus-stack"]["grafana"]["sidecar"]["dashboards"]
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert values["dashboards"]["labels"] == {sidecar["label"]: sidecar["labelValue"]}
