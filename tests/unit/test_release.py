"""`make release`, on a small tree."""

import importlib.util
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

TODAY = date(2026, 12, 24)

FILES = {
    "VERSION": "0.1.0\n",
    "CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n\n### Added\n- A thing.\n\n"
    "## [0.1.0] - 2026-11-24\n\n- All.\n",
    "docs/upgrading.md": "# Upgrading\n\n## Unreleased\nDo this.\n\n## 0.1.0\nFirst.\n",
    "pyproject.toml": '[project]\nname = "all"\nversion = "0.1.0"\n',
    "services/api/pyproject.toml": '[project]\nversion = "0.1.0"\n',
    "charts/splitflap/Chart.yaml": 'version: "0.1.0"\nappVersion: "0.1.0"\n',
}


def load_script() -> ModuleType:
    """The script, which is in no package."""
    path = Path(__file__).parents[2] / ".ci" / "release.py"
    spec = importlib.util.spec_from_file_location("release", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = load_script()


def git(tree: Path, *arguments: str) -> str:
    """The output of git."""
    done = subprocess.run(["git", *arguments], cwd=tree, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "a@example.com")
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "First")
    return tmp_path


def release(tree: Path, version: str) -> None:
    """Release without a lock file: `true` takes the place of uv."""
    SCRIPT.release(tree, version, TODAY, "true")


def test_a_release_writes_the_version_to_all_files(tree: Path) -> None:
    """A release writes the version to all files."""
    release(tree, "0.2.0")
    assert (tree / "VERSION").read_text(encoding="ascii") == "0.2.0\n"
    for name in ("pyproject.toml", "services/api/pyproject.toml"):
        assert 'version = "0.2.0"\n' in (tree / name).read_text(encoding="utf-8")
    chart = (tree / "charts/splitflap/Chart.yaml").read_text(encoding="utf-8")
    assert chart == 'version: "0.2.0"\nappVersion: "0.2.0"\n'


def test_a_release_dates_the_changes(tree: Path) -> None:
    """The section Unreleased stays, empty, for the next changes."""
    release(tree, "0.2.0")
    assert (tree / "CHANGELOG.md").read_text(encoding="utf-8") == (
        "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-12-24\n\n### Added\n- A thing.\n\n"
        "## [0.1.0] - 2026-11-24\n\n- All.\n"
    )


def test_a_release_names_its_upgrade_notes(tree: Path) -> None:
    """A later release without notes changes none."""
    release(tree, "0.2.0")
    notes = tree / "docs/upgrading.md"
    named = "# Upgrading\n\n## 0.2.0\nDo this.\n\n## 0.1.0\nFirst.\n"
    assert notes.read_text(encoding="utf-8") == named


def test_a_release_is_a_tagged_commit(tree: Path) -> None:
    """Nothing is left uncommitted."""
    release(tree, "0.2.0")
    assert git(tree, "log", "-1", "--format=%s").strip() == "Release 0.2.0"
    assert git(tree, "describe").strip() == "v0.2.0"
    assert git(tree, "status", "--porcelain") == ""


def test_a_dirty_tree_is_refused(tree: Path) -> None:
    """An untracked file counts as well. No file is changed."""
    (tree / "new").touch()
    with pytest.raises(SCRIPT.ReleaseError, match="dirty"):
        release(tree, "0.2.0")
    assert (tree / "VERSION").read_text(encoding="ascii") == "0.1.0\n"


@pytest.mark.parametrize("version", ["", "1.2", "v1.2.3", "1.2.3-rc1", "01.2.3", "0.1.0", "0.0.9"])
def test_a_wrong_version_is_refused(tree: Path, version: str) -> None:
    """It has another form, or is not above the current one."""
    with pytest.raises(SCRIPT.ReleaseError):
        release(tree, version)
    assert git(tree, "status", "--porcelain") == ""


def test_a_release_needs_changes(tree: Path) -> None:
    """A release needs changes."""
    release(tree, "0.2.0")
    with pytest.raises(SCRIPT.ReleaseError, match="no changes"):
        release(tree, "0.3.0")
    assert git(tree, "status", "--porcelain") == ""


def test_the_script_covers_each_pyproject() -> None:
    """A new member of the workspace needs a line in COPIES."""
    root = Path(__file__).parents[2]
    covered = {path for pattern in SCRIPT.COPIES for path in root.glob(pattern)}
    assert set(root.glob("*/pyproject.toml")) <= covered
    assert set(root.glob("*/*/pyproject.toml")) <= covered


def test_the_script_says_what_is_wrong() -> None:
    """One line, and the exit status 1."""
    script = Path(__file__).parents[2] / ".ci" / "release.py"
    done = subprocess.run(
        [sys.executable, script, "1.2"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "release: '1.2' is not a version; give one as VERSION=1.2.3\n"
