"""The feed of events on a real database: joining, resuming, gaps, slow streams."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from splitflap_api.domain.access.channels import ALL, Channels
from splitflap_api.domain.changes import Changes
from splitflap_api.domain.fair.routes import Router
from splitflap_api.loops import loop
from splitflap_api.loops.long_requests import feed as module
from splitflap_api.loops.long_requests import subscriber as subscriber_module
from splitflap_api.loops.long_requests.feed import Feed, Gap
from splitflap_api.loops.long_requests.subscriber import FeedEvent, Subscriber
from splitflap_api.loops.waiters import ThreadWaiters
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import events
from sqlalchemy import delete
from sqlalchemy.exc import TimeoutError as PoolTimeout

PATIENCE = 30.0

#: The id of a stream's key.
KEY = "key-1"


def write(store: Store, count: int, channel: str = "general") -> None:
    """Write events of a channel in one transaction."""
    post = {"id": "p", "channel": channel, "revision": 1}
    with store.write() as tx:
        changes = Changes(store.now(tx), Router())
        for _ in range(count):
            changes.event("rendered", post)
        changes.write(tx)


@pytest.fixture
def feed(store: Store) -> Iterator[Feed]:
    """A started feed."""
    made = Feed(store)
    made.start()
    yield made
    made.stop(PATIENCE)


def take(subscriber: Subscriber, count: int) -> list[int]:
    """Wait for so many events, and return their ids."""
    taken: list[FeedEvent] = []
    end = time.monotonic() + PATIENCE
    while len(taken) < count:
        assert time.monotonic() < end, "the events did not arrive"
        taken += subscriber.take()
        time.sleep(0.001)
    return [event.id for event in taken]


def test_a_stream_gets_the_events_after_its_start(store: Store, feed: Feed) -> None:
    """The stream gets each event once and in order, and no earlier events."""
    write(store, 3)
    subscriber = feed.subscribe(ALL, KEY)
    assert subscriber.joined == 3
    write(store, 2)
    feed.wake()
    write(store, 1)
    feed.wake()
    assert take(subscriber, 3) == [4, 5, 6]
    assert subscriber.take() == []


def test_a_stream_gets_events_without_a_wake_up(
    store: Store, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost wake-up costs READ_EVERY seconds, and no event."""
    monkeypatch.setattr(module, "READ_EVERY", 0.05)
    feed.wake()
    subscriber = feed.subscribe(ALL, KEY)
    write(store, 1)
    assert take(subscriber, 1) == [1]


def test_a_stream_of_a_channel_gets_its_events_alone(store: Store, feed: Feed) -> None:
    """This holds for live and for resumed events."""
    subscriber = feed.subscribe(Channels.of(["mine"]), KEY)
    write(store, 1, "other")
    write(store, 1, "mine")
    feed.wake()
    assert take(subscriber, 1) == [2]
    assert [event.id for page in feed.since(0, Channels.of(["mine"]), 2) for event in page] == [2]


@pytest.mark.parametrize("page", [1, 2, 5, 500])
def test_since_reads_in_pages(
    store: Store, feed: Feed, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """The read begins after one id and ends at another, with pages of any size."""
    monkeypatch.setattr(module, "PAGE", page)
    write(store, 10)
    assert [event.id for page in feed.since(3, ALL, 8) for event in page] == [4, 5, 6, 7, 8]
    assert list(feed.since(8, ALL, 8)) == list(feed.since(10, ALL, 99)) == []


@pytest.mark.parametrize(
    ("after", "gap"),
    [(0, Gap(4)), (2, Gap(4)), (3, None), (5, None), (6, None), (7, Gap(4))],
)
def test_a_gap_is_reported_with_the_oldest_event(
    store: Store, feed: Feed, after: int, gap: Gap | None
) -> None:
    """Events 1 to 3 of 6 are past their retention. An unknown id is a gap too."""
    write(store, 6)
    with store.write() as tx:
        tx.execute(delete(events).where(events.c.id <= 3))
    assert feed.gap(after) == gap


def test_an_empty_table_reports_gaps_too(store: Store, feed: Feed) -> None:
    """The counter has the last id."""
    write(store, 6)
    with store.write() as tx:
        tx.execute(delete(events))
    assert feed.gap(5) == Gap(7)
    assert feed.gap(6) is None


def test_a_stream_that_is_too_far_behind_is_ended(
    store: Store, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client resumes, memory stays bounded, and other streams go on."""
    monkeypatch.setattr(subscriber_module, "MAX_BEHIND", 5)
    slow, quick = feed.subscribe(ALL, KEY), feed.subscribe(ALL, KEY)
    write(store, 4)
    feed.wake()
    assert len(take(quick, 4)) == 4
    write(store, 4)
    feed.wake()
    assert len(take(quick, 4)) == 4
    assert slow.ended
    assert not quick.ended


def test_a_stop_ends_the_streams(store: Store) -> None:
    """Present streams end at once, and a later stream at its start."""
    made = Feed(store)
    made.start()
    subscriber = made.subscribe(ALL, KEY)
    reader = threading.Thread(target=subscriber.wait)
    reader.start()
    made.stop(PATIENCE)
    reader.join(PATIENCE)
    assert not reader.is_alive()
    assert subscriber.ended
    assert made.subscribe(ALL, KEY).ended


def test_a_waiting_stream_is_woken_by_an_event(store: Store, feed: Feed) -> None:
    """The stream waits until the event."""
    subscriber = feed.subscribe(ALL, KEY)
    reader = threading.Thread(target=subscriber.wait)
    reader.start()
    reader.join(0.1)
    assert reader.is_alive()
    write(store, 1)
    feed.wake()
    reader.join(PATIENCE)
    assert not reader.is_alive()
    assert take(subscriber, 1) == [1]


def test_an_event_before_the_wait_ends_it_at_once() -> None:
    """Events may come while a stream writes earlier ones."""
    subscriber = Subscriber(ALL, KEY, 0, ThreadWaiters())
    subscriber.offer(FeedEvent(1, "general", "rendered", "{}"))
    assert subscriber.take_waiter() is None
    reader = threading.Thread(target=subscriber.wait, daemon=True)
    reader.start()
    reader.join(PATIENCE)
    assert not reader.is_alive()


def test_a_silent_stream_is_woken_for_a_heartbeat(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream has no event to take."""
    subscriber = feed.subscribe(ALL, KEY)
    reader = threading.Thread(target=subscriber.wait)
    reader.start()
    monkeypatch.setattr(module, "HEARTBEAT", 0.0)
    reader.join(PATIENCE)
    assert not reader.is_alive()
    assert not subscriber.has_news


def test_a_silent_stream_is_woken_while_more_events_come_than_are_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One iteration reads a limited number of pages, so its other duties are not late."""
    monkeypatch.setattr(module, "PAGE", 1)
    monkeypatch.setattr(module, "HEARTBEAT", 0.0)
    monkeypatch.setattr(module, "READ_EVERY", 0.0)
    made = Feed(store)
    busy, silent = (
        made.subscribe(Channels.of(["general"]), KEY),
        made.subscribe(Channels.of(["other"]), KEY),
    )
    reader = threading.Thread(target=silent.wait, daemon=True)
    reader.start()
    write(store, 2 * module.PAGES)
    made.run_once()
    assert len(busy.take()) == module.PAGES
    reader.join(PATIENCE)
    assert not reader.is_alive()


def test_a_stream_ends_with_its_client(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is woken at once, and the other streams go on."""
    monkeypatch.setattr(module, "READ_EVERY", 0.0)
    made = Feed(store)
    gone, there = made.subscribe(ALL, KEY, lambda: True), made.subscribe(ALL, KEY, lambda: False)
    reader = threading.Thread(target=gone.wait, daemon=True)
    reader.start()
    made.run_once()
    reader.join(PATIENCE)
    assert not reader.is_alive()
    assert (gone.ended, there.ended) == (True, False)


def test_a_resuming_stream_of_a_quiet_channel_reads_in_windows(
    store: Store, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One read must not search a whole table for the events of one channel."""
    monkeypatch.setattr(module, "WINDOW", 4)
    monkeypatch.setattr(module, "PAGE", 2)
    write(store, 9, "other")
    write(store, 3, "mine")
    write(store, 9, "other")
    windows: list[tuple[int, int]] = []
    page = feed._page

    def noted(after: int, channels: Channels, until: int) -> list[FeedEvent]:
        windows.append((after, until))
        return page(after, channels, until)

    monkeypatch.setattr(feed, "_page", noted)
    assert [event.id for page in feed.since(0, Channels.of(["mine"]), 21) for event in page] == [
        10,
        11,
        12,
    ]
    assert all(until - after <= 4 for after, until in windows)


def test_an_unsubscribed_stream_gets_no_more_events(store: Store, feed: Feed) -> None:
    """Other streams still get events."""
    gone, there = feed.subscribe(ALL, KEY), feed.subscribe(ALL, KEY)
    feed.unsubscribe(gone)
    write(store, 1)
    feed.wake()
    take(there, 1)
    assert gone.take() == []


def test_a_stream_ignores_events_from_before_its_start() -> None:
    """A read that began before may still offer older events."""
    subscriber = Subscriber(ALL, KEY, 5, ThreadWaiters())
    for number in (4, 5, 6):
        subscriber.offer(FeedEvent(number, "general", "rendered", "{}"))
    assert [event.id for event in subscriber.take()] == [6]


@contextmanager
def switching_often() -> Iterator[None]:
    """Let Python switch threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_a_stream_that_starts_among_events_gets_each_once(store: Store, feed: Feed) -> None:
    """Its resumed and its live events together are all events."""

    def writing() -> None:
        for _ in range(60):
            write(store, 5)
            feed.wake()

    def ids_of(subscriber: Subscriber) -> list[int]:
        resumed = [event.id for page in feed.since(0, ALL, subscriber.joined) for event in page]
        return resumed + take(subscriber, 300 - len(resumed))

    writer = threading.Thread(target=writing)
    subscribers: list[Subscriber] = [feed.subscribe(ALL, KEY)]
    with switching_often():
        writer.start()
        while writer.is_alive():
            subscribers.append(feed.subscribe(ALL, KEY))
            time.sleep(0.001)
    writer.join()
    feed.wake()
    for subscriber in subscribers:
        assert ids_of(subscriber) == list(range(1, 301))


def test_a_feed_without_iterations_is_unhealthy(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The health check fails after STUCK_AFTER seconds."""
    assert feed.complaint() is None
    feed.stop(PATIENCE)
    later = time.monotonic() + loop.STUCK_AFTER + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert "feed: no progress for 61 s" in str(feed.complaint())


def test_the_feed_reads_on_after_a_failed_read(
    store: Store, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This holds for any error, such as the lack of a free connection."""
    monkeypatch.setattr(module, "READ_EVERY", 0.05)
    subscriber = feed.subscribe(ALL, KEY)
    errors = [PoolTimeout("no connection"), RuntimeError("a bug")]
    read = store.read

    def failing() -> Any:
        if errors:
            raise errors.pop()
        return read()

    write(store, 1)
    monkeypatch.setattr(store, "read", failing)
    assert take(subscriber, 1) == [1]
    assert errors == []
