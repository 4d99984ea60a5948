"""The one module of the API that imports eventlet. `patch` comes before all else in a worker."""

import os
import warnings
from collections.abc import Iterable
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


#: Clients whose sockets are served in one turn of the hub. Each costs up to 0.5 ms, and a commit
#: or a batch of outcomes waits a turn for each answer of the database.
CLIENTS_A_TURN = 32


class Polls:
    """Two epolls behind the interface of one: the service's own sockets, and its clients'.

    The hub would serve all that is ready, up to 1,023 sockets, before it looks at the database's
    answer again; so a crowd of clients would stop the work that they wait for. Here each turn
    serves what the service itself waits for, and of the clients a few: the kernel says whose turn
    it is.
    """

    def __init__(self) -> None:
        self._own = _select.epoll()
        self._crowd = _select.epoll()
        # An epoll is itself ready as long as one of its own is (epoll(7)).
        self._own.register(self._crowd, _select.EPOLLIN)
        self._clients: set[int] = set()

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
            own += self._crowd.poll(0, CLIENTS_A_TURN)
        return own

    def _of(self, fileno: int) -> Any:
        return self._crowd if fileno in self._clients else self._own


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
    """For callers that are green threads: one timer of the hub lets many go."""

    def place(self) -> Place:
        return Place()

    def let_go(self, places: Iterable[Any]) -> None:
        eventlet.hubs.get_hub().schedule_call_global(0, _let_go, list(places))


def _let_go(places: list[Place]) -> None:
    for place in places:
        place.leave()


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
