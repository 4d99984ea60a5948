"""A registry, a tree with a release, and `make publish` on it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.fixtures import or_skip
from tests.servers.process import MissingBinary, find_binary
from tests.servers.registry import Registry

ROOT = Path(__file__).parents[2]

TREE = ("VERSION", "CHANGELOG.md", "LICENSE", "charts/splitflap", "services/api/Dockerfile")


@dataclass(frozen=True)
class Site:
    """A tree, a registry and a key."""

    folder: Path
    registry: str

    @property
    def tree(self) -> Path:
        """The repository."""
        return self.folder / "tree"

    def environ(self) -> dict[str, str]:
        """The environment of the programs. HOME is empty: nobody is logged in."""
        path = f"{ROOT / '.tools'}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": path, "HOME": str(self.folder), "COSIGN_PASSWORD": "tests"}
        return {**own, "PYTHONPATH": str(ROOT / ".ci"), "BUILDS": str(self.folder / "builds")}

    def run(self, *command: str) -> str:
        """The output of a program.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        done = subprocess.run(
            command,
            cwd=self.tree,
            env=self.environ(),
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise subprocess.CalledProcessError(
                done.returncode, command, done.stdout, done.stderr[-3000:]
            )
        return done.stdout

    def publish(self, tag: str = "1.2.3-rc.1", *options: str, registry: str = "") -> str:
        """Publish the image of one service, and the chart."""
        return self.run(
            *(sys.executable, "-m", "publish", "--root", str(self.tree), "--tag", tag),
            *("--registry", f"{registry or self.registry}/team", "--services", "api"),
            *("--source", "https://git.example.com/team/splitflap"),
            *("--builder", str(Path(__file__).with_name("builder.py"))),
            *("--key", str(self.folder / "cosign.key"), "--no-tlog"),
            *("--python-image", f"{self.registry}/base/python:3.11"),
            *options,
        )

    def builds(self) -> list[str]:
        """What the builder built."""
        path = self.folder / "builds"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def commit(self) -> None:
        """Commit the tree."""
        author = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        self.run("git", "add", ".")
        self.run("git", *author, "commit", "-q", "--allow-empty", "-m", "Change")


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    """A registry."""
    with or_skip(Registry) as server:
        yield server.address


@pytest.fixture
def site(tmp_path: Path, registry: str) -> Site:
    """A committed tree and a base image."""
    try:
        for name in ("helm", "crane", "cosign", "syft"):
            find_binary(name, ROOT / ".tools")
    except MissingBinary as error:
        # In CI too: to build them takes longer than all other tests.
        pytest.skip(f"{error}; `make test-publish` installs it")
    found = Site(tmp_path, registry)
    for name in TREE:
        source, target = ROOT / name, found.tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    found.run("git", "init", "-q")
    found.commit()
    (tmp_path / "base").write_text("base", encoding="utf-8")
    found.run("crane", "append", "-f", str(tmp_path / "base"), "-t", f"{registry}/base/python:3.11")
    found.run("cosign", "generate-key-pair", "--output-key-prefix", str(tmp_path / "cosign"))
    return found
