"""How often, and how many at a time, one host is asked.

Each scraper takes its share of what all of them together may ask: docs/adr/0009. A request whose
turn is near waits for it; one whose turn is far is sent back with the time at which to come again,
so that the pages of a busy host hold no slot from others.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from splitflap_scraper.fetch.errors import Transient

#: Seconds that a request waits here for its turn, holding a slot.
MAX_WAIT = 1.0

#: Longest time (seconds) after which one that was sent back is told to come again.
MAX_AFTER = 60.0

#: Hosts looked at before those are forgotten that nobody asks.
SWEEP = 1_000

#: Longest pause (seconds) that one Retry-After makes for all pages of a host.
MAX_PAUSE = 60.0


@dataclass(slots=True)
class _Host:
    #: Told when a place becomes free, if somebody waits for one.
    freed: threading.Condition
    #: Requests under way, and those that wait for one of them to end.
    running: int = 0
    waiting: int = 0
    #: When the next request would be due if each took exactly its share, on the clock.
    due: float = 0.0
    #: The last time that was promised to one that was sent back.
    promised: float = 0.0


class HostLimits:
    """The limits of one process. Safe to use from many threads at a time."""

    def __init__(
        self,
        concurrency: int,
        rate: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Requests at a time, per second, and at once after a pause, to one host."""
        self._concurrency = concurrency
        self._interval = 1 / rate
        self._burst = burst
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()
        self._sweep_at = SWEEP

    @contextmanager
    def turn(self, host: str) -> Iterator[None]:
        """A request to a host, in the block.

        Raises:
            Transient: `busy`, with the seconds after which to come again.
        """
        entry = self._entered(host)
        try:
            yield
        finally:
            with self._lock:
                entry.running -= 1
                if entry.waiting:
                    entry.freed.notify()

    def pause(self, host: str, seconds: float) -> None:
        """What a host has asked for: nothing more for so long, MAX_PAUSE at most."""
        with self._lock:
            entry = self._entry(host)
            until = self._clock() + min(seconds, MAX_PAUSE) + self._burst * self._interval
            entry.due = max(entry.due, until)

    def _entered(self, host: str) -> _Host:
        """The host's entry, once it is this request's turn."""
        with self._lock:
            entry, now = self._entry(host), self._clock()
            due = max(entry.due, now) + self._interval
            wait = due - self._burst * self._interval - now
            if wait > MAX_WAIT:
                raise Transient("busy", "too many in this time", self._promise(entry))
            entry.due = due
            if wait <= 0 and entry.running < self._concurrency:
                entry.running += 1
                return entry
            entry.waiting += 1
        try:
            if wait > 0:
                time.sleep(wait)
            self._take_place(entry)
        finally:
            with self._lock:
                entry.waiting -= 1
        return entry

    def _take_place(self, entry: _Host) -> None:
        with self._lock:
            if not entry.freed.wait_for(lambda: entry.running < self._concurrency, MAX_WAIT):
                raise Transient("busy", "too many at a time", self._promise(entry))
            entry.running += 1

    def _entry(self, host: str) -> _Host:
        entry = self._hosts.get(host)
        if entry is None:
            self._forget_idle()
            entry = self._hosts[host] = _Host(threading.Condition(self._lock))
        return entry

    def _promise(self, entry: _Host) -> float:
        """Seconds until a turn that nobody else was told of, as far as there is one soon."""
        now = self._clock()
        entry.promised = max(entry.promised, entry.due, now) + self._interval
        after = entry.promised - now
        if after > MAX_AFTER:
            entry.promised -= self._interval
            return random.uniform(MAX_AFTER / 2, MAX_AFTER)  # noqa: S311 - spreads them
        return after

    def _forget_idle(self) -> None:
        if len(self._hosts) < self._sweep_at:
            return
        now = self._clock()
        self._hosts = {
            host: entry
            for host, entry in self._hosts.items()
            if entry.running or entry.waiting or max(entry.due, entry.promised) > now
        }
        self._sweep_at = len(self._hosts) + SWEEP
