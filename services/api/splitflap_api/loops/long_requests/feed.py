"""Events for streams: each replica reads new rows once, and serves all its streams from them.

Rows appear in the order of their ids, so a read of "all rows after this id" misses no late one. A
wake-up makes the next read come sooner. Without streams the feed does not read.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import select

from splitflap_api.domain.access.channels import ALL, Channels
from splitflap_api.loops.long_requests.streams import StreamLoop
from splitflap_api.loops.long_requests.subscriber import FeedEvent, Subscriber
from splitflap_api.loops.loop import Duty
from splitflap_api.loops.waiters import Waiters
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import counters, events

#: Seconds between reads without a wake-up.
READ_EVERY = 1.0

#: Longest silence of a stream in seconds: then it sends a heartbeat. Proxies close a connection
#: after 60 silent seconds (nginx's proxy_read_timeout), some mobile networks after 30.
HEARTBEAT = 15.0

#: Rows of one read, by the feed and by a stream that resumes.
PAGE = 500

#: Pages of one iteration. The other duties run before the next one.
PAGES = 10

#: Ids of one read that resumes. Without this limit, a stream of a quiet channel would make SQLite
#: search millions of rows in one step.
WINDOW = 10_000

#: Events handed to streams before other threads run: 5 ms.
OFFERS = 20_000

#: Streams that may read missed rows at the same time.
RESUMING = 4

_NEWEST = select(counters.c.value).where(counters.c.name == "events")


@dataclass(frozen=True)
class Gap:
    """Some events after an id are deleted. `oldest` is the id of the first remaining row."""

    oldest: int


class Feed(StreamLoop):
    """Reads the events' table and hands its rows to the streams of this replica."""

    def __init__(self, store: Store, waiters: Waiters | None = None) -> None:
        """Streams wait by `waiters`: threads, unless given."""
        super().__init__(
            "feed",
            Duty("read events", self._read_new),
            Duty("send heartbeats", self._look_at_streams),
            pause=lambda: READ_EVERY,
            waiters=waiters,
        )
        self._store = store
        self._resuming = threading.Semaphore(RESUMING)
        self.last = 0
        #: No event has a lower id.
        self._oldest = 0
        self._heartbeats_at = time.monotonic()

    def subscribe(
        self, channels: Channels, key_id: str, is_gone: Callable[[], bool] = lambda: False
    ) -> Subscriber:
        """A new stream of this key, which gets the events of these channels from now on."""
        with self._joining:
            if not self._subscribers:
                self.last = self._newest()
            subscriber = Subscriber(channels, key_id, self.last, self._waiters, is_gone)
            self._subscribers.add(subscriber)
        subscriber.ended = self.stopping
        return subscriber

    def since(self, event_id: int, channels: Channels, until: int) -> Iterator[list[FeedEvent]]:
        """The rows of these channels after `event_id` up to `until`, in pages.

        Few streams read at a time, and other threads run between two pages. So many streams that
        resume together, as after a restart, do not block the process.
        """
        while event_id < until:
            window = min(event_id + WINDOW, until)
            with self._resuming:
                page = self._page(event_id, channels, window)
            if page:
                yield page
            time.sleep(0)
            event_id = page[-1].id if len(page) == PAGE else window

    def gap(self, event_id: int) -> Gap | None:
        """The gap after this id, if events after it are deleted or the id is from another database.

        Ids are dense, so the oldest row shows where the table begins.
        """
        # The newest id is read first, so that an event between the two reads is no gap.
        newest = self._newest()
        # The index keeps the entries of deleted rows until a vacuum, so a search begins behind
        # those of the last one. A restored database may have lower ids.
        known = events.c.id >= min(self._oldest, newest)
        with self._store.read() as tx:
            oldest = tx.execute(
                select(events.c.id).where(known).order_by(events.c.id).limit(1)
            ).scalar()
        first = self._oldest = newest + 1 if oldest is None else int(oldest)
        return Gap(first) if event_id + 1 < first or event_id > newest else None

    def _newest(self) -> int:
        with self._store.read() as tx:
            return int(tx.execute(_NEWEST).scalar_one())

    def _read_new(self) -> None:
        for _ in range(PAGES):
            if not self._subscribers or not self._read_page():
                return
            self.note_progress()
        self.wake()

    def _read_page(self) -> bool:
        """Read a page and hand it to the streams. Return whether the page was full."""
        page = self._page(self.last, ALL, None)
        offers = 0
        for event in page:
            # A stream that joins now starts after this event, or is in this list.
            with self._joining:
                self.last = event.id
                subscribers = list(self._subscribers)
            for subscriber in subscribers:
                subscriber.offer(event)
            offers += len(subscribers)
            if offers >= OFFERS:
                offers = 0
                time.sleep(0)
        if page:
            self._wake_streams(each for each in list(self._subscribers) if each.has_news)
        return len(page) == PAGE

    def _look_at_streams(self) -> None:
        """End streams without clients, and wake silent ones for a heartbeat.

        One pass costs less than a timer for each stream. The next pass may be READ_EVERY seconds
        away, so streams are woken earlier by this time.
        """
        now = time.monotonic()
        if now - self._heartbeats_at < READ_EVERY:
            return
        self._heartbeats_at = now
        self._end_gone()
        since = now - (HEARTBEAT - READ_EVERY)
        self._wake_streams(each for each in list(self._subscribers) if each.woken_at <= since)

    def _page(self, after: int, channels: Channels, until: int | None) -> list[FeedEvent]:
        wanted = select(events.c.id, events.c.channel, events.c.kind, events.c.data)
        wanted = wanted.where(events.c.id > after).order_by(events.c.id).limit(PAGE)
        if not channels.are_all:
            wanted = wanted.where(channels.holds(events.c.channel))
        if until is not None:
            wanted = wanted.where(events.c.id <= until)
        with self._store.read() as tx:
            return [FeedEvent(*row) for row in tx.execute(wanted)]
