"""The status for streams: each replica reads it once a period, and hands it to all its streams.

Without streams it reads nothing.
"""

import time
from collections.abc import Callable

from splitflap_api.domain.access.channels import ALL
from splitflap_api.loops.long_requests.streams import StreamLoop
from splitflap_api.loops.long_requests.subscriber import FeedEvent, Subscriber
from splitflap_api.loops.loop import Duty
from splitflap_api.loops.waiters import Waiters

#: Seconds between two readings.
PERIOD = 2.0

#: Least pause after a reading, as a multiple of its time. To count many jobs holds the process with
#: SQLite.
PAUSE_AFTER_READING = 20


class StatusFeed(StreamLoop):
    """Reads the status and hands it to the streams of this replica."""

    def __init__(self, read: Callable[[], str], waiters: Waiters | None = None) -> None:
        """`read` gives the status as JSON."""
        super().__init__(
            "status",
            Duty("read the status", self._read_once),
            Duty("wake streams", self._look_at_streams),
            pause=lambda: self._pause_of_streams,
            waiters=waiters,
        )
        self._read = read
        self._pause_of_streams = PERIOD
        self._newest = FeedEvent(0, "", "status", "")
        self._read_at = float("-inf")

    def subscribe(self, key_id: str, is_gone: Callable[[], bool] = lambda: False) -> Subscriber:
        """A new stream of this key. It gets the last status at once, if that is fresh."""
        subscriber = Subscriber(ALL, key_id, 0, self._waiters, is_gone)
        with self._joining:
            self._subscribers.add(subscriber)
            if self._is_fresh():
                subscriber.offer(self._newest)
        if not subscriber.has_news:
            self.wake()
        subscriber.ended = self.stopping
        return subscriber

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._read_at < self._pause_of_streams

    def _read_once(self) -> None:
        if not self._subscribers:
            return
        began = time.monotonic()
        found = self._read()
        self._read_at = time.monotonic()
        self._pause_of_streams = max(PERIOD, PAUSE_AFTER_READING * (self._read_at - began))
        # A stream that joins now gets this status, here or at once.
        with self._joining:
            self._newest = FeedEvent(self._newest.id + 1, "", "status", found)
            subscribers = list(self._subscribers)
        for subscriber in subscribers:
            subscriber.offer(self._newest)

    def _look_at_streams(self) -> None:
        """Wake every stream. One without news sends a heartbeat."""
        self._end_gone()
        self._wake_streams(list(self._subscribers))
