"""The module with eventlet, and its place among the imports."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]


def test_only_one_module_imports_eventlet() -> None:
    """That module sets eventlet's environment variables first."""
    package = ROOT / "services" / "scraper" / "splitflap_scraper"
    imports = {
        path.name
        for path in package.rglob("*.py")
        if any("import eventlet" in line for line in path.read_text(encoding="utf-8").splitlines())
    }
    assert imports == {"green.py"}


def test_the_patch_comes_before_other_imports() -> None:
    """Other modules would keep blocking calls."""
    code = (
        "import sys\n"
        "from splitflap_scraper.process import green\n"
        "early = {'kombu', 'amqp', 'splitflap_core', 'selectolax'} & sys.modules.keys()\n"
        "assert not early, early\n"
        "import splitflap_scraper.__main__ as main\n"
        "import socket, threading, eventlet.patcher as patcher\n"
        "assert patcher.is_monkey_patched('socket') and patcher.is_monkey_patched('thread')\n"
        "assert socket.getaddrinfo is green.getaddrinfo\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
