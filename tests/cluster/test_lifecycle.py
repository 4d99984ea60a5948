"""Upgrades of a release and of the chart's own servers, and its uninstall."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.chart.helm import merged
from tests.support import wait_until
from tests.system.rig.stack import ADMIN

from .conftest import MakeRelease
from .kube import CHART, ROOT, Kube, run
from .release import VOLUMES, Release, empty_volume, value_files

#: The objects that stay after an uninstall.
DATA = {
    "persistentvolumeclaim/data-splitflap-postgresql-0",
    "persistentvolumeclaim/data-splitflap-rabbitmq-0",
}

#: The values of the oldest servers.
OLDEST = Path(__file__).parent / "servers" / "oldest.yaml"

#: Steps of a section, and the server that each one stops.
STEPS = {
    "RabbitMQ 4.3": ("rabbitmq", ""),
    "A new major version of PostgreSQL": ("postgresql", "", ""),
}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_posts_survive_an_upgrade_and_volumes_an_uninstall(
    make_release: MakeRelease, tmp_path: Path
) -> None:
    """The upgrade starts from the previous release. The uninstall leaves only the volumes."""
    release = make_release("lifecycle")
    release.install(VOLUMES, previous(tmp_path))
    post = release.client().create_post("Written before the upgrade")

    release.upgrade(VOLUMES)
    assert release.client().get(f"/v1/posts/{post['id']}").json()["html"] == post["html"]
    assert release.client().create_post("Written after it")["state"] == "complete"

    release.uninstall()
    wait_until(lambda: set(left(release.kube)) <= DATA, lambda: str(left(release.kube)), 90)
    assert set(left(release.kube)) == DATA

    release.install(VOLUMES)
    assert release.client().get(f"/v1/posts/{post['id']}").json()["html"] == post["html"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_servers_are_upgraded_as_the_page_says(
    make_release: MakeRelease, tmp_path: Path
) -> None:
    """Posts survive, also one that waits for its renderer at the upgrade."""
    release = make_release("servers")
    new, old = tags(CHART / "values.yaml"), tags(OLDEST)
    options = {f"{name}.image.tag": tag for name, tag in old.items()}
    release.install({**VOLUMES, **options, "rabbitmq.extraConfig": ""})
    done = release.client().create_post("Written on the old servers")
    release.kube("scale", "deployment/splitflap-renderer", "--replicas=0")
    release.kube.wait_ready("renderer", 0)
    waiting = release.client().submit("It waits for the new servers")

    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "splitflap").symlink_to(CHART)
    for heading, stopped in STEPS.items():
        # The sections upgrade one server each.
        old[stopped[0]] = new[stopped[0]]
        write_values(release, tmp_path / "values.yaml", old)
        commands = steps(heading)
        assert len(commands) == len(stopped)
        for block, server in zip(commands, stopped, strict=True):
            release.follow(block, tmp_path)
            if server:
                # A static volume keeps its data when its claim is deleted.
                empty_volume(release.kube, f"data-splitflap-{server}-0")
    release.wait_ready()

    client = release.client()
    assert client.get(f"/v1/posts/{done['id']}").json()["html"] == done["html"]
    assert client.wait_final(waiting).json()["state"] == "complete"
    assert client.create_post("Written on the new servers")["state"] == "complete"


def previous(folder: Path) -> Path:
    """The chart of the last tag; if it has none, the present one with a lower version."""
    chart = folder / "charts" / "splitflap"
    tag = _git("describe", "--tags", "--abbrev=0", "--match", "v*")
    if tag and _git("ls-tree", tag, "charts/splitflap"):
        archive = subprocess.run(
            ["git", "archive", tag, "charts/splitflap"], check=True, capture_output=True, cwd=ROOT
        ).stdout
        subprocess.run(["tar", "-x", "-C", folder], check=True, input=archive)
        return chart
    shutil.copytree(CHART, chart)
    about = chart / "Chart.yaml"
    text = about.read_text(encoding="utf-8")
    about.write_text(re.sub(r"(?m)^version: .*", "version: 0.0.1", text), encoding="utf-8")
    return chart


def left(kube: Kube) -> list[str]:
    """All objects in the namespace with the release's label."""
    kinds = run(["kubectl", "api-resources", "--namespaced", "--verbs=list", "--output=name"])
    chosen = [kind for kind in kinds.split() if not kind.startswith(("events", "pods.metrics"))]
    selector = "app.kubernetes.io/instance=splitflap"
    names = kube("get", ",".join(chosen), "--selector", selector, "--output", "name")
    return names.split()


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], check=False, capture_output=True, text=True, cwd=ROOT
    )
    return done.stdout.strip()


def steps(heading: str) -> list[str]:
    """The commands of each step of a section."""
    text = (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")
    section = re.search(rf"^### {heading}\n(.*?)(^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert section, heading
    blocks = re.findall(r"^ *```\n(.*?)^ *```$", section[1], re.MULTILINE | re.DOTALL)
    return [re.sub(r"^ +", "", block, flags=re.MULTILINE) for block in blocks]


def tags(file: Path) -> dict[str, str]:
    """The tags of both servers' images in a file of values."""
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {name: values[name]["image"]["tag"] for name in ("rabbitmq", "postgresql")}


def write_values(release: Release, file: Path, tags: Mapping[str, str]) -> None:
    """Write the values of the release, with these tags, for the commands."""
    values: dict[str, object] = {
        "bootstrapKey": ADMIN,
        "scraper": {"allowNets": release.site.nets},
        **{
            name: {"persistence": {"enabled": True}, "image": {"tag": tag}}
            for name, tag in tags.items()
        },
    }
    for each in reversed(value_files()):
        values = merged(yaml.safe_load(Path(each).read_text(encoding="utf-8")), values)
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
