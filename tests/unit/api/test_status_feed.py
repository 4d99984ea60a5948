"""The stream of the status: one reading for all readers, which end with their keys."""

import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from splitflap_api.contract.models import KeyInput
from splitflap_api.domain.access.keys import Keyring
from splitflap_api.http.operator.status import _follow
from splitflap_api.http.services import Services
from splitflap_api.loops.long_requests import status_feed as module
from splitflap_api.loops.long_requests.key_watch import KeyWatch
from splitflap_api.loops.long_requests.status_feed import PERIOD, StatusFeed

from tests.support.event_stream import EventParser, ServerSentEvent

from .rig import Rig

PATIENCE = 30.0


class Source:
    """The status, which counts its readings."""

    def __init__(self) -> None:
        self.readings = 0
        self.error: Exception | None = None

    def read(self) -> str:
        """The next status."""
        self.readings += 1
        if self.error:
            raise self.error
        return str(self.readings)


class Time:
    """The monotonic clock of the feed."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """Its time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    """A clock that stands still."""
    made = Time()
    monkeypatch.setattr(module, "time", made)
    return made


@pytest.fixture
def source() -> Source:
    """A status without a database."""
    return Source()


@pytest.fixture
def feed(source: Source) -> StatusFeed:
    """A feed whose iterations the tests run themselves."""
    return StatusFeed(source.read)


def data(subscriber: Any) -> list[str]:
    """What a stream would send now."""
    return [event.data for event in subscriber.take()]


def test_a_hundred_readers_cost_one_reading(feed: StatusFeed, source: Source) -> None:
    """In each period."""
    readers = [feed.subscribe(f"key-{n}") for n in range(100)]
    for _ in range(3):
        feed.run_once()
    assert source.readings == 3
    assert [data(each) for each in readers] == [["1", "2", "3"]] * 100


def test_nobody_reads_without_readers(feed: StatusFeed, source: Source) -> None:
    """Neither before the first one, nor after the last one."""
    feed.run_once()
    reader = feed.subscribe("key")
    feed.run_once()
    feed.unsubscribe(reader)
    feed.run_once()
    assert source.readings == 1


def test_a_new_reader_gets_a_fresh_status_without_a_reading(
    feed: StatusFeed, source: Source, clock: Time
) -> None:
    """It waits neither for the next period, nor does it cause a reading."""
    feed.subscribe("key")
    feed.run_once()
    clock.now += PERIOD - 0.1
    assert data(feed.subscribe("key")) == ["1"]
    assert not feed._wake.is_set() or source.readings == 1
    clock.now += 0.2
    late = feed.subscribe("key")
    assert not late.has_news
    feed.run_once()
    assert data(late) == ["2"]


def test_a_slow_reading_lengthens_the_period(feed: StatusFeed, source: Source, clock: Time) -> None:
    """With SQLite a count of many jobs holds the process."""

    def read_slowly() -> str:
        clock.now += 0.5
        return source.read()

    slow = StatusFeed(read_slowly)
    feed.subscribe("key")
    slow.subscribe("key")
    feed.run_once()
    slow.run_once()
    assert feed._pause is not None
    assert slow._pause is not None
    assert (feed._pause(), slow._pause()) == (PERIOD, 0.5 * module.PAUSE_AFTER_READING)


def pieces(feed: StatusFeed, key: str = "key") -> tuple[Any, Iterator[bytes]]:
    """A stream and the pieces of its response."""
    subscriber = feed.subscribe(key)
    return subscriber, _follow(subscriber)


def test_a_slow_client_gets_the_newest_status_only(feed: StatusFeed) -> None:
    """The older ones are of no use to it."""
    _, stream = pieces(feed)
    parser = EventParser()
    parser.feed(next(stream))
    for _ in range(3):
        feed.run_once()
    assert parser.feed(next(stream)) == [ServerSentEvent("", "status", "3")]


def test_streams_beat_while_the_status_cannot_be_read(feed: StatusFeed, source: Source) -> None:
    """A proxy would close a silent connection. The next status that can be read follows."""
    subscriber, stream = pieces(feed)
    parser = EventParser()
    parser.feed(next(stream))
    source.error = RuntimeError("no database")
    beat: list[bytes] = []
    reader = threading.Thread(target=lambda: beat.append(next(stream)), daemon=True)
    reader.start()
    while subscriber._waiter is None:
        reader.join(0.01)
    feed.run_once()
    reader.join(PATIENCE)
    assert beat == [b":\n"]
    assert feed.failed
    source.error = None
    feed.run_once()
    assert [event.data for event in parser.feed(next(stream))] == ["2"]


def test_a_revoked_key_ends_its_stream(rig: Rig, feed: StatusFeed) -> None:
    """The status that came with it is not sent. Another key goes on."""
    keyring = Keyring(rig.store)
    revoked, valid = (keyring.create(KeyInput("me", ["observe"])).id for _ in range(2))
    (ended, stream), (goes_on, _) = pieces(feed, revoked), pieces(feed, valid)
    next(stream)
    watch = KeyWatch(keyring.valid, feed)
    watch.run_once()
    assert not ended.ended
    keyring.revoke(revoked)
    watch.run_once()
    feed.run_once()
    assert (ended.ended, goes_on.ended) == (True, False)
    assert next(stream).startswith(b"retry: ")
    assert list(stream) == []


def test_a_status_that_came_before_the_end_is_not_sent(feed: StatusFeed) -> None:
    """The stream waited for it while its key was revoked."""
    subscriber, stream = pieces(feed)
    next(stream)
    feed.run_once()

    def end() -> None:
        subscriber.ended = True

    subscriber.wait = end
    assert [each[:6] for each in stream] == [b"retry:"]


def test_a_stream_of_a_client_that_left_ends(feed: StatusFeed) -> None:
    """Within a period."""
    left = feed.subscribe("key", lambda: True)
    stays = feed.subscribe("key", lambda: False)
    feed.run_once()
    assert (left.ended, stays.ended) == (True, False)


def test_a_stop_ends_all_streams(feed: StatusFeed) -> None:
    """Also one that comes while the service stops."""
    first = feed.subscribe("key")
    feed.stop(0.0)
    assert (first.ended, feed.subscribe("key").ended) == (True, True)


def test_the_stream_sends_what_the_status_shows(client: FlaskClient, services: Services) -> None:
    """With the head of an event stream. HEAD has no stream."""
    assert client.head("/v1/status/events").status_code == 200
    assert services.status_feed.key_ids() == set()
    response = client.get("/v1/status/events", buffered=False)
    assert response.content_type == "text/event-stream; charset=utf-8"
    services.status_feed.run_once()
    parser = EventParser()
    stream = response.iter_encoded()
    parser.feed(next(stream))
    [event] = parser.feed(next(stream))
    shown: Any = client.get("/v1/status").json
    assert msgspec.json.decode(event.data).keys() == shown.keys()
    response.close()
    assert services.status_feed.key_ids() == set()
