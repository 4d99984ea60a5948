"""The hub under green threads. Each case runs in a process of its own (see green_hub.py)."""

import subprocess
import sys
from pathlib import Path

import pytest

CASES = {
    "green_hub.py": (
        "own_sockets_are_served_among_many_clients",
        "the_newest_clients_are_shed_without_free_slots",
        "reads_are_served_beside_requests_with_work",
        "a_short_burst_is_no_overload",
        "a_flood_of_one_account_sheds_its_own_clients",
        "a_reused_descriptor_is_no_client",
        "the_hub_refuses_only_an_awaited_request",
        "others_run_while_a_long_body_is_read",
        "silence_is_a_timeout",
        "accepting_continues_after_an_error",
    ),
    "green_waiters.py": (
        "wake_all_wakes_present_and_future_waits",
        "wake_all_ignores_a_killed_thread",
        "a_stopping_batcher_finishes_its_run",
        "an_idle_batcher_runs_inline",
        "an_inline_run_has_a_time_limit",
    ),
}


@pytest.mark.parametrize(
    ("script", "case"), [(script, case) for script, cases in CASES.items() for case in cases]
)
def test_hub(script: str, case: str) -> None:
    """The case in the script holds."""
    command = [sys.executable, str(Path(__file__).with_name(script)), case]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
