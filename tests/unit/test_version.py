"""All files have the version of the file VERSION. `make release` writes them."""

import tomllib
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import pytest
import yaml
from splitflap_api import __version__

ROOT = Path(__file__).parents[2]

VERSION = (ROOT / "VERSION").read_text(encoding="ascii").strip()

MEMBERS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("pyproject.toml", "*/pyproject.toml", "*/*/pyproject.toml")
    for path in ROOT.glob(pattern)
)


def read_toml(path: str) -> dict[str, Any]:
    """A TOML file of the workspace."""
    return tomllib.loads((ROOT / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MEMBERS)
def test_a_pyproject_has_the_version(path: str) -> None:
    """Each pyproject has the version."""
    assert read_toml(path)["project"]["version"] == VERSION


def test_the_lock_has_the_version_of_each_member() -> None:
    """The lock has the version of each member."""
    members = {read_toml(path)["project"]["name"] for path in MEMBERS}
    locked = {each["name"]: each["version"] for each in read_toml("uv.lock")["package"]}
    assert {name: locked[name] for name in members} == dict.fromkeys(members, VERSION)


def test_the_chart_has_the_version() -> None:
    """The chart's version, and the default tag of its images."""
    chart = yaml.safe_load((ROOT / "charts/splitflap/Chart.yaml").read_text(encoding="utf-8"))
    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)


def test_the_changelog_has_a_section_of_the_version() -> None:
    """The changelog has a section of the version."""
    assert f"\n## [{VERSION}] - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_installed_packages_have_the_version() -> None:
    """If this fails after a release, `make dev` installs the packages anew."""
    names = [read_toml(path)["project"]["name"] for path in MEMBERS if path != "pyproject.toml"]
    assert {installed_version(name) for name in names} == {VERSION}
    assert __version__ == VERSION


@pytest.mark.parametrize("service", ["api", "renderer", "scraper"])
def test_a_dockerfile_has_no_version_of_its_own(service: str) -> None:
    """`make images` gives the version as an argument."""
    text = (ROOT / "services" / service / "Dockerfile").read_text(encoding="utf-8")
    assert "ARG VERSION=unknown\n" in text
    assert "--build-arg VERSION=$$(cat VERSION)" in (ROOT / "Makefile").read_text(encoding="utf-8")
