"""The page's source: its unit tests, its vendored files, and its lock."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[3] / "services/web"
VENDOR = WEB / "page/static/vendor"


def test_the_unit_tests_of_the_page_pass() -> None:
    """They run in Node.js, without packages."""
    node = shutil.which("node")
    if node is None:
        reason = "no Node.js; `make servers` installs it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    files = sorted(str(file) for file in WEB.glob("tests/**/*.test.js"))
    done = subprocess.run([node, "--test", *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_vendored_files_are_those_of_the_table() -> None:
    """A file that someone has changed, or added without a line, is found."""
    table = (VENDOR / "README.md").read_text("utf-8")
    hashes = dict(re.findall(r"^\| `([^`]+)` \|.*`([0-9a-f]{64})` \|$", table, re.MULTILINE))
    files = [file for file in VENDOR.rglob("*") if file.suffix in {".js", ".css"}]
    assert hashes == {
        str(file.relative_to(VENDOR)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }


def test_a_vendored_package_has_the_version_of_its_types() -> None:
    """The type checker reads the types of the npm packages, where package.json names them."""
    table = (VENDOR / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `[^`]+` \| (\S+) \| (\S+) \|", table, re.MULTILINE)
    pins = json.loads((WEB / "package.json").read_text("utf-8"))["devDependencies"]
    assert rows
    wrong = {(name, version) for name, version in rows if pins.get(name, version) != version}
    assert wrong == set()


def test_the_lock_names_no_registry() -> None:
    """Each machine installs from its own registry, and the hashes hold everywhere."""
    packages = json.loads((WEB / "package-lock.json").read_text("utf-8"))["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_html_has_no_code_of_its_own() -> None:
    """The Content-Security-Policy would refuse it."""
    for file in WEB.glob("page/*.html"):
        html = file.read_text("utf-8")
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html), file.name
