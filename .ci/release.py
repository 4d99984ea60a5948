# ruff: noqa: INP001, S603, S607 - a script; its programs are git and the Makefile's uv
"""Make a release: `make release VERSION=1.2.3`.

The file VERSION is the source of the version. The other files are copies, since their formats
need a literal: each pyproject.toml, uv.lock and the chart. The script writes them all, dates the
changelog's "Unreleased" section, names that of docs/upgrading.md, commits, and tags the commit. It
never pushes: `make publish` follows.
"""

import argparse
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

VERSION_FILE = "VERSION"

CHANGELOG = "CHANGELOG.md"

#: What to do at an upgrade. A release without such a section needs nothing.
UPGRADING = "docs/upgrading.md"

#: Heading of the changes since the last release.
UNRELEASED = "## [Unreleased]\n"

#: Files with a copy of the version, as glob patterns, and the pattern of their lines.
COPIES = {
    "pyproject.toml": r'^(version = )"[^"]*"$',
    "asyncrequest/pyproject.toml": r'^(version = )"[^"]*"$',
    "clients/*/pyproject.toml": r'^(version = )"[^"]*"$',
    "core/pyproject.toml": r'^(version = )"[^"]*"$',
    "ops/pyproject.toml": r'^(version = )"[^"]*"$',
    "services/*/pyproject.toml": r'^(version = )"[^"]*"$',
    "charts/splitflap/Chart.yaml": r'^(version: |appVersion: )"[^"]*"$',
}

#: A version of Semantic Versioning, without a pre-release part.
SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class ReleaseError(Exception):
    """The release cannot be made; the message gives the reason."""


def release(root: Path, version: str, day: date, uv: str) -> None:
    """Write the version to all files below `root`, then commit and tag them.

    Raises:
        ReleaseError: the version is wrong, the tree is dirty, or there are no changes to release.
        subprocess.CalledProcessError: uv or git failed. `git restore .` undoes the edits.
    """
    check_version(version, read_version(root))
    _check_tree(root, version)
    changelog = root / CHANGELOG
    dated = date_changes(changelog.read_text(encoding="utf-8"), version, day)
    changelog.write_text(dated, encoding="utf-8")
    notes = root / UPGRADING
    named = notes.read_text(encoding="utf-8").replace("\n## Unreleased\n", f"\n## {version}\n")
    notes.write_text(named, encoding="utf-8")
    write_version(root, version)
    subprocess.run([uv, "lock"], cwd=root, check=True)
    _git(root, "commit", "--quiet", "--all", "--message", f"Release {version}")
    _git(root, "tag", "--annotate", f"v{version}", "--message", f"Splitflap {version}")


def read_version(root: Path) -> str:
    """The current version."""
    return (root / VERSION_FILE).read_text(encoding="ascii").strip()


def check_version(new: str, current: str) -> None:
    """Check the form and the order of a new version.

    Raises:
        ReleaseError: gives the reason.
    """
    if not SEMANTIC.fullmatch(new):
        raise ReleaseError(f"{new!r} is not a version; give one as VERSION=1.2.3")
    if _numbers(new) <= _numbers(current):
        raise ReleaseError(f"{new} is not above the current version {current}")


def write_version(root: Path, version: str) -> None:
    """Write the version to VERSION and to all copies, except uv.lock.

    Raises:
        ReleaseError: a file has no line for the version.
    """
    (root / VERSION_FILE).write_text(f"{version}\n", encoding="ascii")
    for pattern, line in COPIES.items():
        for path in sorted(root.glob(pattern)):
            text = path.read_text(encoding="utf-8")
            text, count = re.subn(line, rf'\g<1>"{version}"', text, flags=re.MULTILINE)
            if not count:
                raise ReleaseError(f"{path}: no line has the version")
            path.write_text(text, encoding="utf-8")


def date_changes(changelog: str, version: str, day: date) -> str:
    """The changelog with its unreleased changes under a heading of the version.

    Raises:
        ReleaseError: there is no such section, or it is empty.
    """
    _, heading, after = changelog.partition(UNRELEASED)
    if not heading:
        raise ReleaseError(f"{CHANGELOG}: no line {UNRELEASED.strip()!r}")
    changes = after.partition("\n## ")[0]
    if not changes.strip():
        raise ReleaseError(f"{CHANGELOG}: no changes under {UNRELEASED.strip()!r}")
    return changelog.replace(UNRELEASED, f"{UNRELEASED}\n## [{version}] - {day}\n", 1)


def _check_tree(root: Path, version: str) -> None:
    changed = _git(root, "status", "--porcelain")
    if changed:
        raise ReleaseError(f"the tree is dirty; commit or stash first:\n{changed.rstrip()}")
    if _git(root, "tag", "--list", f"v{version}"):
        raise ReleaseError(f"the tag v{version} exists")


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=root, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("version", help="the new version, as 1.2.3")
    parser.add_argument("--uv", default="uv", help="the program uv")
    arguments = parser.parse_args()
    today = datetime.now(UTC).date()
    try:
        release(Path(__file__).parents[1], arguments.version, today, arguments.uv)
    except ReleaseError as error:
        sys.exit(f"release: {error}")
    sys.stdout.write(f"tagged v{arguments.version}; push the commit and the tag to publish it\n")


if __name__ == "__main__":
    main()
