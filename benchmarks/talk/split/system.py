"""A running system: its processes, what was sent to it, and what became of that."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from benchmarks.harness.pace import PacedLoad, PacedResult, pacing, request
from benchmarks.harness.processes import cpu_seconds_with_ended_children
from benchmarks.talk.load import Load, Work
from tests.servers.server import Server
from tests.support import WaitTimeout, descendants, wait_until
from tests.system.rig.processes import SpawnedService

from .books import Books, Done
from .mix import Posts

#: Connections of a load: each waiting request holds one.
CONNECTIONS = 400

#: Roles of programs: the one that accepts posts, and all others.
WEB, WORKERS = "web", "workers"

#: Seconds between two looks into the books.
LOOK = 0.2


def wait(condition: Callable[[], bool], patience: float, *, look: float = LOOK) -> None:
    """Wait until a condition holds, or patience ends. `look`: seconds between two looks."""
    with suppress(WaitTimeout):
        wait_until(condition, timeout=patience, interval=look)


@dataclass
class Sent:
    """Posts that were sent in one load. `result` comes with the end of the load."""

    first: int
    kinds: Sequence[str]
    results: list[PacedResult]

    def kind(self, number: int) -> str:
        """The kind of a post."""
        return self.kinds[number - self.first]

    def due(self) -> dict[int, float]:
        """The scheduled time of each accepted post, in seconds since the epoch."""
        return {
            self.first + index: at
            for index, at, status in self.results[0].answers
            if status.startswith("2")
        }

    @property
    def unanswered(self) -> int:
        """Requests without an answer."""
        return self.results[0].lost

    @property
    def refused(self) -> int:
        """Answers that do not accept a post."""
        return len(self.results[0].answers) - len(self.due())


@dataclass
class System:
    """One of the systems."""

    name: str
    port: int
    #: Where posts are created, and the key for it.
    path: str
    key: str
    ping: Work
    #: Its programs, and the servers that it needs: each is killed once.
    services: Mapping[str, SpawnedService]
    servers: Mapping[str, Server]
    #: The program whose children are killed too.
    forks: str
    posts: Posts
    books: Books
    _numbers: int = field(default=1)

    def cpu_seconds(self) -> dict[str, float]:
        """CPU seconds so far: of the web process, of the workers, of the broker and the database.

        Each includes its children.
        """
        roots = {name: each.pid for name, each in self.services.items()}
        roots |= {name: each.pid for name, each in self.servers.items()}
        used: dict[str, float] = {}
        for name, root in roots.items():
            role = name if name in {WEB, *self.servers} else WORKERS
            seconds = sum(map(cpu_seconds_with_ended_children, (root, *descendants(root))))
            used[role] = used.get(role, 0.0) + seconds
        return used

    @contextmanager
    def sending(
        self, kinds: Sequence[str], rate: float, connections: int = CONNECTIONS
    ) -> Iterator[Sent]:
        """Send posts of these kinds while the block runs, `rate` a second."""
        first = self._numbers
        self._numbers += len(kinds)
        texts = [self.posts.text(kind, first + index) for index, kind in enumerate(kinds)]
        bodies = [json.dumps({"text": text}).encode() for text in texts]
        requests = [request("POST", self.path, self.key, body, closes=True) for body in bodies]
        # Half an interval less, so that rounding sends none of them twice.
        seconds = (len(kinds) - 0.5) / rate
        load = PacedLoad(
            self.port, rate, seconds, connections, requests, 0, fresh=True, lists_answers=True
        )
        with pacing(load) as results:
            yield Sent(first, kinds, results)

    @contextmanager
    def pinging(self, seconds: float) -> Iterator[list[PacedResult]]:
        """Send pings while the block runs, at most for so long."""
        load = Load(self.port, 20.0, seconds, 100, fresh=True, warm_up=0.0)
        with pacing(load.of(self.ping)) as results:
            yield results

    def accepts(self) -> bool:
        """Whether a post is accepted now."""
        with self.sending(["plain"], 10.0) as probe:
            pass
        return bool(probe.due())

    def wait_done(self, before: int, accepted: int, patience: float) -> None:
        """Wait until the books have so many more than before, or patience ends."""
        wait(lambda: self.books.count() >= before + accepted, patience)

    def is_right(self, kind: str, number: int, done: Done) -> bool:
        """Whether a post has the right HTML and the right titles."""
        right = (self.posts.html(kind, number), self.posts.titles(kind, number))
        return (done.html, list(done.titles)) == right
