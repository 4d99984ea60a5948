"""Waits for tasks: their ends, and what they cost."""

import threading
from collections.abc import Callable, Collection
from functools import partial

import pytest
from splitflap_api.loops.long_requests.task_waits import TaskWaits

PATIENCE = 30.0


class Ended:
    """The tasks that have ended, and each read of them."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.reads: list[set[str]] = []

    def __call__(self, task_ids: Collection[str]) -> set[str]:
        self.reads.append(set(task_ids))
        return self.ids.intersection(task_ids)


@pytest.fixture
def ended() -> Ended:
    """No task has ended yet."""
    return Ended()


@pytest.fixture
def waits(ended: Ended) -> TaskWaits:
    """Not started: a test runs each iteration itself."""
    return TaskWaits(ended)


def waiting(
    waits: TaskWaits,
    task_id: str,
    seconds: float = 600.0,
    is_gone: Callable[[], bool] = lambda: False,
) -> threading.Thread:
    """A thread that waits for a task, and is known to `waits`."""
    known = threading.Event()

    def wait() -> None:
        with waits.waiting(task_id, "key", seconds, is_gone) as waiter:
            known.set()
            waiter.wait()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    assert known.wait(PATIENCE)
    return thread


def has_ended(thread: threading.Thread) -> bool:
    """Give the thread time to end."""
    thread.join(PATIENCE)
    return not thread.is_alive()


def test_a_commit_costs_one_read_for_all_waits(waits: TaskWaits, ended: Ended) -> None:
    """Five hundred waits for two tasks. Those of the ended task end."""
    first = [waiting(waits, "first") for _ in range(250)]
    second = [waiting(waits, "second") for _ in range(250)]
    ended.ids.add("first")
    waits.run_once()
    assert ended.reads == [{"first", "second"}]
    assert all(has_ended(each) for each in first)
    assert all(each.is_alive() for each in second)
    waits.end_all()
    assert all(has_ended(each) for each in second)


def test_a_wait_ends_with_its_client(waits: TaskWaits) -> None:
    """The other waits go on."""
    gone: set[str] = set()
    first, second = (
        waiting(waits, "task", is_gone=partial(gone.__contains__, name)) for name in "ab"
    )
    gone.add("a")
    waits.run_once()
    assert has_ended(first)
    assert second.is_alive()
    waits.end_all()
    assert has_ended(second)


def test_a_wait_ends_in_time_while_the_database_is_away() -> None:
    """The look fails, and the ends of late waits do not depend on it."""

    def away(_task_ids: Collection[str]) -> set[str]:
        raise ConnectionError

    waits = TaskWaits(away)
    late = waiting(waits, "task", 0.0)
    waits.run_once()
    assert has_ended(late)


def test_nothing_is_read_without_waits(waits: TaskWaits, ended: Ended) -> None:
    """A wait that has ended is forgotten."""
    late = waiting(waits, "task", 0.0)
    waits.run_once()
    assert has_ended(late)
    waits.run_once()
    assert ended.reads == [{"task"}]


def test_a_wait_after_the_end_of_all_ends_at_once(waits: TaskWaits) -> None:
    """A stop has begun."""
    waits.end_all()
    assert has_ended(waiting(waits, "task"))
