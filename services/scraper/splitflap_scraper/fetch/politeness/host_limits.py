"""Limits of rate and concurrency for requests to one host.

Each scraper takes its share of the limits for all scrapers (docs/adr/0009). A request waits up to
MAX_WAIT for its slot. If the wait would be longer, the request is refused with a delay. So the
pages of a busy host do not occupy all green threads.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from splitflap_scraper.fetch.errors import Transient

#: Longest wait for a slot, in seconds.
MAX_WAIT = 1.0

#: Longest delay (seconds) for a refused request.
MAX_AFTER = 60.0

#: New hosts after which idle hosts are forgotten.
SWEEP = 1_000

#: Longest pause (seconds) of all requests to a host after one Retry-After.
MAX_PAUSE = 60.0


@dataclass(slots=True)
class _Host:
    #: Notified at the end of a request, if another one waits.
    freed: threading.Condition
    #: Requests in flight, and requests waiting for the end of one.
    running: int = 0
    waiting: int = 0
    #: Clock time of the next request, if each request came exactly at the rate.
    due: float = 0.0
    #: The latest clock time given to a refused request.
    promised: float = 0.0


class HostLimits:
    """The limits of one process. Safe to use from many threads."""

    def __init__(
        self,
        concurrency: int,
        rate: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Limits for one host: requests in flight, per second, and in a burst after a pause."""
        self.concurrency = concurrency
        #: Seconds between two requests at the limit of the rate.
        self.interval = 1 / rate
        self._burst = burst
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()
        self._sweep_at = SWEEP

    def __len__(self) -> int:
        """Return the number of known hosts."""
        return len(self._hosts)

    def waiting(self, host: str) -> int:
        """Return the number of requests waiting for a slot of a host."""
        return self._hosts[host].waiting

    @contextmanager
    def slot(self, host: str) -> Iterator[None]:
        """Take a slot for one request to a host. It blocks for 2 MAX_WAIT at most.

        Raises:
            Transient: `busy`, with the delay until the next attempt.
        """
        entry = self._enter(host)
        try:
            yield
        finally:
            with self._lock:
                entry.running -= 1
                if entry.waiting:
                    entry.freed.notify()

    def pause(self, host: str, seconds: float) -> None:
        """Stop requests to a host for some seconds, MAX_PAUSE at most."""
        with self._lock:
            entry = self._entry(host)
            until = self._clock() + min(seconds, MAX_PAUSE) + self._burst * self.interval
            entry.due = max(entry.due, until)

    def _enter(self, host: str) -> _Host:
        """Wait for a slot by rate, then by concurrency."""
        with self._lock:
            entry, now = self._entry(host), self._clock()
            due = max(entry.due, now) + self.interval
            wait = due - self._burst * self.interval - now
            if wait > MAX_WAIT:
                raise Transient("busy", "the host's rate limit is reached", self._delay(entry))
            entry.due = due
            if wait <= 0 and entry.running < self.concurrency:
                entry.running += 1
                return entry
            entry.waiting += 1
        try:
            if wait > 0:
                time.sleep(wait)
            self._wait_for_running(entry)
        finally:
            with self._lock:
                entry.waiting -= 1
        return entry

    def _wait_for_running(self, entry: _Host) -> None:
        with self._lock:
            if not entry.freed.wait_for(lambda: entry.running < self.concurrency, MAX_WAIT):
                raise Transient(
                    "busy", "the host's concurrency limit is reached", self._delay(entry)
                )
            entry.running += 1

    def _entry(self, host: str) -> _Host:
        entry = self._hosts.get(host)
        if entry is None:
            self._forget_idle()
            entry = self._hosts[host] = _Host(threading.Condition(self._lock))
        return entry

    def _delay(self, entry: _Host) -> float:
        """Return the delay in seconds for a refused request. Each one gets its own free slot."""
        now = self._clock()
        entry.promised = max(entry.promised, entry.due, now) + self.interval
        after = entry.promised - now
        if after > MAX_AFTER:
            entry.promised -= self.interval
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
