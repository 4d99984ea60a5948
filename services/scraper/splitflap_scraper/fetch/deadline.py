"""The time limits of a fetch."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from splitflap_scraper.fetch.errors import Transient


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A timer that interrupts a block wherever it waits.

    `within(seconds)` is the context manager. It raises `exceeded` in its block.
    """

    within: Callable[[float], AbstractContextManager[None]]
    exceeded: type[Exception]


class Deadline:
    """The point in time at which a fetch ends."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end = clock() + seconds

    def within(self, seconds: float) -> "Deadline":
        """Return the deadline in some seconds from now, or this one if it is earlier.

        Raises:
            Transient: as `left`.
        """
        left = self.left()
        return self if left <= seconds else Deadline(seconds, self._clock)

    def left(self, most: float = float("inf")) -> float:
        """Return the remaining seconds, but no more than `most`.

        Raises:
            Transient: `timeout`, after the deadline.
        """
        left = self._end - self._clock()
        if left <= 0:
            raise timed_out(self._seconds)
        return min(left, most)


def timed_out(seconds: float) -> Transient:
    """Return the error of a fetch that took longer than `seconds`."""
    return Transient("timeout", f"the fetch took more than {seconds:g} s")
