"""The two ways to push events: each publishes posts with three events, and can be restarted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import requests

from benchmarks.harness.processes import cpu_seconds_with_ended_children, pss_mib
from benchmarks.talk.apps import EVENT_NAMES
from benchmarks.talk.servers import Running
from tests.support import descendants
from tests.system.rig.stack import Stack

from .restart import restart


class Pusher(Protocol):
    """A running server that pushes events."""

    #: `sse` or `socketio`.
    protocol: str

    @property
    def port(self) -> int:
        """Its port."""

    def pids(self) -> list[int]:
        """The processes that push."""

    def publish(self) -> list[str]:
        """Publish a post, and return its events: the name and the post of each."""

    def restart(self) -> None:
        """Kill it, and start it again."""


def pss_kib(pusher: Pusher) -> float:
    """Memory of its processes."""
    return sum(map(pss_mib, pusher.pids())) * 1024


def cpu_seconds(pusher: Pusher) -> float:
    """CPU seconds of its processes so far."""
    return sum(map(cpu_seconds_with_ended_children, pusher.pids()))


@dataclass
class SocketIo:
    """Flask-SocketIO: a handler emits, and nothing is stored."""

    running: Running
    posts: int = 0
    protocol: str = field(default="socketio", init=False)

    @property
    def port(self) -> int:
        return self.running.port

    def pids(self) -> list[int]:
        return self.running.pids()

    def publish(self) -> list[str]:
        self.posts += 1
        url = f"{self.running.url}/publish/{self.posts}"
        requests.post(url, timeout=30).raise_for_status()
        return [f"{name} {self.posts}" for name in EVENT_NAMES]

    def restart(self) -> None:
        restart(self.running)


@dataclass
class Splitflap:
    """Splitflap's API: the events of a post are rows of its database."""

    stack: Stack
    protocol: str = field(default="sse", init=False)

    @property
    def port(self) -> int:
        return self.stack.ports["api"]

    def pids(self) -> list[int]:
        """Of the API alone: the renderer pushes nothing."""
        pid = self.stack.services["api"].pid
        return [pid, *descendants(pid)]

    def publish(self) -> list[str]:
        post = self.stack.client().create_post("Hello")["id"]
        return [f"{name} {post}" for name in EVENT_NAMES]

    def restart(self) -> None:
        self.stack.kill("api")
        self.stack.start("api")


class Client(Protocol):
    """A client of a server."""

    #: The events that it got, by name and post.
    got: Counter[str]


def books(clients: Sequence[Client], events: Sequence[str]) -> dict[str, float]:
    """Events that a client did not get, and those that it got more than once."""
    counts = [each.got[event] for each in clients for event in events]
    return {
        "missed": sum(count == 0 for count in counts),
        "repeated": sum(max(0, count - 1) for count in counts),
    }
