"""Server-Sent Events: each event once and in order, from any API."""

import random
import threading

import pytest

from tests.system.conftest import only
from tests.system.rig.client import Client
from tests.system.rig.site import Site
from tests.system.rig.sse import EventStream, Frame
from tests.system.rig.stack import ADMIN, Stack
from tests.system.rig.writer import Writer

#: Posts created while readers connect and disconnect.
POSTS = 150

#: A post without links has three events: accepted, rendered, done.
EVENTS_PER_POST = 3


def take(stream: EventStream, last_kind: str) -> list[Frame]:
    """Read events up to the first one of a kind."""
    taken = []
    for frame in stream.events():
        taken.append(frame)
        if frame.event == last_kind:
            break
    return taken


def latest_id(stack: Stack, api: str = "api") -> int:
    """The id of the newest event."""
    with EventStream(stack.url(api), ADMIN) as stream:
        return stream.start_id()


def test_events_of_a_post_come_in_order(
    stack: Stack, client: Client, channel: str, site: Site
) -> None:
    """Ids grow, and each event names its post and revision."""
    with EventStream(stack.url(), ADMIN, channel) as stream:
        url = site.url(f"page/events-{channel}")
        post = client.create_post(f"see {url}", channel)
        assert client.delete(f"/v1/posts/{post['id']}").status_code == 204
        events = take(stream, "deleted")
    kinds = [event.event for event in events]
    assert kinds == ["accepted", "rendered", "preview", "done", "deleted"]
    ids = [event.id or 0 for event in events]
    assert ids == sorted(set(ids))
    assert {(e.data["post"], e.data["channel"], e.data["revision"]) for e in events} == {
        (post["id"], channel, 1)
    }
    assert (events[2].data["url"], events[2].data["state"]) == (url, "ready")


def test_stream_of_a_channel_has_only_its_events(
    stack: Stack, client: Client, channel: str
) -> None:
    """A stream without a channel has the events of all channels."""
    with (
        EventStream(stack.url(), ADMIN, channel) as one,
        EventStream(stack.url(), ADMIN) as everything,
    ):
        elsewhere = client.create_post("not here", f"{channel}-other")
        here = client.create_post("here", channel)
        assert {event.data["post"] for event in take(one, "done")} == {here["id"]}
        seen = {event.data["post"] for _ in "ab" for event in take(everything, "done")}
        assert {elsewhere["id"], here["id"]} <= seen


def test_no_block_of_a_stream_is_an_empty_event(stack: Stack, client: Client, channel: str) -> None:
    """A block without data is no event by the specification. Some parsers make one of it.

    The streams are new, resumed and silent. A silent one has a comment after 15 s, on one line.
    """
    start = latest_id(stack)
    client.create_post("before", channel)
    with (
        EventStream(stack.url(), ADMIN, f"{channel}-silent") as silent,
        EventStream(stack.url(), ADMIN, channel, start + 10_000) as gap,
        EventStream(stack.url(), ADMIN, channel, start) as resumed,
    ):
        assert silent.start_id() >= start
        assert next(gap.events()).event == "gap"
        assert [each.event for each in take(resumed, "done")] == ["accepted", "rendered", "done"]
        assert silent.response.readline() == b":\n"
        assert all(each.parser.reconnection_ms for each in (silent, gap, resumed))
        assert [each.parser.blocks_without_data for each in (silent, gap, resumed)] == [[]] * 3


def test_stream_begins_with_an_id(stack: Stack, client: Client, channel: str) -> None:
    """A client that lost the stream before its first event can resume from this id."""
    last = latest_id(stack)
    post = client.create_post("without a stream", channel)
    with EventStream(stack.url(stack.apis[-1]), ADMIN, channel, last) as stream:
        events = take(stream, "done")
    assert [event.event for event in events] == ["accepted", "rendered", "done"]
    assert events[0].data["post"] == post["id"]


class Reader:
    """Reads all events of a channel, from random APIs. Each connection ends at random."""

    def __init__(self, stack: Stack, channel: str, last_id: int, seed: int) -> None:
        self.seen: list[int] = []
        self.connections = 0
        self._stack = stack
        self._channel = channel
        self._last_id = last_id
        self._random = random.Random(seed)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while len(self.seen) < POSTS * EVENTS_PER_POST:
            api = self._random.choice(self._stack.apis)
            self.connections += 1
            with EventStream(self._stack.url(api), ADMIN, self._channel, self._last_id) as stream:
                self._read(stream, self._random.randint(1, 60))

    def _read(self, stream: EventStream, count: int) -> None:
        for frame in stream.events():
            assert frame.event != "gap"
            assert frame.id is not None
            self.seen.append(frame.id)
            self._last_id = frame.id
            count -= 1
            if count <= 0 or len(self.seen) >= POSTS * EVENTS_PER_POST:
                return


def test_resuming_readers_see_each_event_once(stack: Stack, channel: str) -> None:
    """Four readers resume at random APIs. Each sees every event once and in order."""
    start = latest_id(stack)
    readers = [Reader(stack, channel, start, seed) for seed in range(4)]
    with Writer(stack.clients(), channel) as writer:
        writer.allow(POSTS)
    for reader in readers:
        reader.thread.join(40)
        assert not reader.thread.is_alive(), f"{len(reader.seen)} events seen"
        assert reader.seen == sorted(set(reader.seen))
        assert reader.seen == readers[0].seen
        assert reader.connections > 3
    with EventStream(stack.url(), ADMIN, channel, start) as stream:
        uninterrupted = [
            frame.id for _, frame in zip(readers[0].seen, stream.events(), strict=False)
        ]
    assert uninterrupted == readers[0].seen


@pytest.mark.parametrize("ahead", [1, 1_000_000])
def test_unknown_last_event_id_begins_with_a_gap(
    stack: Stack, client: Client, channel: str, ahead: int
) -> None:
    """An id above the newest one, as after a restored backup, gets `gap` and then new events."""
    with EventStream(stack.url(), ADMIN, channel, latest_id(stack) + 10_000 * ahead) as stream:
        post = client.create_post("after the gap", channel)
        events = take(stream, "done")
    assert events[0].event == "gap"
    assert events[0].data["oldest"] >= 1
    assert [event.event for event in events[1:]] == ["accepted", "rendered", "done"]
    assert events[1].data["post"] == post["id"]


def test_stream_ends_with_a_retry_when_the_api_stops(stack: Stack, channel: str) -> None:
    """The client reconnects after `retry` and resumes from its last id."""
    api = stack.apis[-1]
    with EventStream(stack.url(api), ADMIN, channel) as stream:
        last = stream.start_id()
        stream.parser.reconnection_ms = None
        stack.services[api].terminate()
        assert list(stream.all_events()) == []
        assert stream.parser.reconnection_ms
    assert stack.services[api].wait() == 0
    stack.start(api)
    post = stack.client().create_post("once it is back", channel)
    with EventStream(stack.url(api), ADMIN, channel, last) as stream:
        assert take(stream, "done")[0].data["post"] == post["id"]


@only("servers")
def test_stream_has_the_events_of_another_api(stack: Stack, channel: str) -> None:
    """The posts of one API reach the streams of the other one."""
    with EventStream(stack.url("api-2"), ADMIN, channel) as stream:
        for number in range(3):
            stack.client("api").create_post(f"post {number}", channel)
            assert len(take(stream, "done")) == EVENTS_PER_POST
