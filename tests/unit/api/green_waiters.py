"""Cases for test_hub.py of waiters and batchers under green threads (see green_hub.py)."""

import sys
from collections.abc import Sequence

from splitflap_api.server import green

green.patch()

# Imported after the patch, as in a worker.
from eventlet.support.greenlets import GreenletExit  # noqa: E402
from splitflap_api.loops import batcher as batcher_module  # noqa: E402
from splitflap_api.loops.batcher import Batcher, TookTooLong  # noqa: E402


def wake_all_wakes_present_and_future_waits() -> None:
    """A wait that begins after the wake returns at once."""
    waiters = green.GreenWaiters()
    gone: list[int] = []

    def wait(number: int, waiter: green.GreenWaiter) -> None:
        waiter.wait()
        gone.append(number)

    made = [waiters.new_waiter() for _ in range(3)]
    threads = [green.spawn(wait, number, waiter) for number, waiter in enumerate(made[:2])]
    green.sleep(0)
    assert gone == []
    waiters.wake_all(made)
    green.sleep(0)
    threads.append(green.spawn(wait, 2, made[2]))
    for thread in threads:
        thread.wait()
    assert gone == [0, 1, 2]


def wake_all_ignores_a_killed_thread() -> None:
    """A wake must not end a later wait of a killed green thread."""
    waiters = green.GreenWaiters()
    waiter = waiters.new_waiter()
    awake: list[str] = []

    def wait() -> None:
        try:
            waiter.wait()
        except GreenletExit:
            green.sleep(5)
            awake.append("too early")

    thread = green.spawn(wait)
    green.sleep(0)
    thread.kill()
    waiters.wake_all([waiter])
    green.sleep(0.01)
    assert awake == []


def a_stopping_batcher_finishes_its_run() -> None:
    """The batcher's watch over late callers lets other green threads run during the stop."""

    def run(questions: Sequence[str]) -> list[str]:
        green.sleep(0.1)
        return [question.upper() for question in questions]

    batcher: Batcher[str, str] = Batcher("desk", run, green.GreenWaiters())
    batcher.start()
    asked = green.spawn(batcher, "a question")
    green.sleep(0.01)
    batcher.stop(10)
    assert asked.wait() == "A QUESTION"


def an_idle_batcher_runs_inline() -> None:
    """Other green threads do not run between question and answer, unless the run waits."""
    ran: list[str] = []

    def run(questions: Sequence[str]) -> list[str]:
        return [question.upper() for question in questions]

    batcher: Batcher[str, str] = Batcher("desk", run, green.GreenWaiters(), inline_when_idle=True)
    batcher.start()
    green.spawn(ran.append, "another")
    assert (batcher("a"), ran) == ("A", [])
    batcher.stop(10)


def an_inline_run_has_a_time_limit() -> None:
    """A stuck run raises TookTooLong, and the next question is run."""
    batcher_module.MAX_WAIT = 0.05
    runs: list[str] = []

    def run(questions: Sequence[str]) -> list[str]:
        runs.extend(questions)
        if len(runs) == 1:
            green.sleep(10)
        return list(questions)

    batcher: Batcher[str, str] = Batcher("desk", run, green.GreenWaiters(), inline_when_idle=True)
    batcher.start()
    try:
        batcher("a")
    except TookTooLong:
        assert batcher("b") == "b"
        return
    raise AssertionError("no TookTooLong")


if __name__ == "__main__":
    globals()[sys.argv[1]]()
