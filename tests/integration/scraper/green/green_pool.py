"""The pool of green threads. test_green runs the file."""

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


class PoolRig:
    """A pool, and the outcomes of its jobs."""

    def __init__(self, handle: Callable[[str], Outcome], slots: int = 2, ahead: int = 1) -> None:
        self.began: list[str] = []
        #: The reported begins, and how many jobs had begun before each.
        self.reported: list[tuple[str, int]] = []
        self.outcomes: dict[str, tuple[Outcome | None, float]] = {}

        def handler(job: Job, _request: ScrapeRequest) -> Outcome:
            self.began.append(job.id)
            return handle(job.id)

        self.pool = GreenPool(slots, ahead, 0.1, handler, express_slots=1)
        self.pool.start()

    def submit(self, name: str, *, came_back: bool = False, express: bool = False) -> None:
        """Submit a job. A second outcome for it fails the test."""

        def finish(outcome: Outcome | None, took: float) -> None:
            assert name not in self.outcomes
            self.outcomes[name] = (outcome, took)

        def begin() -> None:
            self.reported.append((name, len(self.began)))

        job = Job(name, "scrape", 1, time.time(), msgspec.Raw(b"{}"))
        request = ScrapeRequest("http://a.test/")
        self.pool.submit(job, request, finish, begin if came_back else None, express=express)


def slow(_name: str) -> Outcome:
    """Take 0.2 s."""
    time.sleep(0.2)
    return DONE


def test_the_begin_of_a_job_that_came_back_is_reported_before_it() -> None:
    """Jobs that wait for a slot have not begun."""
    rig = PoolRig(slow, slots=1, ahead=2)
    rig.submit("first")
    rig.submit("back", came_back=True)
    rig.submit("last", came_back=True)
    wait_until(lambda: rig.began == ["first"])
    assert rig.reported == []
    wait_until(lambda: len(rig.outcomes) == 3)
    assert rig.reported == [("back", 1), ("last", 2)]


def test_submit_returns_at_once() -> None:
    """A job beyond the slots waits, and the next one is refused with a pause."""
    rig = PoolRig(slow)
    for name in "abc":
        rig.submit(name)
    with pytest.raises(SlowDown) as refused:
        rig.submit("d")
    assert refused.value.after == 1.0
    assert rig.began == []
    wait_until(lambda: len(rig.outcomes) == 3)
    assert rig.began == ["a", "b", "c"]
    assert rig.pool.slots == 2


def test_an_express_job_waits_for_no_normal_job() -> None:
    """All normal slots are busy, and normal jobs wait."""
    rig = PoolRig(slow)
    for name in "abc":
        rig.submit(name)
    rig.submit("express", express=True)
    wait_until(lambda: len(rig.began) == 3)
    assert rig.began == ["a", "b", "express"]
    wait_until(lambda: len(rig.outcomes) == 4)


def test_express_jobs_take_free_normal_slots_first() -> None:
    """They come before the normal jobs that wait. Normal jobs never take the express slot."""
    rig = PoolRig(slow)
    for name in ("x1", "x2", "x3", "x4"):
        rig.submit(name, express=True)
    rig.submit("a")
    with pytest.raises(SlowDown):
        rig.submit("x5", express=True)
    with pytest.raises(SlowDown):
        rig.submit("b")
    wait_until(lambda: len(rig.outcomes) == 5)
    assert rig.began == ["x1", "x2", "x3", "x4", "a"]


def test_the_time_of_a_job_is_its_time_in_the_slot() -> None:
    """The wait for the slot does not count."""
    rig = PoolRig(slow, slots=1)
    began = time.monotonic()
    rig.submit("a")
    rig.submit("b")
    wait_until(lambda: len(rig.outcomes) == 2)
    elapsed = time.monotonic() - began
    assert all(took > 0.15 for _, took in rig.outcomes.values())
    assert sum(took for _, took in rig.outcomes.values()) <= elapsed


def test_a_bug_fails_only_its_job(caplog: pytest.LogCaptureFixture) -> None:
    """The log has the traceback, and the slot goes on."""

    def handle(name: str) -> Outcome:
        if name == "bug":
            raise ZeroDivisionError
        return DONE

    rig = PoolRig(handle, slots=1)
    with caplog.at_level(logging.ERROR):
        rig.submit("bug")
        rig.submit("next")
        wait_until(lambda: len(rig.outcomes) == 2)
    assert rig.outcomes["bug"][0] == Failed("broken", "ZeroDivisionError", 3600.0)
    assert rig.outcomes["next"][0] == DONE
    assert "ZeroDivisionError" in caplog.text


def test_a_stop_finishes_running_jobs() -> None:
    """It gives waiting jobs back, and refuses new ones."""
    rig = PoolRig(slow)
    for name in "abc":
        rig.submit(name)
    for name in ("x1", "x2"):
        rig.submit(name, express=True)
    wait_until(lambda: len(rig.began) == 3)
    rig.pool.stop(5)
    assert rig.outcomes["a"][0] == rig.outcomes["b"][0] == rig.outcomes["x1"][0] == DONE
    assert rig.outcomes["c"] == rig.outcomes["x2"] == (None, 0.0)
    assert rig.began == ["a", "b", "x1"]
    with pytest.raises(SlowDown):
        rig.submit("late")


def test_a_stop_kills_jobs_after_its_timeout() -> None:
    """Their `finally` blocks run, and each job is given back once."""
    cleaned = []

    def handle(name: str) -> Outcome:
        try:
            time.sleep(60)
        finally:
            cleaned.append(name)
        return DONE

    rig = PoolRig(handle)
    for name in "abc":
        rig.submit(name)
    wait_until(lambda: len(rig.began) == 2)
    began = time.monotonic()
    rig.pool.stop(0.1)
    assert time.monotonic() - began < 2
    assert sorted(cleaned) == ["a", "b"]
    assert rig.outcomes == dict.fromkeys("cab", (None, 0.0))


def test_a_stop_gives_unstarted_jobs_back() -> None:
    """The threads of these jobs have not run yet."""
    rig = PoolRig(slow)
    rig.submit("a")
    rig.pool.stop(0)
    assert rig.outcomes == {"a": (None, 0.0)}
    assert rig.began == []


def test_a_stuck_job_makes_the_pool_unhealthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job runs for far longer than its deadline."""
    rig = PoolRig(slow)
    assert rig.pool.complaint() is None
    rig.submit("a")
    monkeypatch.setattr(pool_module, "STUCK_AFTER", -1.0)
    complaint = rig.pool.complaint()
    assert complaint is not None
    assert "being fetched" in complaint
    wait_until(lambda: bool(rig.outcomes))
    monkeypatch.setattr(pool_module, "STUCK_AFTER", 30.0)
    assert rig.pool.complaint() is None
