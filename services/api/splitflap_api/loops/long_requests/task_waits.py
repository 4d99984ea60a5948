"""Requests that wait for their tasks (`Prefer: wait`): one statement looks at all of these tasks.

A wait costs two reads, however long it takes and whatever is committed meanwhile.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager

from splitflap_api.loops.loop import STUCK_AFTER, Duty, Loop
from splitflap_api.loops.waiters import ThreadWaiters, Waiter, Waiters

#: Seconds between looks without a wake-up. They find the end of a task on another replica, also if
#: its wake-up was lost.
READ_EVERY = 0.25


class _Wait:
    """One waiting request."""

    __slots__ = ("ends_at", "is_gone", "key_id", "task_id")

    def __init__(
        self, task_id: str, key_id: str, seconds: float, is_gone: Callable[[], bool]
    ) -> None:
        self.task_id = task_id
        self.key_id = key_id
        self.is_gone = is_gone
        self.ends_at = time.monotonic() + seconds


class TaskWaits(Loop):
    """Wakes each waiting request once: its task, time, key or client has ended, or the service."""

    def __init__(
        self,
        ended: Callable[[Collection[str]], AbstractSet[str]],
        waiters: Waiters | None = None,
    ) -> None:
        """Make the loop.

        Args:
            ended: gives those of some tasks, by id, that have ended.
            waiters: lets requests wait: threads, unless given.
        """
        super().__init__(
            "task-waits",
            Duty("look for ended tasks", self._look),
            Duty("end late waits", self._end_late),
            pause=self._until_next,
        )
        self._ended = ended
        self._waiters: Waiters = waiters or ThreadWaiters()
        self._waits: dict[_Wait, Waiter] = {}
        self._ending = False

    @contextmanager
    def waiting(
        self,
        task_id: str,
        key_id: str,
        seconds: float,
        is_gone: Callable[[], bool] = lambda: False,
    ) -> Iterator[Waiter]:
        """A waiter for the end of a task. Read the task within the block, then wait.

        A task that ends after that read is not missed, because the waiter is known already.
        """
        each, waiter = _Wait(task_id, key_id, seconds, is_gone), self._waiters.new_waiter()
        self._waits[each] = waiter
        if self._ending:
            self._end([each])
        elif len(self._waits) == 1:
            self.wake()
        try:
            yield waiter
        finally:
            self._waits.pop(each, None)

    def key_ids(self) -> set[str]:
        return {each.key_id for each in list(self._waits)}

    def end_of(self, key_ids: AbstractSet[str]) -> None:
        self._end(each for each in list(self._waits) if each.key_id in key_ids)

    def end_all(self) -> None:
        """End all present and later waits at once."""
        self._ending = True
        self._end(list(self._waits))

    def _until_next(self) -> float:
        """Seconds until the next look."""
        if not self._waits:
            return STUCK_AFTER / 2
        first = min((each.ends_at for each in list(self._waits)), default=0.0)
        return max(0.0, min(READ_EVERY, first - time.monotonic()))

    def _look(self) -> None:
        waits = list(self._waits)
        if waits:
            ended = self._ended({each.task_id for each in waits})
            self._end(each for each in waits if each.task_id in ended)

    def _end_late(self) -> None:
        now = time.monotonic()
        self._end(each for each in list(self._waits) if each.ends_at <= now or each.is_gone())

    def _end(self, waits: Iterable[_Wait]) -> None:
        """Wake these waits, except those that another call has woken."""
        woken = [waiter for each in waits if (waiter := self._waits.pop(each, None))]
        if woken:
            self._waiters.wake_all(woken)
