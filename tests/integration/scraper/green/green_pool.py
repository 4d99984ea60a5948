"""The pool of green threads. Run by test_green, patched."""

import logging
import time
from collections.abc import Callable

import msgspec
import pytest
from splitflap_core.contracts import Job, ScrapeRequest
from splitflap_core.outcomes import Done, Failed, Outcome, SlowDown
from splitflap_scraper.process import pool as pool_module
from splitflap_scraper.process.pool import GreenPool

from tests.support import wait_until

DONE = Done(msgspec.Raw(b"{}"))


class Rig:
    """A pool, and what it said of the jobs that were submitted."""

    def __init__(self, handle: Callable[[str], Outcome], slots: int = 2, ahead: int = 1) -> None:
        self.began: list[str] = []
        self.outcomes: dict[str, tuple[Outcome | None, float]] = {}

        def handler(job: Job, _request: ScrapeRequest) -> Outcome:
            self.began.append(job.id)
            return handle(job.id)

        self.pool = GreenPool(slots, ahead, 0.1, handler)
        self.pool.start()

    def submit(self, name: str) -> None:
        """Submit a job; a second outcome for the same one fails the test."""

        def finish(outcome: Outcome | None, took: float) -> None:
            assert name not in self.outcomes
            self.outcomes[name] = (outcome, took)

        job = Job(name, "scrape", 1, time.time(), msgspec.Raw(b"{}"))
        self.pool.submit(job, ScrapeRequest("http://a.test/"), finish)


def slow(_name: str) -> Outcome:
    """A page that takes its time."""
    time.sleep(0.2)
    return DONE


def test_submit_does_not_wait() -> None:
    """As many as there are slots run, one more waits, and the next is refused with a pause."""
    rig = Rig(slow)
    for name in "abc":
        rig.submit(name)
    with pytest.raises(SlowDown) as refused:
        rig.submit("d")
    assert refused.value.after == 1.0
    assert rig.began == []
    wait_until(lambda: len(rig.outcomes) == 3)
    assert rig.began == ["a", "b", "c"]
    assert rig.pool.slots == 2


def test_took_is_the_time_in_the_slot() -> None:
    """Waiting for a slot is not counted."""
    rig = Rig(slow, slots=1)
    began = time.monotonic()
    rig.submit("a")
    rig.submit("b")
    wait_until(lambda: len(rig.outcomes) == 2)
    elapsed = time.monotonic() - began
    assert all(took > 0.15 for _, took in rig.outcomes.values())
    assert sum(took for _, took in rig.outcomes.values()) <= elapsed


def test_a_bug_fails_its_job_alone(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a handler raises is logged with its place; the slot goes on."""

    def handle(name: str) -> Outcome:
        if name == "bug":
            raise ZeroDivisionError
        return DONE

    rig = Rig(handle, slots=1)
    with caplog.at_level(logging.ERROR):
        rig.submit("bug")
        rig.submit("next")
        wait_until(lambda: len(rig.outcomes) == 2)
    assert rig.outcomes["bug"][0] == Failed("broken", "ZeroDivisionError", 3600.0)
    assert rig.outcomes["next"][0] == DONE
    assert "ZeroDivisionError" in caplog.text


def test_stop_finishes_what_runs() -> None:
    """What waits is given back; nothing is taken any more."""
    rig = Rig(slow)
    for name in "abc":
        rig.submit(name)
    wait_until(lambda: len(rig.began) == 2)
    rig.pool.stop(5)
    assert rig.outcomes["a"][0] == rig.outcomes["b"][0] == DONE
    assert rig.outcomes["c"] == (None, 0.0)
    assert rig.began == ["a", "b"]
    with pytest.raises(SlowDown):
        rig.submit("late")


def test_stop_gives_up_after_its_timeout() -> None:
    """What still runs is killed where it waits, its `finally` run, and given back once."""
    cleaned = []

    def handle(name: str) -> Outcome:
        try:
            time.sleep(60)
        finally:
            cleaned.append(name)
        return DONE

    rig = Rig(handle)
    for name in "abc":
        rig.submit(name)
    wait_until(lambda: len(rig.began) == 2)
    began = time.monotonic()
    rig.pool.stop(0.1)
    assert time.monotonic() - began < 2
    assert sorted(cleaned) == ["a", "b"]
    assert rig.outcomes == dict.fromkeys("cab", (None, 0.0))


def test_stop_before_anything_ran() -> None:
    """A thread that had no turn yet gives its job back too."""
    rig = Rig(slow)
    rig.submit("a")
    rig.pool.stop(0)
    assert rig.outcomes == {"a": (None, 0.0)}
    assert rig.began == []


def test_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that outlives its deadline by far means that the process should be restarted."""
    rig = Rig(slow)
    assert rig.pool.alive() is None
    rig.submit("a")
    monkeypatch.setattr(pool_module, "STUCK_AFTER", -1.0)
    complaint = rig.pool.alive()
    assert complaint is not None
    assert "being fetched" in complaint
    wait_until(lambda: bool(rig.outcomes))
    monkeypatch.setattr(pool_module, "STUCK_AFTER", 30.0)
    assert rig.pool.alive() is None
