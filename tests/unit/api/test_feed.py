"""The feed of events, on a real database: joining, resuming, gaps, slow streams."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from splitflap_api.domain.changes import Changes
from splitflap_api.loops import feed as module
from splitflap_api.loops.feed import Feed, FeedEvent, Gap, Subscriber
from splitflap_api.store.batcher import ThreadWaiters
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import events
from sqlalchemy import delete
from sqlalchemy.exc import TimeoutError as PoolTimeout

PATIENCE = 30.0


def write(store: Store, count: int, channel: str = "general") -> None:
    """As many events of a channel, in one transaction."""
    post = {"id": "p", "channel": channel, "revision": 1}
    with store.write() as tx:
        changes = Changes(store.now(tx))
        for _ in range(count):
            changes.event("rendered", post)
        changes.write(tx)


@pytest.fixture
def feed(store: Store) -> Iterator[Feed]:
    """A feed that reads."""
    made = Feed(store, lambda: None)
    made.start()
    yield made
    made.stop(PATIENCE)


def take(subscriber: Subscriber, count: int) -> list[int]:
    """The ids of so many events, waited for."""
    taken: list[FeedEvent] = []
    end = time.monotonic() + PATIENCE
    while len(taken) < count:
        assert time.monotonic() < end, "waited in vain"
        taken += subscriber.take()
        time.sleep(0.001)
    return [event.id for event in taken]


def test_a_subscriber_gets_what_comes(store: Store, feed: Feed) -> None:
    """From its place on, each once, in order; what was before is not sent."""
    write(store, 3)
    subscriber = feed.subscribe(None)
    assert subscriber.joined == 3
    write(store, 2)
    feed.wake()
    write(store, 1)
    feed.wake()
    assert take(subscriber, 3) == [4, 5, 6]
    assert subscriber.take() == []


def test_without_a_wake_up(store: Store, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wake-up that is lost costs a moment, not an event."""
    monkeypatch.setattr(module, "LOOK_EVERY", 0.05)
    feed.wake()
    subscriber = feed.subscribe(None)
    write(store, 1)
    assert take(subscriber, 1) == [1]


def test_a_channel_of_ones_own(store: Store, feed: Feed) -> None:
    """Others' events are not handed over, live or resumed."""
    subscriber = feed.subscribe("mine")
    write(store, 1, "other")
    write(store, 1, "mine")
    feed.wake()
    assert take(subscriber, 1) == [2]
    assert [event.id for page in feed.since(0, "mine", 2) for event in page] == [2]


@pytest.mark.parametrize("page", [1, 2, 5, 500])
def test_since_reads_in_pages(
    store: Store, feed: Feed, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """After an id, up to another, whatever the size of the pages."""
    monkeypatch.setattr(module, "PAGE", page)
    write(store, 10)
    assert [event.id for page in feed.since(3, None, 8) for event in page] == [4, 5, 6, 7, 8]
    assert list(feed.since(8, None, 8)) == list(feed.since(10, None, 99)) == []


@pytest.mark.parametrize(
    ("after", "gap"),
    [(0, Gap(4)), (2, Gap(4)), (3, None), (5, None), (6, None), (7, Gap(4))],
)
def test_gap(store: Store, feed: Feed, after: int, gap: Gap | None) -> None:
    """Events 1 to 3 of 6 are past their retention; an id that was never given is a gap too."""
    write(store, 6)
    with store.write() as tx:
        tx.execute(delete(events).where(events.c.id <= 3))
    assert feed.gap(after) == gap


def test_gap_where_all_is_gone(store: Store, feed: Feed) -> None:
    """An empty table still knows where it ended."""
    write(store, 6)
    with store.write() as tx:
        tx.execute(delete(events))
    assert feed.gap(5) == Gap(7)
    assert feed.gap(6) is None


def test_a_stream_that_is_too_far_behind(
    store: Store, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ended, so that its client resumes; memory stays bounded; others go on."""
    monkeypatch.setattr(module, "MAX_BEHIND", 5)
    slow, quick = feed.subscribe(None), feed.subscribe(None)
    write(store, 4)
    feed.wake()
    assert len(take(quick, 4)) == 4
    write(store, 4)
    feed.wake()
    assert len(take(quick, 4)) == 4
    assert slow.ended
    assert not quick.ended


def test_stop_ends_the_streams(store: Store) -> None:
    """Those that are there at once, and one that comes too late as well."""
    made = Feed(store, lambda: None)
    made.start()
    subscriber = made.subscribe(None)
    reader = threading.Thread(target=subscriber.wait)
    reader.start()
    made.stop(PATIENCE)
    reader.join(PATIENCE)
    assert not reader.is_alive()
    assert subscriber.ended
    assert made.subscribe(None).ended


def test_who_waits_is_called_when_something_comes(store: Store, feed: Feed) -> None:
    """A stream sleeps until then."""
    subscriber = feed.subscribe(None)
    reader = threading.Thread(target=subscriber.wait)
    reader.start()
    reader.join(0.1)
    assert reader.is_alive()
    write(store, 1)
    feed.wake()
    reader.join(PATIENCE)
    assert not reader.is_alive()
    assert take(subscriber, 1) == [1]


def test_what_came_before_the_wait_is_not_waited_for() -> None:
    """A stream that writes what it has taken may be offered more meanwhile."""
    subscriber = Subscriber(None, 0, ThreadWaiters())
    subscriber.offer(FeedEvent(1, "general", "rendered", "{}"))
    assert subscriber.call() is None
    reader = threading.Thread(target=subscriber.wait, daemon=True)
    reader.start()
    reader.join(PATIENCE)
    assert not reader.is_alive()


def test_a_silent_stream_is_called(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing to take: it is to say that it is alive."""
    subscriber = feed.subscribe(None)
    reader = threading.Thread(target=subscriber.wait)
    reader.start()
    monkeypatch.setattr(module, "HEARTBEAT", 0.0)
    reader.join(PATIENCE)
    assert not reader.is_alive()
    assert not subscriber.has_news


def test_an_unsubscribed_stream_gets_no_more(store: Store, feed: Feed) -> None:
    """Nothing is kept for who has left."""
    gone, there = feed.subscribe(None), feed.subscribe(None)
    feed.unsubscribe(gone)
    write(store, 1)
    feed.wake()
    take(there, 1)
    assert gone.take() == []


def test_who_waits_for_tasks_is_woken(store: Store) -> None:
    """A wake-up is passed on, before the look that it causes."""
    woken = threading.Event()
    made = Feed(store, woken.set)
    made.start()
    made.wake()
    assert woken.wait(PATIENCE)
    made.stop(PATIENCE)


def test_what_was_before_a_stream_is_not_handed_to_it() -> None:
    """A look that began before it joined may still come by with older events."""
    subscriber = Subscriber(None, 5, ThreadWaiters())
    for number in (4, 5, 6):
        subscriber.offer(FeedEvent(number, "general", "rendered", "{}"))
    assert [event.id for event in subscriber.take()] == [6]


@contextmanager
def switching_often() -> Iterator[None]:
    """Threads of this process take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_joining_while_events_come(store: Store, feed: Feed) -> None:
    """Whenever a stream joins, what it resumes and what it is handed are all, each once."""

    def writing() -> None:
        for _ in range(60):
            write(store, 5)
            feed.wake()

    def ids_of(subscriber: Subscriber) -> list[int]:
        resumed = [event.id for page in feed.since(0, None, subscriber.joined) for event in page]
        return resumed + take(subscriber, 300 - len(resumed))

    writer = threading.Thread(target=writing)
    subscribers: list[Subscriber] = [feed.subscribe(None)]
    with switching_often():
        writer.start()
        while writer.is_alive():
            subscribers.append(feed.subscribe(None))
            time.sleep(0.001)
    writer.join()
    feed.wake()
    for subscriber in subscribers:
        assert ids_of(subscriber) == list(range(1, 301))


def test_alive(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The health check complains once no look has ended for a minute."""
    assert feed.alive() is None
    later = time.monotonic() + 61
    feed.stop(PATIENCE)
    monkeypatch.setattr(time, "monotonic", lambda: later)
    feed._last_look = later - 61
    complaint = feed.alive()
    assert complaint is not None
    assert complaint.startswith("no look for 61")


def test_a_look_that_fails_is_not_the_last(
    store: Store, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it was: no connection free in time, among others."""
    monkeypatch.setattr(module, "LOOK_EVERY", 0.05)
    subscriber = feed.subscribe(None)
    errors = [PoolTimeout("no connection"), RuntimeError("a bug")]
    page = feed._page

    def failing(*args: Any) -> list[FeedEvent]:
        if errors:
            raise errors.pop()
        return page(*args)

    monkeypatch.setattr(feed, "_page", failing)
    write(store, 1)
    assert take(subscriber, 1) == [1]
    assert errors == []
