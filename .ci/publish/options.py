"""What to publish, from which commit, and where."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from release import SEMANTIC, read_version

from .tools import PublishError

__all__ = ["UNRELEASED", "Options", "read_version", "revision_of", "source_of", "tag_of"]

UNRELEASED = "## [Unreleased]"

_PRE_RELEASE = re.compile(r"[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*")


@dataclass(frozen=True)
class Options:
    """What to publish, and where."""

    root: Path
    registry: str
    tag: str
    source: str
    revision: str
    services: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    builder: str = ""
    build_flags: tuple[str, ...] = ()
    bases: dict[str, str] | None = None
    pin: bool = True


def revision_of(root: Path) -> str:
    """The commit."""
    return _git(root, "rev-parse", "HEAD")


def tag_of(root: Path, tag: str) -> str:
    """The tag to publish: given, or the version that the commit releases.

    Raises:
        PublishError: the tree is dirty, or the tag does not belong to this commit.
    """
    if _git(root, "status", "--porcelain"):
        raise PublishError("commit or stash your changes")
    version = read_version(root)
    tag = tag or version
    base, _, pre_release = tag.partition("-")
    if SEMANTIC.fullmatch(base) and _PRE_RELEASE.fullmatch(pre_release):
        return tag
    if tag == version and f"v{version}" in _git(root, "tag", "--points-at", "HEAD").split():
        return tag
    raise PublishError(
        f"this commit is not the release {tag}: check out the tag v{version} (`make release` "
        f"makes it), or give a pre-release, as TAG={version}-rc.1"
    )


def source_of(root: Path, source: str) -> str:
    """The address of the repository: given, or that of the remote `origin`.

    Raises:
        PublishError: there is none that a browser can open.
    """
    remote = _git(root, "config", "--default", "", "--get", "remote.origin.url")
    found = source or re.sub(r"^(ssh://)?git@([^:/]+)[:/]", r"https://\2/", remote)
    found = found.removesuffix("/").removesuffix(".git")
    if not re.fullmatch(r"https://[^@\s]+", found):
        raise PublishError("give the address of the repository, as SOURCE=https://example.com/a/b")
    return found


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()
