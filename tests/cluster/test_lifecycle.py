"""Upgrade and uninstall of a release."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import wait_until

from .conftest import MakeRelease
from .kube import CHART, ROOT, Kube, run
from .release import VOLUMES

#: The objects that stay after an uninstall.
DATA = {
    "persistentvolumeclaim/data-splitflap-postgresql-0",
    "persistentvolumeclaim/data-splitflap-rabbitmq-0",
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
