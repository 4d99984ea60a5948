"""One stream of the feed: its queue of events, and how its thread waits for more."""

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from splitflap_api.domain.access.channels import Channels
from splitflap_api.loops.waiters import Waiter, Waiters

#: Most events in the queue of one stream. The feed ends a slower stream, and its client resumes.
MAX_BEHIND = 2_000


class FeedEvent(NamedTuple):
    """One event as a stream writes it; `data` is JSON."""

    id: int
    channel: str
    kind: str
    data: str


class Subscriber:
    """A stream's events after the id `joined`, in its channels.

    `key_id` is the id of the caller's key, or of its session. The feed ends the stream with it, or
    once `is_gone` tells that the client has left.
    """

    def __init__(
        self,
        channels: Channels,
        key_id: str,
        joined: int,
        waiters: Waiters,
        is_gone: Callable[[], bool] = lambda: False,
    ) -> None:
        self.channels = channels
        self.key_id = key_id
        self.is_gone = is_gone
        self.joined = joined
        self.ended = False
        #: When it was last woken, by the monotonic clock.
        self.woken_at = time.monotonic()
        self._waiters = waiters
        self._waiter: Waiter | None = None
        self._events: deque[FeedEvent] = deque()

    def offer(self, event: FeedEvent) -> None:
        """Queue an event of its channels. A stream with more than MAX_BEHIND events is ended."""
        if event.id > self.joined and event.channel in self.channels:
            self._events.append(event)
            self.ended = self.ended or len(self._events) > MAX_BEHIND

    @property
    def has_news(self) -> bool:
        """Whether the stream has events to take, or has ended."""
        return self.ended or bool(self._events)

    def take_waiter(self) -> Waiter | None:
        """The waiter of a waiting stream, for the caller to wake."""
        waiter, self._waiter = self._waiter, None
        if waiter:
            self.woken_at = time.monotonic()
        return waiter

    def wait(self) -> None:
        """Return when an event has come, or when a heartbeat is due."""
        # The waiter is set first, so that an event before the test of `has_news` finds it.
        waiter = self._waiter = self._waiters.new_waiter()
        if not self.has_news:
            waiter.wait()
        self._waiter = None

    def take(self) -> list[FeedEvent]:
        """The queued events, removed from the queue."""
        taken = []
        while self._events:
            taken.append(self._events.popleft())
        return taken
