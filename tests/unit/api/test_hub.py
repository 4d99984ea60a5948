"""The hub under green threads: client gate, waiters, batcher, accepting (see green_hub.py)."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("green_hub.py")


@pytest.mark.parametrize(
    "case",
    [
        "own_sockets_are_served_among_many_clients",
        "the_newest_clients_are_shed_without_free_slots",
        "reads_are_served_beside_requests_with_work",
        "a_short_burst_is_no_overload",
        "a_reused_descriptor_is_no_client",
        "the_hub_refuses_only_an_awaited_request",
        "silence_is_a_timeout",
        "wake_all_wakes_present_and_future_waits",
        "wake_all_ignores_a_killed_thread",
        "a_stopping_batcher_finishes_its_run",
        "an_idle_batcher_runs_inline",
        "accepting_continues_after_an_error",
        "an_inline_run_has_a_time_limit",
    ],
)
def test_hub(case: str) -> None:
    """The case in green_hub.py holds."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), case], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
