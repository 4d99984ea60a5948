"""Clients that hold event streams, come back where they were cut off, and keep what they saw."""

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

#: What a stream that is cut off, refused or ended raises.
BROKEN = (OSError, http.client.HTTPException, AssertionError, ValueError)

#: Seconds until a stream that is alive must have seen the newest event.
PATIENCE = 45.0

#: Seconds that a feed may be behind after the database was away: it rests for one, and looks once
#: in another.
FEED_BEHIND = 2.5


@dataclass
class Seen:
    """What one stream saw, and what was there to be seen."""

    name: str
    seen: list[int] = field(default_factory=list)
    wanted: list[int] = field(default_factory=list)
    gaps: int = 0


class Watcher:
    """One stream: always of the same API, or of any that is up; of one channel, or of all."""

    def __init__(
        self, world: Deployment, apis: list[str], channel: str | None, start: int, dice: Random
    ) -> None:
        self.events: list[Frame] = []
        self.gaps = 0
        self.channel = channel
        self.name = f"{'/'.join(apis)} {channel or '*'}"
        self.last = start
        self._world = world
        self._apis = apis
        self._dice = dice
        self._stopping = False
        self._stream: EventStream | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def seen(self) -> list[int]:
        """The ids so far, as they came."""
        return [event.id or 0 for event in self.events]

    def reach(self, newest: int) -> None:
        """Wait until it has seen an event; where it hangs, it is cut off and comes back."""
        for _ in range(2):
            with contextlib.suppress(WaitTimeout):
                wait_until(lambda: self.last >= newest, self.name, PATIENCE / 2)
            if self.last >= newest:
                return
            self._hang_up()

    def stop(self) -> None:
        """Look no more."""
        self._stopping = True
        self._hang_up()
        self._thread.join(10)

    def _hang_up(self) -> None:
        stream = self._stream
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.shut_down()

    def _run(self) -> None:
        while not self._stopping:
            url = self._world.url(self._dice.choice(self._apis))
            with (
                contextlib.suppress(*BROKEN),
                EventStream(url, ADMIN, self.channel, self.last) as it,
            ):
                self._stream = it
                self._read(it, self._dice.randint(50, 400))
            self._stream = None
            time.sleep(0.1)

    def _read(self, stream: EventStream, most: int) -> None:
        """Follow it; those that may choose leave after a while and go on elsewhere."""
        for count, frame in enumerate(stream.events()):
            if frame.event == "gap":
                self.gaps += 1
            elif frame.id is not None:
                self.events.append(frame)
                self.last = frame.id
            if self._stopping or (len(self._apis) > 1 and count > most):
                return


def latest_id(world: Deployment) -> int:
    """The id after which the next event comes."""
    with EventStream(world.url(world.apis[0]), ADMIN) as stream:
        return stream.start_id()


def newest_of(world: Deployment) -> int:
    """The id of the newest event, where no more come: a feed may be some looks behind."""
    newest, since = latest_id(world), time.monotonic()
    while time.monotonic() - since < FEED_BEHIND:
        time.sleep(0.2)
        if (now := latest_id(world)) != newest:
            newest, since = now, time.monotonic()
    return newest


def replay(world: Deployment, api: str, channel: str | None, after: int, until: int) -> list[Frame]:
    """What an API shows to one who comes anew."""
    found: list[Frame] = []
    if until <= after:
        return found
    with EventStream(world.url(api), ADMIN, channel, after) as stream:
        for frame in stream.events():
            if frame.id is not None and frame.event != "gap":
                found.append(frame)
            if frame.id is not None and frame.id >= until:
                return found
    return found


class Watchers:
    """Streams on every API from one place on."""

    def __init__(self, world: Deployment, channel: str, seed: str) -> None:
        self._world = world
        self._channel = channel
        self._start = latest_id(world)
        places = [([api], channel) for api in world.apis]
        places += [([world.apis[-1]], ""), (world.apis, channel), (world.apis, "")]
        self.watchers = [
            Watcher(world, apis, of or None, self._start, Random(f"{seed}/stream-{n}"))
            for n, (apis, of) in enumerate(places)
        ]

    def close(self) -> tuple[list[Seen], list[Frame]]:
        """What each stream saw beside what a fresh one sees; and the channel's events."""
        newest = newest_of(self._world)
        everything = replay(self._world, self._world.apis[0], None, 0, newest)
        events = [frame for frame in everything if _channel(frame) == self._channel]
        last_of_channel = max((frame.id or 0 for frame in events), default=0)
        for watcher in self.watchers:
            watcher.reach(last_of_channel if watcher.channel else newest)
            watcher.stop()
        told = [self._compare(watcher, everything, newest) for watcher in self.watchers]
        for api in self._world.apis[1:]:
            again = replay(self._world, api, None, 0, newest)
            told.append(Seen(f"{api} replayed", _ids(again), _ids(everything)))
        return told, events

    def _compare(self, watcher: Watcher, everything: list[Frame], newest: int) -> Seen:
        wanted = [
            frame.id or 0
            for frame in everything
            if (frame.id or 0) > self._start and watcher.channel in {None, _channel(frame)}
        ]
        seen = [number for number in watcher.seen if number <= newest]
        return Seen(watcher.name, seen, wanted, watcher.gaps)


def _ids(frames: list[Frame]) -> list[int]:
    return [frame.id or 0 for frame in frames]


def _channel(frame: Frame) -> str | None:
    channel: str | None = frame.data.get("channel")
    return channel
