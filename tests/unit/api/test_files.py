"""The limit of open files bounds the connections.

Each case runs in a process of its own, because it lowers the limits of its process.
"""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("hard", "expected"), [(4096, "1000 4096"), (600, f"{600 - 200} 600"), (100, "1 100")]
)
def test_connections_are_no_more_than_files(hard: int, expected: str) -> None:
    """Some files are left for broker and database. The soft limit is raised to the hard one."""
    code = (
        "import resource\n"
        "from splitflap_api.server.application import affordable_connections\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, (64, {hard}))\n"
        "print(affordable_connections(1000), resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == expected
    assert ("MAX_CONNECTIONS" in done.stderr) == (hard < 1200)
