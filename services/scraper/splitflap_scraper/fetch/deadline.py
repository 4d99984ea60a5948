"""The time that a fetch may take."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from splitflap_scraper.fetch.errors import Transient

#: The context that ends a block after so many seconds, wherever it waits.
Within = Callable[[float], AbstractContextManager[None]]


class Deadline:
    """A point in time that a fetch does not outlive."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end = clock() + seconds

    def left(self, most: float = float("inf")) -> float:
        """Seconds that are left, and no more than `most`.

        Raises:
            Transient: `timeout`, when there are none.
        """
        left = self._end - self._clock()
        if left <= 0:
            raise Transient("timeout", f"not done within {self._seconds:g} s")
        return min(left, most)
