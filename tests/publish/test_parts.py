"""The parts of `make publish` that need no registry and no program but git and Helm."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from publish import chart, options, provenance, tools

from tests.chart.helm import find_helm
from tests.servers.fixtures import or_skip

ROOT = Path(__file__).parents[2]

SOURCE = "https://git.example.com/team/splitflap"

REVISION = "0123456789012345678901234567890123456789"


def git(tree: Path, *arguments: str) -> None:
    """Run git in a tree."""
    author = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    subprocess.run(["git", "-C", str(tree), *author, *arguments], check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A committed tree of version 1.2.3."""
    (tmp_path / "VERSION").write_text("1.2.3\n", encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "All")
    return tmp_path


def test_a_release_is_published_from_its_tag_alone(tree: Path) -> None:
    """A pre-release may be any commit, and a tree with changes is none."""
    assert options.tag_of(tree, "1.2.3-rc.1") == "1.2.3-rc.1"
    for tag in ("", "1.2.3", "1.2.4", "latest", "1.2-rc.1", "1.2.3-", "1.2.3-a..b", "1.2.3-a b"):
        with pytest.raises(tools.PublishError, match="not the release"):
            options.tag_of(tree, tag)
    git(tree, "tag", "v1.2.3")
    assert options.tag_of(tree, "") == options.tag_of(tree, "1.2.3") == "1.2.3"
    (tree / "new").touch()
    with pytest.raises(tools.PublishError, match="commit or stash"):
        options.tag_of(tree, "")


@pytest.mark.parametrize(
    ("remote", "given", "found"),
    [
        ("git@git.example.com:team/splitflap.git", "", SOURCE),
        ("ssh://git@git.example.com/team/splitflap.git", "", SOURCE),
        (SOURCE + ".git", "", SOURCE),
        (SOURCE + "/", "", SOURCE),
        ("", SOURCE, SOURCE),
        ("git@elsewhere:x", SOURCE + ".git", SOURCE),
        ("", "", None),
        ("/srv/git/splitflap", "", None),
        ("https://user:secret@git.example.com/team/splitflap", "", None),
    ],
)
def test_the_source_is_an_address_without_a_password(
    tree: Path, remote: str, given: str, found: str | None
) -> None:
    """It stands in images and attestations."""
    if remote:
        git(tree, "remote", "add", "origin", remote)
    if found:
        assert options.source_of(tree, given) == found
    else:
        with pytest.raises(tools.PublishError, match="SOURCE="):
            options.source_of(tree, given)


def options_of(tag: str) -> options.Options:
    """Options for this repository."""
    return options.Options(ROOT, "registry.example.com/team", tag, SOURCE, REVISION)


@pytest.mark.parametrize("on_github", [True, False])
def test_provenance_names_commit_bases_and_builder(
    monkeypatch: pytest.MonkeyPatch, on_github: bool
) -> None:
    """A workflow names its run, a person's machine has none."""
    github = {
        "GITHUB_WORKFLOW_REF": "team/splitflap/.github/workflows/publish.yml@refs/tags/v1",
        "GITHUB_SERVER_URL": "https://git.example.com",
        "GITHUB_RUN_ID": "7",
        "GITHUB_RUN_ATTEMPT": "2",
    }
    for name, value in github.items():
        if on_github:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name, raising=False)
    bases = ["docker.io/library/python:3.11@sha256:abc", "docker.io/library/nginx:1"]
    made = provenance.provenance(options_of("1.2.3"), "api", bases)
    assert made["buildDefinition"]["resolvedDependencies"] == [
        {"uri": f"git+{SOURCE}", "digest": {"gitCommit": REVISION}},
        {"uri": "oci://docker.io/library/python:3.11", "digest": {"sha256": "abc"}},
        {"uri": "oci://docker.io/library/nginx:1"},
    ]
    details = made["runDetails"]
    assert details["builder"]["id"].startswith("https://git.example.com/team/splitflap")
    expected = f"{SOURCE}/actions/runs/7/attempts/2" if on_github else ""
    assert details["metadata"]["invocationId"] == expected


def test_the_chart_is_packaged_for_its_registry(tmp_path: Path) -> None:
    """Helm accepts it, with the images' digests and the changes that are not released."""
    helm = or_skip(find_helm)
    package = chart.ChartPackage(options_of("1.2.3-rc.1"), tools.Tools(tmp_path))
    image = "registry.example.com/team/splitflap/api:1.2.3-rc.1"
    folder = package.write(tmp_path, {image: "sha256:abc"})
    metadata = yaml.safe_load((folder / "Chart.yaml").read_text(encoding="utf-8"))
    assert (metadata["version"], metadata["appVersion"]) == ("1.2.3-rc.1", "1.2.3-rc.1")
    notes = metadata["annotations"]
    assert notes["artifacthub.io/prerelease"] == "true"
    assert yaml.safe_load(notes["artifacthub.io/images"]) == [
        {"name": "api", "image": f"{image}@sha256:abc"}
    ]
    kinds = {each["kind"] for each in yaml.safe_load(notes["artifacthub.io/changes"])}
    assert {"added", "changed"} <= kinds
    values = yaml.safe_load((folder / "values.yaml").read_text(encoding="utf-8"))
    assert values["image"]["registry"] == "registry.example.com/team"
    assert "](../../" not in (folder / "README.md").read_text(encoding="utf-8")
    subprocess.run(
        [helm, "package", str(folder), "-d", str(tmp_path)], check=True, capture_output=True
    )
    assert (tmp_path / "splitflap-1.2.3-rc.1.tgz").exists()


def test_a_version_without_a_section_of_changes_is_refused() -> None:
    """Its users would not know what is new."""
    package = chart.ChartPackage(options_of("98.7.6"), tools.Tools(ROOT))
    with pytest.raises(tools.PublishError, match="no section"):
        list(package.changes())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--registry", ""), "REGISTRY="),
        (("--registry", "localhost"), "REGISTRY="),
        (("--registry", "r.example", "--no-tlog"), "TLOG=no needs COSIGN_KEY"),
    ],
)
def test_a_wrong_option_is_refused_by_its_name(arguments: tuple[str, ...], said: str) -> None:
    """Before anything is built or pushed."""
    done = subprocess.run(
        [sys.executable, "-m", "publish", "--root", str(ROOT), *arguments],
        cwd=ROOT / ".ci",
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert said in done.stderr
