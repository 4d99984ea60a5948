"""The bytes of an event stream, read by a strict parser."""

import re
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from splitflap_api.domain.access.channels import ALL
from splitflap_api.http import events as module
from splitflap_api.http.events import EventViews
from splitflap_api.loops.long_requests import feed as feed_module
from splitflap_api.loops.long_requests.feed import Gap
from splitflap_api.loops.long_requests.subscriber import FeedEvent

from tests.support.event_stream import EventParser, ServerSentEvent
from tests.system.rig import sse

from .rig import Rig

KEY = "key-1"


def stream_of(rig: Rig, after: int | None = None, gap: Gap | None = None) -> Any:
    """The subscriber and the pieces of a stream."""
    services: Any = SimpleNamespace(feed=rig.feed, metrics=rig.metrics)
    subscriber = rig.feed.subscribe(ALL, KEY)
    return subscriber, EventViews(services)._write(subscriber, after, gap)


def test_a_new_stream_begins_with_the_event_start(rig: Rig) -> None:
    """Its id is that of the newest event, and its block sets the time of a reconnection."""
    rig.post()
    subscriber, pieces = stream_of(rig)
    parser = EventParser()
    assert parser.feed(next(pieces)) == []
    assert parser.feed(next(pieces)) == [ServerSentEvent("1", "start", "{}")]
    low, high = module.RETRY_MS
    assert parser.reconnection_ms is not None
    assert low <= parser.reconnection_ms <= high
    assert subscriber.joined == 1


def test_a_silent_stream_has_a_comment_of_one_line(rig: Rig) -> None:
    """With an empty line after the comment, some parsers would make an empty event of it."""
    subscriber, pieces = stream_of(rig)
    head = next(pieces) + next(pieces)
    subscriber.wait = lambda: None
    silence = [next(pieces) for _ in range(3)]
    rig.post()
    rig.feed.run_once()
    parser = EventParser()
    events = parser.feed(head + b"".join(silence) + next(pieces))
    assert silence == [b":\n"] * 3
    assert [event.type for event in events] == ["start", "accepted"]
    assert parser.comments == [""] * 3
    assert parser.blocks_without_data == []


def test_a_gap_and_an_end_are_no_empty_events(rig: Rig) -> None:
    """A gap has no id: the client keeps its own until the next event."""
    for _ in range(3):
        rig.post()
    subscriber, pieces = stream_of(rig, 1, Gap(2))
    subscriber.wait = lambda: setattr(subscriber, "ended", True)
    parser = EventParser()
    events = parser.feed(b"".join(pieces))
    assert [(each.last_event_id, each.type) for each in events] == [
        ("", "gap"),
        ("2", "accepted"),
        ("3", "accepted"),
    ]
    assert parser.blocks_without_data == []


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("", "message", "YHOO\n+2\n10")]),
        (
            b": a comment\n\ndata:first\nid: 1\n\ndata:  second\nid\n\ndata: third",
            [("1", "message", "first"), ("", "message", " second")],
        ),
        (b"\xef\xbb\xbfdata\n\ndata\ndata\n\ndata:", [("", "message", ""), ("", "message", "\n")]),
        (
            b"event: a\r\ndata: 1\r\n\r\nid: 2\rdata: 3\r\r",
            [("", "a", "1"), ("2", "message", "3")],
        ),
    ],
)
def test_the_parser_follows_the_specification(
    stream: bytes, events: list[tuple[str, str, str]]
) -> None:
    """Most are its examples. The pieces of the stream make no difference."""
    parser = EventParser()
    byte_by_byte = [event for byte in stream for event in parser.feed(bytes([byte]))]
    assert EventParser().feed(stream) == byte_by_byte == events


@given(st.text(max_size=30), st.integers(1, 10**18))
def test_any_data_is_one_line(text: str, number: int) -> None:
    """JSON escapes line ends, so an event cannot end early or add fields."""
    data = msgspec.json.encode({"url": text}).decode()
    frame = module.frame(number, "preview", data)
    assert EventParser().feed(frame) == [ServerSentEvent(str(number), "preview", data)]
    assert not re.search(rb"[\r\n](?!id: |event: |data: |\n|$)", frame)


def test_an_ended_stream_sends_no_more_events(rig: Rig) -> None:
    """A revoked key gets no event that came before its stream was told."""
    subscriber, pieces = stream_of(rig)
    next(pieces), next(pieces)
    subscriber.offer(FeedEvent(1, "general", "rendered", "{}"))
    subscriber.ended = True
    assert [piece for piece in pieces if not piece.startswith(b"retry:")] == []


def test_a_stream_that_is_ended_while_it_resumes_stops(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day of events takes longer than the 5 s in which a key must end."""
    monkeypatch.setattr(feed_module, "PAGE", 1)
    for _ in range(5):
        rig.post()
    subscriber, pieces = stream_of(rig, 0)
    assert next(pieces).startswith(b"retry:")
    assert b"id: 1\n" in next(pieces)
    subscriber.ended = True
    assert [piece for piece in pieces if b"id: " in piece] == []


def test_the_tests_wait_longer_for_a_comment_than_the_server() -> None:
    """The system tests do not import the server, so their constant is a copy."""
    assert sse.SILENCE_TIMEOUT >= 2 * feed_module.HEARTBEAT
