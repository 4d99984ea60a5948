"""The database under green threads. green_store.py runs in a process of its own: it patches."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("green_store.py")


@pytest.mark.servers
def test_a_late_answer_costs_only_its_connection(postgres_database: str) -> None:
    """The caller gets TimeoutError, and the pool replaces its only connection."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), postgres_database],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
