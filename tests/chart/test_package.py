"""The chart's metadata in the tree, and what `make publish` adds for a registry."""

import base64
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from publish.chart import ChartPackage
from publish.options import Options
from publish.tools import Tools

from .helm import CHART, ROOT, Helm

SOURCE = "https://git.example.com/team/splitflap"
REGISTRY = "registry.example.com/team"
SERVICES = ("api", "renderer", "scraper", "web")
IMAGES: dict[str, str | None] = {
    f"{REGISTRY}/splitflap/{each}:9.0.0-rc.1": f"sha256:{'0' * 64}" for each in SERVICES
}

#: The kinds that Artifact Hub knows.
KINDS = {"added", "changed", "deprecated", "removed", "fixed", "security"}


def package(folder: Path, tag: str = "9.0.0-rc.1") -> Path:
    """The chart's folder as published."""
    options = Options(ROOT, REGISTRY, tag, SOURCE, "c0ffee")
    return ChartPackage(options, Tools(folder)).write(folder, IMAGES)


def metadata(chart: Path) -> dict[str, Any]:
    """Chart.yaml, with the annotations of Artifact Hub read as YAML."""
    found: dict[str, Any] = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
    hub = "artifacthub.io/"
    for name, text in found["annotations"].items():
        assert isinstance(text, str)
        if name.startswith(hub):
            found[name.removeprefix(hub)] = yaml.safe_load(text)
    return found


def test_the_chart_in_the_tree_has_the_icon_of_the_page() -> None:
    """A data URL: the chart needs no web server for it."""
    icon = metadata(CHART)["icon"].removeprefix("data:image/svg+xml;base64,")
    assert base64.b64decode(icon) == (ROOT / "services/web/page/icon.svg").read_bytes()


def test_the_chart_in_the_tree_has_what_any_registry_shows() -> None:
    """What depends on a registry or a release comes with `make publish`."""
    found = metadata(CHART)
    assert found["home"].startswith("https://")
    assert all(each["name"] and each["url"] for each in found["maintainers"])
    assert found["license"] == "MIT"
    assert found["category"] == "streaming-messaging"


def test_a_published_chart_tells_artifact_hub_about_itself(tmp_path: Path) -> None:
    """Each annotation has the form that Artifact Hub reads."""
    found = metadata(package(tmp_path))
    assert (found["version"], found["appVersion"]) == ("9.0.0-rc.1", "9.0.0-rc.1")
    assert (found["home"], found["sources"], found["prerelease"]) == (SOURCE, [SOURCE], True)
    assert all(each["url"].startswith(f"{SOURCE}/blob/c0ffee/") for each in found["links"])
    assert {each["kind"] for each in found["changes"]} <= KINDS
    assert all(each["description"] for each in found["changes"])
    assert "](" not in found["annotations"]["artifacthub.io/changes"]
    assert found["containsSecurityUpdates"] is any(
        each["kind"] == "security" for each in found["changes"]
    )


def test_the_links_of_a_published_chart_lead_to_files(tmp_path: Path) -> None:
    """Those of its README too."""
    chart = package(tmp_path)
    text = (chart / "README.md").read_text(encoding="utf-8")
    urls = [each["url"] for each in metadata(chart)["links"]]
    urls += re.findall(r"\]\((https://git\.example\.com[^)]*)\)", text)
    assert "](../" not in text
    paths = {url.removeprefix(f"{SOURCE}/blob/c0ffee/").partition("#")[0] for url in urls}
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_a_published_chart_needs_no_registry(helm: Helm, tmp_path: Path) -> None:
    """Its default images are those of the annotation."""
    chart = package(tmp_path)
    values = yaml.safe_load((CHART / "values-dev.yaml").read_text(encoding="utf-8"))
    del values["image"]
    text = helm.run("template", "r", str(chart), "-f", helm.write(values))
    used = set(re.findall(rf"{re.escape(REGISTRY)}/splitflap/\S+:9\.0\.0-rc\.1", text))
    assert used == set(IMAGES)
    named = metadata(chart)["images"]
    assert named == [
        {"name": name.split("/")[-1].partition(":")[0], "image": f"{name}@{digest}"}
        for name, digest in IMAGES.items()
    ]


@pytest.mark.parametrize(("tag", "first"), [("0.1.0", "An HTTP API"), ("0.2.0-rc.1", "")])
def test_a_published_chart_has_the_changes_of_its_version(tag: str, first: str) -> None:
    """A pre-release has those under "Unreleased"."""
    options = Options(ROOT, REGISTRY, tag, SOURCE, "c0ffee")
    changes = list(ChartPackage(options, Tools(ROOT)).changes())
    assert changes[0]["kind"] == "added"
    assert changes[0]["description"].startswith(first)
