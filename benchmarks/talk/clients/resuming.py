"""Clients that connect again after a lost connection, by the rules of their protocol."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from http.client import HTTPException
from typing import Protocol

from tests.servers.proxy import Proxy
from tests.support import wait_until
from tests.system.rig.sse import EventStream
from tests.system.rig.stack import ADMIN

from .pushers import Pusher, books

#: Seconds between two attempts of the SSE client, as a browser waits by default.
RETRY = 1.0

#: Clients of each server, and posts before, during and after their absence.
RESUMING = 5
RESUMED_POSTS = 3

#: Seconds until all clients are connected, or have their events.
TIMEOUT = 60.0


class Resuming(Protocol):
    """A client that connects again by itself."""

    #: The events that it got, by name and post.
    got: Counter[str]
    #: How often it has connected.
    connects: int

    def close(self) -> None:
        """Leave."""


class SseClient:
    """Does as a browser's EventSource: it sends the last id that it saw."""

    def __init__(self, port: int) -> None:
        self.got: Counter[str] = Counter()
        self.connects = 0
        self._url = f"http://127.0.0.1:{port}"
        self._last: int | None = None
        self._closed = False
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        """It connects no more. Its stream ends with the proxy."""
        self._closed = True

    def _run(self) -> None:
        while not self._closed:
            with contextlib.suppress(OSError, HTTPException, AssertionError):
                self._follow()
            time.sleep(RETRY)

    def _follow(self) -> None:
        with EventStream(self._url, ADMIN, last_id=self._last) as stream:
            resumes = self._last is not None
            self.connects += resumes
            for frame in stream.all_events():
                self._last = frame.id or self._last
                if frame.event == "start":
                    self.connects += 1
                else:
                    self.got[f"{frame.event} {frame.data['post']}"] += 1


class SocketIoClient:
    """The client of python-socketio with its defaults: long polling, then a WebSocket."""

    def __init__(self, port: int) -> None:
        import socketio

        self.got: Counter[str] = Counter()
        self.connects = 0
        self._client = socketio.Client()
        self._client.on("connect", self._connected)
        self._client.on("*", self._take)
        self._client.connect(f"http://127.0.0.1:{port}")

    def close(self) -> None:
        self._client.shutdown()

    def _connected(self) -> None:
        self.connects += 1

    def _take(self, name: str, data: dict[str, str]) -> None:
        self.got[f"{name} {data['post']}"] += 1


def restarted(pushers: Collection[Pusher]) -> list[dict[str, float]]:
    """Kill all servers while their clients are cut off, and publish before those are back."""
    with ExitStack() as stack:
        proxies = [stack.enter_context(Proxy(each.port)) for each in pushers]
        crowds = [
            [client(pusher.protocol, proxy.port) for _ in range(RESUMING)]
            for pusher, proxy in zip(pushers, proxies, strict=True)
        ]
        _wait_for_connects(crowds, 1)
        before = _publish(pushers, crowds)
        for pusher, proxy in zip(pushers, proxies, strict=True):
            proxy.refuse()
            pusher.restart()
        away = _publish(pushers)
        for proxy in proxies:
            proxy.mend()
        _wait_for_connects(crowds, 2)
        after = _publish(pushers, crowds)
        for each in (each for clients in crowds for each in clients):
            each.close()
    return [
        {
            "clients": RESUMING,
            "events": sum(map(len, events)) * RESUMING,
            "away": len(events[1]) * RESUMING,
            **books(clients, [event for some in events for event in some]),
        }
        for clients, *events in zip(crowds, before, away, after, strict=True)
    ]


def _publish(
    pushers: Collection[Pusher], crowds: Sequence[Sequence[Resuming]] = ()
) -> list[list[str]]:
    """Publish posts on each server. Returns the events when all clients, if any, have them."""
    found = [
        [event for _ in range(RESUMED_POSTS) for event in pusher.publish()] for pusher in pushers
    ]
    for clients, events in zip(crowds, found, strict=False):
        wait_until(lambda: not books(clients, events)["missed"], "the events", TIMEOUT)  # noqa: B023 - called at once
    return found


def _wait_for_connects(crowds: Sequence[Sequence[Resuming]], count: int) -> None:
    for clients in crowds:
        wait_until(lambda: all(each.connects >= count for each in clients), "connects", TIMEOUT)  # noqa: B023 - called at once


def client(protocol: str, port: int) -> Resuming:
    """A connected client."""
    return SseClient(port) if protocol == "sse" else SocketIoClient(port)
