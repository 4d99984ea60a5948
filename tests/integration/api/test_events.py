"""Event ids are in the order of commits, so a reader from its last id on gets all events."""

import re
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from splitflap_api.domain.access.channels import ALL
from splitflap_api.http.events import EventViews
from splitflap_api.loops.long_requests.subscriber import FeedEvent
from splitflap_api.store import schema

from tests.support import wait_until
from tests.unit.api.rig import HOUR, Rig

from .conftest import MakeRig
from .tail import Tail

#: The id of a stream's key.
KEY = "key-1"

#: Posts on each replica.
POSTS = 150

#: Threads that write on each replica.
WRITERS = 3


def write_together(*replicas: Rig) -> None:
    """Posts from several threads of each replica at the same time."""

    def write(rig: Rig) -> None:
        for number in range(POSTS // WRITERS):
            rig.post(f"post {number}")

    threads = [
        threading.Thread(target=write, args=(rig,)) for rig in replicas for _ in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
        assert not thread.is_alive()


def test_a_reader_gets_all_events_of_two_replicas(make_rig: MakeRig) -> None:
    """The events come in the order of their ids."""
    one, two = make_rig(), make_rig()
    with Tail(one.store) as tail:
        write_together(one, two)
        seen = tail.until(2 * POSTS)
    assert seen == list(range(1, 2 * POSTS + 1))


def test_feeds_of_all_replicas_give_the_same_events(make_rig: MakeRig) -> None:
    """Each stream gets every event once, in order."""
    one, two = make_rig(), make_rig()
    subscribers = []
    for rig in (one, two):
        rig.feed.start()
        subscribers.append(rig.feed.subscribe(ALL, KEY))
    write_together(one, two)
    got: list[list[tuple[int, str, str, str]]] = [[], []]

    def all_came() -> bool:
        for seen, subscriber in zip(got, subscribers, strict=True):
            seen.extend(subscriber.take())
        return all(len(events) >= 2 * POSTS for events in got)

    wait_until(all_came, lambda: f"events: {[len(each) for each in got]}", 30)
    for rig in (one, two):
        rig.feed.stop(5)
    assert [event[0] for event in got[0]] == list(range(1, 2 * POSTS + 1))
    assert got[0] == got[1]


def test_deleted_events_are_a_gap(rig: Rig) -> None:
    """Only a stream that resumes before them gets the gap."""
    for _ in range(3):
        rig.post()
    rig.change(schema.events, created_at=rig.rows(schema.events)[0]["created_at"] - 2 * HOUR)
    rig.post()
    assert rig.feed.gap(0) is None
    rig.reconcile()
    assert [row["id"] for row in rig.rows(schema.events)] == [4]
    gap = rig.feed.gap(1)
    assert gap is not None
    assert gap.oldest == 4
    assert rig.feed.gap(3) is None
    assert rig.feed.gap(4) is None
    assert rig.feed.gap(5) is not None


def test_ids_grow_although_all_events_were_deleted(rig: Rig) -> None:
    """Clients would skip an event with a used id."""
    rig.post()
    rig.change(schema.events, created_at=1)
    rig.reconcile()
    assert rig.rows(schema.events) == []
    assert rig.feed.gap(0) is not None
    assert rig.feed.gap(1) is None
    rig.post()
    assert [row["id"] for row in rig.rows(schema.events)] == [2]


def test_a_stream_that_joins_during_a_read_gets_each_event_once(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its resumption gives it the earlier events."""
    feed = rig.feed
    first = feed.subscribe(ALL, KEY)
    rig.post()
    read, joined = feed._page, []

    def read_while_streams_change(*place: Any) -> list[FeedEvent]:
        rows = read(*place)
        feed.unsubscribe(first)
        joined.append(feed.subscribe(ALL, KEY))
        return rows

    monkeypatch.setattr(feed, "_page", read_while_streams_change)
    feed.run_once()
    assert joined[0].joined == 1
    assert joined[0].take() == []


def test_a_stream_from_a_faster_replica_gets_each_event_once(rig: Rig) -> None:
    """Its Last-Event-ID is ahead of this replica's feed."""
    feed = rig.feed
    feed.subscribe(ALL, KEY)
    for _ in range(2):
        rig.post()
    services: Any = SimpleNamespace(feed=feed, metrics=rig.metrics)
    stream = EventViews(services)._write(feed.subscribe(ALL, KEY), 1, None)
    assert next(stream).startswith(b"retry:")
    feed.run_once()
    assert re.findall(rb"id: (\d+)", next(stream)) == [b"2"]
