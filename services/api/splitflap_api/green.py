"""The one module of the API that imports eventlet. `patch` comes before all else in a worker."""

import os
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

# psycopg 3 waits in C and blocks the hub unless told, before its import, to wait by select.
os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_select")

with warnings.catch_warnings():
    # It says at each import that new projects should use asyncio; docs/adr says why this one not.
    warnings.simplefilter("ignore")
    import eventlet
import eventlet.debug
import eventlet.greenio
import eventlet.hubs
import eventlet.hubs.epolls
import eventlet.patcher

_select: Any = eventlet.patcher.original("select")

#: A socket whose waits let others run; a subclass's `accept` gives instances of that subclass.
GreenSocket = eventlet.greenio.GreenSocket

#: Raised in a green thread that is killed.
Killed = eventlet.greenlet.GreenletExit


#: Clients whose sockets are served in one turn of the hub. Each costs up to 0.5 ms, a turn itself
#: 0.05 ms, and whoever waits for the database waits a turn for each of its answers.
CLIENTS_A_TURN = 32

#: The same while more wait than there is room for, and those of them that are turned away in one
#: turn, at 0.03 ms each.
CROWD_A_TURN = 8
TURNED_AWAY_A_TURN = 64

#: Turns between looks at who is ready, and clients that a look finds at most.
LOOK_EVERY = 8
MOST = 1_024

#: Seconds for which more may wait than there is room for: a burst is no overload.
BURST = 0.05

#: Callers that are let go in one turn.
LET_GO_A_TURN = 16


class Polls:
    """Two epolls behind the interface of one: the service's own sockets, and its clients'.

    The hub would serve all that is ready, up to 1,023 sockets, before it looks at the database's
    answer again; so a crowd of clients would stop the work that they wait for. Here each turn
    serves what the service itself waits for, and of the clients a few, who have waited longest.

    Where there are, for longer than a burst, more than can be served soon, the last of them are
    turned away: nobody else would see them wait, for a request that is not read is in no count.
    """

    def __init__(self) -> None:
        self._own = _select.epoll()
        self._crowd = _select.epoll()
        # An epoll is itself ready as long as one of its own is (epoll(7)).
        self._own.register(self._crowd, _select.EPOLLIN)
        self._clients: set[int] = set()
        self._line: deque[tuple[int, int]] = deque()
        self._away: deque[tuple[int, int]] = deque()
        self._turns = 0
        self._crowded_since: float | None = None
        #: How many clients may wait to be served.
        self.room: Callable[[], int] = lambda: MOST
        #: Those of this turn for whose request there is no room.
        self.turned_away: frozenset[int] = frozenset()

    def add_client(self, fileno: int) -> None:
        """Count this descriptor among the clients' until `remove_client`; before a wait for it."""
        self._clients.add(fileno)

    def remove_client(self, fileno: int) -> None:
        """It was closed."""
        self._clients.discard(fileno)

    def register(self, fileno: int, mask: int) -> None:
        self._of(fileno).register(fileno, mask)

    def modify(self, fileno: int, mask: int) -> None:
        self._of(fileno).modify(fileno, mask)

    def unregister(self, fileno: int) -> None:
        self._of(fileno).unregister(fileno)

    def poll(self, seconds: float) -> list[tuple[int, int]]:
        ready: list[tuple[int, int]] = self._own.poll(seconds)
        crowd = self._crowd.fileno()
        own = [each for each in ready if each[0] != crowd]
        if len(own) < len(ready):
            own += self._some_clients()
        return own

    def _some_clients(self) -> list[tuple[int, int]]:
        self._turns += 1
        if self._turns >= LOOK_EVERY or not self._line:
            self._look()
        away = _first(self._away, TURNED_AWAY_A_TURN)
        self.turned_away = frozenset(fileno for fileno, _ in away)
        crowded = self._crowded_since is not None
        return _first(self._line, CROWD_A_TURN if crowded else CLIENTS_A_TURN) + away

    def _look(self) -> None:
        # Those that were not served since the last look come before all that are new.
        waiting = self._crowd.poll(0, MOST)
        self._turns = 0
        room = max(self.room(), CROWD_A_TURN)
        if len(waiting) <= room:
            self._crowded_since = None
        elif self._crowded_since is None:
            self._crowded_since = time.monotonic()
        if self._crowded_since is None or time.monotonic() - self._crowded_since < BURST:
            room = MOST
        self._line = deque(waiting[:room])
        self._away = deque(waiting[room:])

    def _of(self, fileno: int) -> Any:
        return self._crowd if fileno in self._clients else self._own


def _first(line: deque[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    return [line.popleft() for _ in range(min(size, len(line)))]


class Hub(eventlet.hubs.epolls.Hub):  # type: ignore[misc]  # eventlet has no types
    """eventlet's hub on two epolls."""

    def __init__(self, clock: Any = None) -> None:
        super().__init__(clock)
        self.poll = Polls()

    @staticmethod
    def is_available() -> bool:
        """What eventlet asks of every hub."""
        return True


def polls() -> Polls:
    """This process's."""
    found: Polls = eventlet.hubs.get_hub().poll
    return found


def wait_readable(sock: Any, seconds: float) -> None:
    """Let others run until there is something to read.

    Raises:
        TimeoutError: there was nothing in time.
    """
    eventlet.hubs.trampoline(sock, read=True, timeout=seconds, timeout_exc=TimeoutError)


class Place:
    """Where one green thread waits: no lock, no timer."""

    __slots__ = ("_left", "_waiting")

    def __init__(self) -> None:
        self._left = False
        self._waiting: Any = None

    def wait(self) -> None:
        if self._left:
            return
        self._waiting = eventlet.greenlet.getcurrent()
        try:
            eventlet.hubs.get_hub().switch()
        finally:
            self._waiting = None

    def leave(self) -> None:
        self._left = True
        if self._waiting:
            self._waiting.switch()


class WaitingRoom:
    """For callers that are green threads: one timer of the hub lets several go."""

    def place(self) -> Place:
        return Place()

    def let_go(self, places: Iterable[Any]) -> None:
        eventlet.hubs.get_hub().schedule_call_global(0, _let_go, deque(places))


def _let_go(places: deque[Place]) -> None:
    for _ in range(min(LET_GO_A_TURN, len(places))):
        places.popleft().leave()
    if places:
        eventlet.hubs.get_hub().schedule_call_global(0, _let_go, places)


def patch() -> None:
    """Make the standard library's blocking calls green, in this process."""
    eventlet.hubs.use_hub(Hub)
    eventlet.monkey_patch()
    eventlet.debug.hub_exceptions(False)


def silent_timeout(seconds: float) -> Any:
    """A context that is left silently once `seconds` have passed."""
    return eventlet.Timeout(seconds, False)


def pool(size: int) -> Any:
    """A pool of green threads."""
    return eventlet.GreenPool(size)


def spawn(function: Any, *args: Any) -> Any:
    """Run a function in a green thread."""
    return eventlet.spawn(function, *args)


def sleep(seconds: float) -> None:
    """Let others run for so long."""
    eventlet.sleep(seconds)


def no_timeout() -> Any:
    """A context that sets no limit."""
    return nullcontext()
