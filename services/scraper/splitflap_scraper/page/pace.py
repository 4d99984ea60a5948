"""Divides long computations, so that other green threads run in between."""

import time
from typing import TypeVar

T = TypeVar("T")

#: Seconds of a step before other green threads run. A real page takes less in all.
STEP = 0.002


class Pace:
    """Yields between the parts of a computation, but only after a long step.

    A yield costs 10 us. Ordinary pages need none.
    """

    __slots__ = ("_began",)

    def __init__(self) -> None:
        self._began = time.perf_counter()

    def after(self, result: T) -> T:
        """End a part, and return its result. Other green threads run here if the step is long."""
        if time.perf_counter() - self._began > STEP:
            time.sleep(0)
            self._began = time.perf_counter()
        return result
