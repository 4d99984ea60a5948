"""A cache with a bound for the weight of its entries."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Entries with their ends. Above the bound, it forgets those that were used longest ago.

    Safe to use from many threads.
    """

    def __init__(
        self,
        max_weight: int,
        weigh: Callable[[V], int] = lambda _: 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_weight = max_weight
        self._weigh = weigh
        self._clock = clock
        self._lock = threading.Lock()
        #: By key: when the entry ends, and its value.
        self._known: OrderedDict[K, tuple[float, V]] = OrderedDict()
        #: The weight of all entries.
        self.weight = 0

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: K) -> V | None:
        """Return the value of a key, or None for a missing or ended one."""
        with self._lock:
            known = self._known.get(key)
            if known is None or known[0] <= self._clock():
                return None
            self._known.move_to_end(key)
            return known[1]

    def put(self, key: K, value: V, keep: float = float("inf")) -> None:
        """Store the value of a key for some seconds."""
        with self._lock:
            self._forget(key)
            self._known[key] = (self._clock() + keep, value)
            self.weight += self._weigh(value)
            while self.weight > self._max_weight:
                self._forget(next(iter(self._known)))

    def forget(self, key: K) -> None:
        """Remove the value of a key, if there is one."""
        with self._lock:
            self._forget(key)

    def _forget(self, key: K) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            self.weight -= self._weigh(known[1])
