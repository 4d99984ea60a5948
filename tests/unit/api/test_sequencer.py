"""The sequencer numbers soon after commits, and tells streams afterwards."""

from collections.abc import Iterator, Sequence

import pytest
from splitflap_api.loops.announcer import Announcer
from splitflap_api.loops.sequencer import NUMBER_EVERY, Sequencer
from splitflap_api.store.outbox import LIMIT, Pass

from tests.support import wait_until

#: Longest stop in seconds.
STOP = 5.0

BUSY = Pass(has_lock=False)
EMPTY = Pass(has_lock=True)


class Numbering:
    """Makes these passes in turn, then empty ones. Notes them, and calls of `on_numbered`."""

    def __init__(self, *passes: Pass) -> None:
        self.log: list[str] = []
        self._passes: Iterator[Pass] = iter(passes)
        self.sequencer = Sequencer(self._number, lambda: self.log.append("told"))

    def run(self, iterations: int, *, woken: bool = True) -> list[str]:
        """Run iterations in this thread. A wake-up begins the first one."""
        for _ in range(iterations):
            self.sequencer.woken, woken = woken, False
            self.sequencer.run_once()
        return self.log

    def _number(self) -> Pass:
        made = next(self._passes, EMPTY)
        self.log.append(f"numbered {made.numbered}" if made.has_lock else "busy")
        return made


def test_streams_are_told_after_the_numbering() -> None:
    """An earlier wake-up would find no event."""
    assert Numbering(Pass(True, 3)).run(1) == ["numbered 3", "told"]


def test_a_commit_without_events_left_is_told_of() -> None:
    """Another sequencer has numbered them, or other replicas wait for the end of a task."""
    assert Numbering(EMPTY).run(1) == ["numbered 0", "told"]


def test_an_idle_pass_tells_nobody() -> None:
    """Without a wake-up and without events nothing has changed."""
    assert Numbering(EMPTY).run(1, woken=False) == ["numbered 0"]


def test_events_of_a_dead_replica_are_told_of() -> None:
    """A pass without a wake-up finds them."""
    assert Numbering(Pass(True, 1)).run(1, woken=False) == ["numbered 1", "told"]


def test_a_pass_after_a_busy_one_answers_its_wake_up() -> None:
    """The busy pass may not have seen the commit."""
    assert Numbering(BUSY, BUSY, EMPTY).run(3) == ["busy", "busy", "numbered 0", "told"]


def eventually(log: Sequence[str], *expected: str) -> None:
    """Wait until the log begins with these entries."""
    wait_until(lambda: list(log[: len(expected)]) == list(expected), lambda: str(log), STOP)


def test_a_busy_or_full_pass_is_repeated_without_a_wake_up() -> None:
    """Both leave events without ids."""
    numbering = Numbering(BUSY, Pass(True, LIMIT), Pass(True, 1))
    numbering.sequencer.start()
    numbering.sequencer.wake()
    try:
        eventually(numbering.log, "busy", f"numbered {LIMIT}", "told", "numbered 1", "told")
    finally:
        numbering.sequencer.stop(STOP)


def test_a_failure_is_followed_by_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outage after a busy pass makes no busy loop. The wake-up is answered after it."""
    numbering = Numbering(BUSY)
    numbering.run(1)

    def fail() -> Pass:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(numbering.sequencer, "_number_first", fail)
        numbering.run(1, woken=False)
    pause = numbering.sequencer._pause
    assert pause
    assert pause() == NUMBER_EVERY
    assert numbering.run(1, woken=False) == ["busy", "numbered 0", "told"]


def test_a_stop_numbers_the_last_commits() -> None:
    """Nobody may number them before the next start."""
    numbering = Numbering(Pass(True, 2))
    numbering.sequencer.start()
    numbering.sequencer.stop(STOP)
    assert numbering.log == ["numbered 2", "told"]


def test_waiting_requests_do_not_wait_for_the_numbering() -> None:
    """The end of their task is in the commit itself."""
    log: list[str] = []
    announcer = Announcer(
        None,  # type: ignore[arg-type]  # publishes nothing
        None,  # type: ignore[arg-type]  # nobody joins
        lambda: log.append("requests"),
        lambda: log.append("sequencer"),
    )
    announcer.changed()
    assert log == ["requests", "sequencer"]
