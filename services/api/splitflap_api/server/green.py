"""The one module of the API that imports eventlet. `patch` comes before all else in a worker.

Names are resolved by the system's resolver in real threads: eventlet's own (greendns) reads no
search domains, by which names like `database.namespace` are found in a cluster.
"""

import os
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from splitflap_api.overload.client_gate import ClientGate

# psycopg 3 waits in C and blocks the hub unless told, before its import, to wait by select.
os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_select")
# Read at eventlet's import: its resolver would replace socket.getaddrinfo.
os.environ["EVENTLET_NO_GREENDNS"] = "yes"

with warnings.catch_warnings():
    # It says at each import that new projects should use asyncio; docs/adr says why this one not.
    warnings.simplefilter("ignore")
    import eventlet
import eventlet.debug
import eventlet.greenio
import eventlet.hubs
import eventlet.hubs.epolls
import eventlet.patcher
import eventlet.tpool

#: A socket whose waits let others run; a subclass's `accept` gives instances of that subclass.
GreenSocket = eventlet.greenio.GreenSocket

#: Raised in a green thread that is killed.
Killed = eventlet.greenlet.GreenletExit


#: Callers that are let go in one turn.
WOKEN_AN_ITERATION = 4


class Hub(eventlet.hubs.epolls.Hub):  # type: ignore[misc]  # eventlet has no types
    """eventlet's hub on two epolls."""

    def __init__(self, clock: Any = None) -> None:
        super().__init__(clock)
        self.poll = ClientGate(eventlet.patcher.original("select").epoll)

    @staticmethod
    def is_available() -> bool:
        """What eventlet asks of every hub."""
        return True


def polls() -> ClientGate:
    """This process's."""
    found: ClientGate = eventlet.hubs.get_hub().poll
    return found


def wait_readable(sock: Any, seconds: float) -> None:
    """Let others run until there is something to read.

    Raises:
        TimeoutError: there was nothing in time.
    """
    eventlet.hubs.trampoline(sock, read=True, timeout=seconds, timeout_exc=TimeoutError)


class GreenWaiter:
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

    def wake(self) -> None:
        self._left = True
        if self._waiting:
            self._waiting.switch()


class GreenWaiters:
    """For callers that are green threads: one timer of the hub lets several go."""

    def new_waiter(self) -> GreenWaiter:
        return GreenWaiter()

    def wake_all(self, waiters: Iterable[Any]) -> None:
        eventlet.hubs.get_hub().schedule_call_global(0, _wake_some, deque(waiters))

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        # Not an Exception while it passes through the database's library, which then gives the
        # connection up: its answer may still come.
        late = eventlet.Timeout(seconds)
        try:
            yield
        except eventlet.Timeout as error:
            raise TimeoutError if error is late else error from None
        finally:
            late.cancel()


def _wake_some(waiters: deque[GreenWaiter]) -> None:
    for _ in range(min(WOKEN_AN_ITERATION, len(waiters))):
        waiters.popleft().wake()
    if waiters:
        eventlet.hubs.get_hub().schedule_call_global(0, _wake_some, waiters)


def patch() -> None:
    """Make the standard library's blocking calls green, in this process."""
    eventlet.hubs.use_hub(Hub)
    eventlet.monkey_patch()
    eventlet.debug.hub_exceptions(False)
    # For all who resolve, the libraries of broker and database included.
    import socket

    socket.getaddrinfo = _getaddrinfo


def _getaddrinfo(*args: Any, **kwargs: Any) -> Any:
    blocking = eventlet.patcher.original("socket").getaddrinfo
    return eventlet.tpool.execute(blocking, *args, **kwargs)


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
