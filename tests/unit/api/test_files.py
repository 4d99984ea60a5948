"""As many connections as there may be open files, in a process whose limits are its own."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("hard", "expected"), [(4096, "1000 4096"), (600, f"{600 - 200} 600"), (100, "1 100")]
)
def test_connections_are_no_more_than_files(hard: int, expected: str) -> None:
    """Some are left for broker and database; the limit is raised as far as it can be."""
    code = (
        "import resource\n"
        "from splitflap_api.server.application import _connections\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, (64, {hard}))\n"
        "print(_connections(1000), resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == expected
    assert ("MAX_CONNECTIONS" in done.stderr) == (hard < 1200)
