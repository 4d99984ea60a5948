"""Clients that read event streams, resume them where they ended, and record the events."""

import contextlib
import http.client
import threading
import time
from dataclasses import dataclass, field
from random import Random

from tests.support import WaitTimeout, wait_until
from tests.system.rig.sse import EventStream, Frame
from tests.system.rig.stack import ADMIN

from .deployment import Deployment

#: Errors of a stream that is cut off, refused or ended.
STREAM_ERRORS = (OSError, http.client.HTTPException, AssertionError, ValueError)

#: Seconds until a live stream must have received the newest event.
RECEIVE_TIMEOUT = 45.0

#: Seconds that a feed may be behind after an outage of the database: one for its pause after the
#: error, one until its next poll, and some more.
FEED_DELAY = 2.5


@dataclass
class StreamRecord:
    """The event ids that one stream received, beside the ids that it should have received."""

    name: str
    seen: list[int] = field(default_factory=list)
    expected: list[int] = field(default_factory=list)
    gaps: int = 0


class Watcher:
    """Reads one stream in a thread, of one channel or of all channels (None).

    It resumes from its last id after each end. If it has several APIs, it moves to a random one
    after a random number of events.
    """

    def __init__(
        self, deployment: Deployment, apis: list[str], channel: str | None, start: int, rng: Random
    ) -> None:
        self.events: list[Frame] = []
        self.gaps = 0
        self.channel = channel
        self.name = f"{'/'.join(apis)} {channel or '*'}"
        self.last_id = start
        self._deployment = deployment
        self._apis = apis
        self._rng = rng
        self._stopping = False
        self._stream: EventStream | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def seen(self) -> list[int]:
        """The ids in the order of arrival."""
        return [event.id or 0 for event in self.events]

    def wait_for(self, newest: int) -> None:
        """Wait until it has received an event. A silent stream is cut off once, and resumes."""
        for _ in range(2):
            with contextlib.suppress(WaitTimeout):
                wait_until(lambda: self.last_id >= newest, self.name, RECEIVE_TIMEOUT / 2)
            if self.last_id >= newest:
                return
            self._cut_off()

    def stop(self) -> None:
        """End the stream and the thread."""
        self._stopping = True
        self._cut_off()
        self._thread.join(10)

    def _cut_off(self) -> None:
        stream = self._stream
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.shut_down()

    def _run(self) -> None:
        while not self._stopping:
            url = self._deployment.url(self._rng.choice(self._apis))
            with (
                contextlib.suppress(*STREAM_ERRORS),
                EventStream(url, ADMIN, self.channel, self.last_id) as stream,
            ):
                self._stream = stream
                self._read(stream, self._rng.randint(50, 400))
            self._stream = None
            time.sleep(0.1)

    def _read(self, stream: EventStream, move_after: int) -> None:
        """Read events until the stream ends, or until it is time to move to another API."""
        for count, frame in enumerate(stream.events()):
            if frame.event == "gap":
                self.gaps += 1
            elif frame.id is not None:
                self.events.append(frame)
                self.last_id = frame.id
            if self._stopping or (len(self._apis) > 1 and count > move_after):
                return


class Watchers:
    """Streams of every API, all from the same event on."""

    def __init__(self, deployment: Deployment, channel: str, seed: str) -> None:
        self._deployment = deployment
        self._channel = channel
        self._start = latest_id(deployment)
        apis = deployment.apis
        streams: list[tuple[list[str], str | None]] = [([api], channel) for api in apis]
        streams += [([apis[-1]], None), (apis, channel), (apis, None)]
        self.watchers = [
            Watcher(deployment, names, of, self._start, Random(f"{seed}/stream-{n}"))
            for n, (names, of) in enumerate(streams)
        ]

    def stop(self) -> tuple[list[StreamRecord], list[Frame]]:
        """Stop all streams. Returns their records, and all events of the channel.

        The expected events of a stream are those that a fresh stream receives from the start.
        """
        newest = _settled_latest_id(self._deployment)
        everything = replay(self._deployment, self._deployment.apis[0], newest)
        events = [frame for frame in everything if _channel(frame) == self._channel]
        last_of_channel = max((frame.id or 0 for frame in events), default=0)
        for watcher in self.watchers:
            watcher.wait_for(last_of_channel if watcher.channel else newest)
            watcher.stop()
        records = [self._record(watcher, everything, newest) for watcher in self.watchers]
        for api in self._deployment.apis[1:]:
            again = replay(self._deployment, api, newest)
            records.append(StreamRecord(f"{api} replayed", _ids(again), _ids(everything)))
        return records, events

    def _record(self, watcher: Watcher, everything: list[Frame], newest: int) -> StreamRecord:
        expected = [
            frame.id or 0
            for frame in everything
            if (frame.id or 0) > self._start and watcher.channel in {None, _channel(frame)}
        ]
        seen = [number for number in watcher.seen if number <= newest]
        return StreamRecord(watcher.name, seen, expected, watcher.gaps)


def latest_id(deployment: Deployment) -> int:
    """The id of the newest event."""
    with EventStream(deployment.url(deployment.apis[0]), ADMIN) as stream:
        return stream.start_id()


def _settled_latest_id(deployment: Deployment) -> int:
    """The id of the newest event, after it has not changed for FEED_DELAY."""
    newest, since = latest_id(deployment), time.monotonic()
    while time.monotonic() - since < FEED_DELAY:
        time.sleep(0.2)
        if (now := latest_id(deployment)) != newest:
            newest, since = now, time.monotonic()
    return newest


def replay(deployment: Deployment, api: str, until: int) -> list[Frame]:
    """All events of all channels up to an id, from a new stream of one API."""
    found: list[Frame] = []
    if until <= 0:
        return found
    with EventStream(deployment.url(api), ADMIN, None, 0) as stream:
        for frame in stream.events():
            if frame.id is not None and frame.event != "gap":
                found.append(frame)
            if frame.id is not None and frame.id >= until:
                return found
    return found


def _ids(frames: list[Frame]) -> list[int]:
    return [frame.id or 0 for frame in frames]


def _channel(frame: Frame) -> str | None:
    channel: str | None = frame.data.get("channel")
    return channel
