"""The programs of docs/clients.md and of the Python client's README, run as written there."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.fixtures import or_skip
from tests.servers.process import find_binary
from tests.system.conftest import only
from tests.system.rig.stack import ADMIN, Stack

pytestmark = only("embedded")

ROOT = Path(__file__).parents[3]

#: Seconds for one program; Go compiles its standard library at first.
TIMEOUT = 120

#: What each program prints.
OUTPUT = '<p dir="auto">Hello <strong>world</strong></p>\naccepted\nrendered\ndone\n'


def program(page: str, language: str) -> str:
    """The first block of a language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(blocks[0])


def python(folder: Path) -> list[str]:
    """The interpreter of the tests."""
    return [sys.executable, str(folder / "main.python")]


def node(folder: Path) -> list[str]:
    """A module: it awaits at its top."""
    module = (folder / "main.js").rename(folder / "main.mjs")
    return [find_binary("node"), str(module)]


def go(folder: Path) -> list[str]:
    """Compiles and runs it."""
    return [find_binary("go", Path("/usr/local/go/bin")), "run", str(folder / "main.go")]


PROGRAMS = {
    "README": ("clients/python/README.md", "python", python),
    "python": ("docs/clients.md", "python", python),
    "js": ("docs/clients.md", "js", node),
    "go": ("docs/clients.md", "go", go),
}


@pytest.mark.parametrize(("page", "language", "command"), PROGRAMS.values(), ids=list(PROGRAMS))
def test_a_documented_program_posts_and_follows(
    stack: Stack, tmp_path: Path, page: str, language: str, command: Callable[[Path], list[str]]
) -> None:
    """It creates a post, waits for its HTML, and reads the post's events."""
    (tmp_path / f"main.{language}").write_text(program(page, language), encoding="utf-8")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GO111MODULE": "off",
        "SPLITFLAP_URL": stack.url(),
        "SPLITFLAP_KEY": ADMIN,
    }
    done = subprocess.run(
        or_skip(lambda: command(tmp_path)),
        env=environ,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.stdout == OUTPUT, done.stderr
