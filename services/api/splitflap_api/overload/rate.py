"""The rate limit of a key: the generic cell rate algorithm (ITU-T I.371).

Each replica counts for itself, and its `RateLimit` fields describe its own count. Behind a balancer
the limit of a key is therefore the rate times the number of replicas.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

#: Seconds: a key may use its rate of so many seconds at once.
BURST = 2.0

#: Keys remembered at most. The least recently used one is forgotten first.
MAX_KEYS = 10_000


class RateLimiter:
    """Counts the requests of each key."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`rate` in requests per second; 0 is no limit. `clock` is monotonic, in seconds."""
        self.rate = rate
        self._clock = clock
        self._free_at: OrderedDict[str, float] = OrderedDict()

    def wait_for(self, key: str) -> int:
        """Whole seconds until the key may send this request; 0 admits the request and counts it."""
        if not self.rate:
            return 0
        now = self._clock()
        free_at = max(now, self._free_at.pop(key, 0.0))
        # Rounded to microseconds: a float's rounding error would cost a whole second.
        over = round(free_at + 1 / self.rate - now - max(BURST, 1 / self.rate), 6)
        if over <= 0:
            free_at += 1 / self.rate
        self._free_at[key] = free_at
        if len(self._free_at) > MAX_KEYS:
            self._free_at.popitem(last=False)
        return math.ceil(over) if over > 0 else 0

    def fields(self, key: str) -> list[tuple[str, str]]:
        """The RateLimit fields of a response (draft-ietf-httpapi-ratelimit-headers-11).

        `q` is the quota of a window of `w` seconds. The key may send `r` more requests at once; in
        `t` seconds the whole quota is available again.
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
