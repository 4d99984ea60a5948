"""The one kind of background thread: its iterations, its isolated duties, its health, its stop."""

import threading
import time
from collections.abc import Callable

import pytest
from splitflap_api.loops import loop as module
from splitflap_api.loops.loop import Duty, Loop
from sqlalchemy.exc import OperationalError

from tests.support import wait_until

PATIENCE = 20.0

OUTAGE = OperationalError("SELECT", {}, Exception("the server is gone"))


def raising(error: Exception) -> Callable[[], None]:
    """A duty that always fails."""

    def run() -> None:
        raise error

    return run


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Move the monotonic clock on."""
    later = time.monotonic() + seconds
    monkeypatch.setattr(time, "monotonic", lambda: later)


def test_a_failing_duty_does_not_stop_the_others() -> None:
    """All duties run in each iteration."""
    done: list[str] = []
    loop = Loop(
        "loop",
        Duty("first", lambda: done.append("first")),
        Duty("broken", raising(KeyError("x"))),
        Duty("last", lambda: done.append("last")),
        pause=lambda: 0.0,
    )
    loop.run_once()
    loop.run_once()
    assert done == ["first", "last"] * 2


def test_a_duty_that_only_fails_is_unhealthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The health check names the loop, the duty and the error. A success ends it."""
    errors: list[Exception] = [KeyError("x")]

    def run() -> None:
        if errors:
            raise errors[0]

    loop = Loop("loop", Duty("works", lambda: None), Duty("breaks", run), pause=None)
    loop.run_once()
    assert loop.complaint() is None
    pass_time(monkeypatch, module.FAILING_AFTER + 1)
    loop.run_once()
    assert loop.complaint() == "loop: breaks: every run has failed for 61 s: KeyError('x')"
    errors.clear()
    loop.run_once()
    assert loop.complaint() is None


def test_each_duty_is_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several duties may each wait for a frozen database."""
    seen: list[str | None] = []

    def wait() -> None:
        pass_time(monkeypatch, 0.8 * module.STUCK_AFTER)
        seen.append(loop.complaint())

    loop = Loop("loop", *(Duty(name, wait) for name in "abc"), pause=lambda: 0.0)
    loop.run_once()
    assert seen == [None] * 3


def test_an_outage_of_the_database_is_not_unhealthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A restart of the process would not end the outage."""
    loop = Loop("loop", Duty("reads", raising(OUTAGE)), pause=None)
    loop.run_once()
    pass_time(monkeypatch, module.FAILING_AFTER + 1)
    loop.run_once()
    assert loop.complaint() is None


def test_a_stuck_duty_is_unhealthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """This also holds for a loop without a pause, which is healthy while it waits."""
    gate, entered = threading.Event(), threading.Event()

    def hang() -> None:
        entered.set()
        assert gate.wait(PATIENCE)

    loop = Loop("loop", Duty("hangs", hang), pause=None)
    loop.start()
    loop.wake()
    assert entered.wait(PATIENCE)
    with monkeypatch.context() as patched:
        pass_time(patched, module.STUCK_AFTER + 1)
        assert "loop: no progress for 61 s" in str(loop.complaint())
    gate.set()
    loop.stop(PATIENCE)
    pass_time(monkeypatch, module.STUCK_AFTER + 1)
    assert loop.complaint() is None


def test_a_wake_up_ends_the_pause() -> None:
    """The iteration has `woken` set."""
    woken: list[bool] = []
    loop = Loop("loop", Duty("note", lambda: woken.append(loop.woken)), pause=lambda: 60.0)
    loop.start()
    loop.wake()
    wait_until(lambda: woken == [True], "an iteration", PATIENCE)
    loop.stop(PATIENCE)
    assert woken == [True]


def test_a_wake_up_during_an_iteration_starts_the_next() -> None:
    """A wake-up is never lost."""
    iterations: list[int] = []

    def run() -> None:
        iterations.append(1)
        if len(iterations) == 1:
            loop.wake()

    loop = Loop("loop", Duty("note", run), pause=None)
    loop.start()
    loop.wake()
    wait_until(lambda: len(iterations) == 2, "two iterations", PATIENCE)
    loop.stop(PATIENCE)


def test_wake_ups_do_not_shorten_the_rest_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise wake-ups would turn a failure into a busy loop."""
    monkeypatch.setattr(module, "RETRY_AFTER", 60.0)
    runs: list[int] = []

    def run() -> None:
        runs.append(1)
        raise OUTAGE

    loop = Loop("loop", Duty("fails", run), pause=None)
    loop.start()
    loop.wake()
    wait_until(lambda: runs, "an iteration", PATIENCE)
    loop.wake()
    time.sleep(0.1)
    assert runs == [1]
    loop.stop(PATIENCE)


def test_a_stop_ends_a_long_pause_at_once() -> None:
    """The loop also reports that it stops."""
    loop = Loop("loop", Duty("never", lambda: None), pause=lambda: 600.0)
    loop.start()
    began = time.monotonic()
    loop.stop(PATIENCE)
    assert time.monotonic() - began < PATIENCE / 2
    assert loop.stopping


@pytest.mark.parametrize(("last_run", "runs"), [(False, 0), (True, 1)])
def test_a_stop_may_run_the_duties_once_more(last_run: bool, runs: int) -> None:
    """The loop's option is `last_run`."""
    done: list[int] = []
    loop = Loop("loop", Duty("note", lambda: done.append(1)), pause=None, last_run=last_run)
    loop.start()
    loop.stop(PATIENCE)
    assert len(done) == runs


def test_a_loop_can_be_stopped_before_its_start() -> None:
    """A process without a database does this."""
    Loop("loop", Duty("never", lambda: None), pause=None).stop(PATIENCE)
