"""The runner ends all of its processes with SIGTERM, as with Ctrl-C."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import descendants, gone, wait_until

ROOT = Path(__file__).parents[2]

#: The page site, the server, and a worker of it or the generator.
SEVERAL = 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda it: it.name)
def test_nothing_is_left(number: signal.Signals) -> None:
    """No server, no generator, no site."""
    command = [sys.executable, "-m", "benchmarks.talk", "--quick", "one_at_a_time"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as runner:
        try:
            wait_until(
                lambda: len(descendants(runner.pid)) >= SEVERAL, "the run to begin", timeout=30
            )
            family = descendants(runner.pid)
            runner.send_signal(number)
            _, told = runner.communicate(timeout=30)
        finally:
            runner.kill()
    assert runner.returncode == 128 + signal.SIGINT
    assert "talk: interrupted" in told
    wait_until(lambda: all(map(gone, family)), lambda: f"the end of {family}", timeout=10)
