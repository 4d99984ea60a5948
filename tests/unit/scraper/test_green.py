"""The same on green threads: a patched pytest in a process of its own, as patching is for good."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]

#: What the service's __main__ does first; then pytest.
PATCHED = (
    "from splitflap_scraper.process import green; green.patch()\n"
    "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"
)


@pytest.mark.parametrize(
    "name",
    [
        "test_fetch.py",
        "test_fetch_addresses.py",
        "test_fetch_redirects.py",
        "test_fetch_limits.py",
        "test_connections.py",
        "test_kindness.py",
        "green_fetch.py",
        "green_pool.py",
        "green_hostile.py",
        "green_lag.py",
    ],
)
def test_on_green_threads(name: str) -> None:
    """All tests of the file pass, none is skipped for want of green threads."""
    options = ["-p", "no:cacheprovider", "-o", "addopts=--strict-markers"]
    run = subprocess.run(
        [sys.executable, "-c", PATCHED, *options, str(HERE / name)],
        cwd=ROOT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_only_one_module_imports_eventlet() -> None:
    """And it sets what eventlet reads at its import before that."""
    package = ROOT / "services" / "scraper" / "splitflap_scraper"
    imports = {
        path.name
        for path in package.rglob("*.py")
        if any("import eventlet" in line for line in path.read_text(encoding="utf-8").splitlines())
    }
    assert imports == {"green.py"}


def test_the_patch_comes_first() -> None:
    """When the service is imported, nothing that could keep what blocks was imported before."""
    code = (
        "import sys\n"
        "from splitflap_scraper.process import green\n"
        "early = {'kombu', 'amqp', 'splitflap_core', 'selectolax'} & sys.modules.keys()\n"
        "assert not early, early\n"
        "import splitflap_scraper.__main__ as main\n"
        "import socket, threading, eventlet.patcher as patcher\n"
        "assert patcher.is_monkey_patched('socket') and patcher.is_monkey_patched('thread')\n"
        "assert socket.getaddrinfo is green._getaddrinfo\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
