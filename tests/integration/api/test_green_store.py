"""The database under green threads, in a process that is patched."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("green_store.py")


@pytest.mark.servers
def test_an_answer_that_does_not_come_in_time_spoils_nothing(postgres_database: str) -> None:
    """Who waited is told so, and the pool's only connection is replaced."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), postgres_database],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
