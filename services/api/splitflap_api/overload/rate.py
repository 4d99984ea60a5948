"""Requests a second that one key may make: the generic cell rate algorithm (ITU-T I.371).

Each replica counts, and says so in its `RateLimit` fields, for itself: behind a balancer a key may
make the rate times the replicas.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

#: Seconds of the rate that a key may use at once.
BURST = 2.0

#: Keys remembered at most; who was silent longest is forgotten first.
MAX_KEYS = 10_000


class RateLimiter:
    """Says how long a key must wait."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`rate` in requests a second; 0 is without limit. `clock` says seconds that only grow."""
        self.rate = rate
        self._clock = clock
        self._free_at: OrderedDict[str, float] = OrderedDict()

    def wait_for(self, key: str) -> int:
        """Whole seconds until the key may make this request: 0 admits, and counts it."""
        if not self.rate:
            return 0
        now = self._clock()
        free_at = max(now, self._free_at.pop(key, 0.0))
        # To the microsecond: rounding errors of floats must not cost anybody a second.
        over = round(free_at + 1 / self.rate - now - max(BURST, 1 / self.rate), 6)
        if over <= 0:
            free_at += 1 / self.rate
        self._free_at[key] = free_at
        if len(self._free_at) > MAX_KEYS:
            self._free_at.popitem(last=False)
        return math.ceil(over) if over > 0 else 0

    def fields(self, key: str) -> list[tuple[str, str]]:
        """What a response says of the key's rate (draft-ietf-httpapi-ratelimit-headers-11).

        `r` requests may come at once now; in `t` seconds the whole quota `q` of the window `w` is
        there again.
        """
        if not self.rate:
            return []
        window = max(BURST, 1 / self.rate)
        used = max(0.0, self._free_at.get(key, 0.0) - self._clock())
        left = max(0, math.floor(round((window - used) * self.rate, 6)))
        policy = f'"key";q={math.floor(window * self.rate)};w={math.ceil(window)}'
        return [
            ("RateLimit-Policy", policy),
            ("RateLimit", f'"key";r={left};t={math.ceil(used)}'),
        ]
