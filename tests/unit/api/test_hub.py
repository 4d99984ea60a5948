"""Green threads' hub and waiting room, each case in a process that is patched."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("green_hub.py")


@pytest.mark.parametrize(
    "case",
    [
        "who_waits_is_served_among_a_crowd",
        "the_last_are_turned_away_where_there_is_no_room",
        "looks_come_first",
        "a_burst_after_a_calm_is_no_crowd",
        "a_number_used_again_is_nobodys_client",
        "silence_is_a_timeout",
        "a_waiting_room_lets_go_who_waits_and_who_comes_later",
        "who_was_killed_is_left_alone",
        "a_stop_lets_a_run_finish",
        "who_asks_alone_is_answered_in_his_own_turn",
        "an_accept_that_fails_is_not_the_last",
        "who_asks_alone_waits_no_longer_than_others",
    ],
)
def test_hub(case: str) -> None:
    """The case's own asserts hold."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), case], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
