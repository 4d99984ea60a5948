"""Events to streams: each replica reads the new rows once and serves all its streams.

Ids grow in the order of commits, so "all rows after this id" never skips one that commits late.
A wake-up only makes the next look come sooner. While there are no streams, nothing is read.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select

from splitflap_api.loops.loop import STUCK_AFTER
from splitflap_api.store.batcher import ThreadWaiters, Waiter, Waiters
from splitflap_api.store.engine import Store, is_outage
from splitflap_api.store.schema import counters, events

logger = logging.getLogger(__name__)

#: Seconds between looks when no wake-up comes.
LOOK_EVERY = 1.0

#: Seconds of silence after which a stream says that it is alive: within the minute after which
#: proxies give up (nginx's proxy_read_timeout).
HEARTBEAT = 45.0

#: Rows read at a time, by the feed and by a stream that resumes.
PAGE = 500

#: Streams that read what they have missed at a time.
RESUMING = 4

#: Events that a stream may be behind before it is ended; its client resumes where it was.
MAX_BEHIND = 2_000

_NEWEST = select(counters.c.value).where(counters.c.name == "events")


class FeedEvent(NamedTuple):
    """One event as a stream writes it."""

    id: int
    channel: str
    kind: str
    data: str


class Subscriber:
    """A stream's place in the feed: events of one channel, or of all, after `joined`."""

    def __init__(self, channel: str | None, joined: int, waiters: Waiters) -> None:
        self.channel = channel
        self.joined = joined
        self.ended = False
        #: When it was last called, by the monotonic clock.
        self.called_at = time.monotonic()
        self._waiters = waiters
        self._waiter: Waiter | None = None
        self._events: deque[FeedEvent] = deque()

    def offer(self, event: FeedEvent) -> None:
        """Add an event, before `call`; a stream that is too far behind is ended."""
        if event.id > self.joined and self.channel in {None, event.channel}:
            self._events.append(event)
            self.ended = self.ended or len(self._events) > MAX_BEHIND

    @property
    def has_news(self) -> bool:
        """Whether there is something to take, or an end."""
        return self.ended or bool(self._events)

    def call(self) -> Waiter | None:
        """The place where the stream waits, if it does: to be let go."""
        waiter, self._waiter = self._waiter, None
        if waiter:
            self.called_at = time.monotonic()
        return waiter

    def wait(self) -> None:
        """Return when something has come, or when the stream is to say that it is alive."""
        # First the place, then a look: whatever comes in between finds it.
        waiter = self._waiter = self._waiters.new_waiter()
        if not self.has_news:
            waiter.wait()
        self._waiter = None

    def take(self) -> list[FeedEvent]:
        """What has come."""
        taken = []
        while self._events:
            taken.append(self._events.popleft())
        return taken


@dataclass(frozen=True)
class Gap:
    """The events after an id are no longer all there."""

    oldest: int


class Feed:
    """Reads the events' table and hands its rows to the streams of this replica."""

    def __init__(
        self, store: Store, on_woken: Callable[[], None], waiters: Waiters | None = None
    ) -> None:
        """`on_woken` runs before each read that a wake-up causes; `waiters` hold idle streams."""
        self._store = store
        self._waiters: Waiters = waiters or ThreadWaiters()
        self._on_woken = on_woken
        self._subscribers: set[Subscriber] = set()
        self._joining = threading.Lock()
        self._resuming = threading.Semaphore(RESUMING)
        self._wake = threading.Event()
        self._stopping = False
        self.last = 0
        self._last_look = self._last_beat = time.monotonic()
        self._thread = threading.Thread(target=self._loop, name="feed", daemon=True)

    def start(self) -> None:
        """Read for whoever subscribes."""
        self._last_look = time.monotonic()
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End all streams."""
        self._stopping = True
        self._wake.set()
        self.end_streams()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def end_streams(self) -> None:
        """Let every stream finish; their clients come back by themselves."""
        subscribers = list(self._subscribers)
        for subscriber in subscribers:
            subscriber.ended = True
        self._call(subscribers)

    def wake(self) -> None:
        """There is something new."""
        self._wake.set()

    def subscribe(self, channel: str | None) -> Subscriber:
        """A place in the feed, from now on."""
        with self._joining:
            if not self._subscribers:
                self.last = self._newest()
            subscriber = Subscriber(channel, self.last, self._waiters)
            self._subscribers.add(subscriber)
        subscriber.ended = self._stopping
        return subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Give the place up."""
        self._subscribers.discard(subscriber)

    def since(self, event_id: int, channel: str | None, until: int) -> Iterator[list[FeedEvent]]:
        """The rows after `event_id` up to `until`, in pages.

        A few streams read at a time, and all others run between two pages: many that resume at
        once, as after a restart, must not stop the rest.
        """
        while event_id < until:
            with self._resuming:
                page = self._page(event_id, channel, until)
            if page:
                yield page
            time.sleep(0)
            if len(page) < PAGE:
                return
            event_id = page[-1].id

    def gap(self, event_id: int) -> Gap | None:
        """Whether events after this id are missing: deleted, or of another database's life.

        Ids are dense, so the oldest row says where the table begins.
        """
        # The newest first: an event between the two reads must not look like a gap.
        newest = self._newest()
        with self._store.read() as tx:
            oldest = tx.execute(select(events.c.id).order_by(events.c.id).limit(1)).scalar()
        first = newest + 1 if oldest is None else int(oldest)
        return Gap(first) if event_id + 1 < first or event_id > newest else None

    def alive(self) -> str | None:
        """A health check: complains when the feed has not looked for a minute."""
        age = time.monotonic() - self._last_look
        return f"no look for {age:.0f} s" if age > STUCK_AFTER else None

    def _loop(self) -> None:
        while not self._stopping:
            if self._wake.wait(LOOK_EVERY):
                self._wake.clear()
                self._on_woken()
            try:
                while self._look():
                    pass
            except Exception as error:
                logger.warning("no look at the events: %r", error, exc_info=not is_outage(error))
                time.sleep(LOOK_EVERY)
            self._last_look = time.monotonic()
            self._beat(self._last_look)

    def _beat(self, now: float) -> None:
        """Wake the streams that have been silent: one look at all costs less than a timer each."""
        if now - self._last_beat < LOOK_EVERY:
            return
        self._last_beat = now
        self._call(each for each in list(self._subscribers) if now - each.called_at >= HEARTBEAT)

    def _newest(self) -> int:
        with self._store.read() as tx:
            return int(tx.execute(_NEWEST).scalar_one())

    def _look(self) -> bool:
        if not self._subscribers:
            return False
        page = self._page(self.last, None, None)
        for event in page:
            # Who joins now begins after this event, or is among those who are handed it.
            with self._joining:
                self.last = event.id
                subscribers = list(self._subscribers)
            for subscriber in subscribers:
                subscriber.offer(event)
        if page:
            self._call(each for each in list(self._subscribers) if each.has_news)
        return len(page) == PAGE

    def _call(self, subscribers: Iterable[Subscriber]) -> None:
        self._waiters.wake_all([waiter for each in subscribers if (waiter := each.call())])

    def _page(self, after: int, channel: str | None, until: int | None) -> list[FeedEvent]:
        wanted = select(events.c.id, events.c.channel, events.c.kind, events.c.data)
        wanted = wanted.where(events.c.id > after).order_by(events.c.id).limit(PAGE)
        if channel is not None:
            wanted = wanted.where(events.c.channel == channel)
        if until is not None:
            wanted = wanted.where(events.c.id <= until)
        with self._store.read() as tx:
            return [FeedEvent(*row) for row in tx.execute(wanted)]
