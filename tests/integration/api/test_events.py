"""Events are numbered in the order of commits: who reads on from the last one misses none."""

import re
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from splitflap_api.http.events import EventViews
from splitflap_api.loops.feed import FeedEvent
from splitflap_api.store import schema

from tests.support import wait_until

from .conftest import MakeReplica
from .replica import HOUR, Replica
from .tail import Tail

#: Posts that each writer makes.
POSTS = 150

#: Writers on each replica.
WRITERS = 3


def write_together(*replicas: Replica) -> None:
    """Posts from several threads of each replica at the same time."""

    def write(replica: Replica) -> None:
        for number in range(POSTS // WRITERS):
            replica.post(f"post {number}")

    threads = [
        threading.Thread(target=write, args=(replica,))
        for replica in replicas
        for _ in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
        assert not thread.is_alive()


def test_reader_misses_no_event_of_two_writers(make_replica: MakeReplica) -> None:
    """No id is served before a lower one."""
    one, two = make_replica(), make_replica()
    with Tail(one.store) as tail:
        write_together(one, two)
        seen = tail.until(2 * POSTS)
    assert seen == list(range(1, 2 * POSTS + 1))


def test_feeds_of_all_replicas_give_the_same(make_replica: MakeReplica) -> None:
    """Each stream gets every event once, in order, whoever wrote it."""
    one, two = make_replica(), make_replica()
    subscribers = []
    for replica in (one, two):
        replica.feed.start()
        subscribers.append(replica.feed.subscribe(None))
    write_together(one, two)
    got: list[list[tuple[int, str, str, str]]] = [[], []]

    def all_came() -> bool:
        for seen, subscriber in zip(got, subscribers, strict=True):
            seen.extend(subscriber.take())
        return all(len(events) >= 2 * POSTS for events in got)

    wait_until(all_came, lambda: f"events: {[len(each) for each in got]}", 30)
    for replica in (one, two):
        replica.feed.stop(5)
    assert [event[0] for event in got[0]] == list(range(1, 2 * POSTS + 1))
    assert got[0] == got[1]


def test_place_that_was_swept_away_is_a_gap(replica: Replica) -> None:
    """Events past their retention are deleted; who was before them is told."""
    for _ in range(3):
        replica.post()
    replica.change(
        schema.events, created_at=replica.rows(schema.events)[0]["created_at"] - 2 * HOUR
    )
    replica.post()
    assert replica.feed.gap(0) is None
    replica.reconciler.run_once()
    assert [row["id"] for row in replica.rows(schema.events)] == [4]
    gap = replica.feed.gap(1)
    assert gap is not None
    assert gap.oldest == 4
    assert replica.feed.gap(3) is None
    assert replica.feed.gap(4) is None
    assert replica.feed.gap(5) is not None


def test_ids_go_on_after_all_were_swept_away(replica: Replica) -> None:
    """A number is never used twice, or clients would skip what they have not seen."""
    replica.post()
    replica.change(schema.events, created_at=1)
    replica.reconciler.run_once()
    assert replica.rows(schema.events) == []
    assert replica.feed.gap(0) is not None
    assert replica.feed.gap(1) is None
    replica.post()
    assert [row["id"] for row in replica.rows(schema.events)] == [2]


def test_stream_that_joins_during_a_look_gets_nothing_twice(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read before it came is behind its place: it is served that by its resumption."""
    feed = replica.feed
    first = feed.subscribe(None)
    replica.post()
    read, joined = feed._page, []

    def read_while_streams_change(*place: Any) -> list[FeedEvent]:
        rows = read(*place)
        feed.unsubscribe(first)
        joined.append(feed.subscribe(None))
        return rows

    monkeypatch.setattr(feed, "_page", read_while_streams_change)
    feed._look()
    assert joined[0].joined == 1
    assert joined[0].take() == []


def test_stream_that_comes_from_a_faster_replica_gets_nothing_twice(replica: Replica) -> None:
    """Its Last-Event-ID is ahead of what this replica has read."""
    feed = replica.feed
    feed.subscribe(None)
    for _ in range(2):
        replica.post()
    services: Any = SimpleNamespace(feed=feed, keyring=None, metrics=replica.metrics)
    stream = EventViews(services)._write(feed.subscribe(None), 1, None, "secret")
    assert next(stream).startswith(b"retry:")
    feed._look()
    assert re.findall(rb"id: (\d+)", next(stream)) == [b"2"]
