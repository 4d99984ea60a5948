"""Divides the work for a page into steps, and lets other green threads run in between.

A process has one CPU, so the pages that take long share it in turns: one step of one such page,
then all other green threads that are ready. Other pages do not wait for turns.
"""

import threading
import time
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")

#: Seconds of a step before other green threads run.
STEP = 0.002

#: Seconds of work from which on a page waits for turns. Most real pages take less in all.
HEAVY = 0.003

#: The turn of the pages that take long. A thread may take it again within its turn.
_turn = threading.RLock()


class Pace:
    """The work for one page, as a context. It may enter the context again after its end."""

    __slots__ = ("_began", "_depth", "_has_turn", "_spent")

    def __init__(self) -> None:
        self._began = 0.0
        self._spent = 0.0
        self._depth = 0
        self._has_turn = False

    def __enter__(self) -> Self:
        if not self._depth:
            self._begin()
        self._depth += 1
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None = None,
        _error: BaseException | None = None,
        _traceback: TracebackType | None = None,
    ) -> None:
        self._depth -= 1
        if not self._depth:
            self._end()

    def _begin(self) -> None:
        if self.is_heavy:
            _turn.acquire()
            self._has_turn = True
        self._began = time.perf_counter()

    def _end(self) -> None:
        self._spent += time.perf_counter() - self._began
        if self._has_turn:
            self._has_turn = False
            try:
                # The turn ends after all ready threads have run, so others get one step between.
                time.sleep(0)
            finally:
                _turn.release()

    @property
    def is_heavy(self) -> bool:
        """Whether the page takes long."""
        return self._spent > HEAVY

    def after(self, result: T) -> T:
        """End a part of the work, and return its result. Others run here if the step is long."""
        # A yield costs 10 us, so ordinary pages need none.
        if self._depth and time.perf_counter() - self._began > STEP:
            had_turn = self._has_turn
            self._end()
            if not had_turn:
                time.sleep(0)
            self._begin()
        return result
