"""eventlet: the only module that imports it. A worker calls `patch` before any other import.

The system's resolver resolves names, in real threads. eventlet's own resolver (greendns) ignores
search domains, and clusters need these for names like `database.namespace`.
"""

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from splitflap_api.overload.client_gate import ClientGate

# psycopg 3 waits in C and blocks the hub, unless this is set before its import.
os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_select")
# eventlet reads this at its import. Its resolver would replace socket.getaddrinfo.
os.environ["EVENTLET_NO_GREENDNS"] = "yes"

with warnings.catch_warnings():
    # eventlet recommends asyncio to new projects at each import; docs/adr has our reasons.
    warnings.simplefilter("ignore")
    import eventlet
import eventlet.debug
import eventlet.greenio
import eventlet.hubs
import eventlet.hubs.epolls
import eventlet.patcher
import eventlet.tpool

#: A socket whose waits let other green threads run. `accept` of a subclass returns instances of it.
GreenSocket = eventlet.greenio.GreenSocket

#: Waiters woken in one iteration of the hub.
MAX_WOKEN = 4


class GreenThread(Protocol):
    """A green thread started by `spawn`."""

    def wait(self) -> Any:
        """Return the function's result once it has returned."""

    def kill(self) -> None:
        """Raise GreenletExit in the green thread."""


class GreenPool(Protocol):
    """A pool of green threads of limited size."""

    def spawn_n(self, function: Callable[..., object], /, *args: Any) -> None:
        """Run a function in a green thread. Waits for a free one."""

    def running(self) -> int:
        """How many green threads are running."""


class Hub(eventlet.hubs.epolls.Hub):  # type: ignore[misc]  # eventlet has no types
    """eventlet's hub, polling through the client gate."""

    def __init__(self, clock: Any = None) -> None:
        super().__init__(clock)
        self.poll = ClientGate(eventlet.patcher.original("select").epoll)

    @staticmethod
    def is_available() -> bool:
        """Eventlet asks every hub."""
        return True


def client_gate() -> ClientGate:
    """The gate of this process's hub."""
    gate: ClientGate = eventlet.hubs.get_hub().poll
    return gate


def wait_readable(sock: Any, seconds: float) -> None:
    """Let other green threads run until the socket has input.

    Raises:
        TimeoutError: no input arrived in time.
    """
    eventlet.hubs.trampoline(sock, read=True, timeout=seconds, timeout_exc=TimeoutError)


class GreenWaiter:
    """One waiting green thread. It costs less than a lock or a timer."""

    __slots__ = ("_awake", "_waiting")

    def __init__(self) -> None:
        self._awake = False
        self._waiting: Any = None

    def wait(self) -> None:
        if self._awake:
            return
        self._waiting = eventlet.greenlet.getcurrent()
        try:
            eventlet.hubs.get_hub().switch()
        finally:
            self._waiting = None

    def wake(self) -> None:
        self._awake = True
        if self._waiting:
            self._waiting.switch()


class GreenWaiters:
    """Waiters (loops/waiters.py) for green threads. One timer of the hub wakes several."""

    def new_waiter(self) -> GreenWaiter:
        return GreenWaiter()

    def wake_all(self, waiters: Iterable[Any]) -> None:
        eventlet.hubs.get_hub().schedule_call_global(0, _wake_some, deque(waiters))

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        # eventlet.Timeout is no Exception, so the database's library gives up the connection: the
        # late answer may still arrive on it.
        late = eventlet.Timeout(seconds)
        try:
            yield
        except eventlet.Timeout as error:
            raise TimeoutError if error is late else error from None
        finally:
            late.cancel()


def _wake_some(waiters: deque[GreenWaiter]) -> None:
    for _ in range(min(MAX_WOKEN, len(waiters))):
        waiters.popleft().wake()
    if waiters:
        eventlet.hubs.get_hub().schedule_call_global(0, _wake_some, waiters)


def patch() -> None:
    """Replace the standard library's blocking calls by green ones, for the life of the process."""
    eventlet.hubs.use_hub(Hub)
    eventlet.monkey_patch()
    eventlet.debug.hub_exceptions(False)
    # On the module, so that the libraries of broker and database use it too.
    import socket

    socket.getaddrinfo = _getaddrinfo


def _getaddrinfo(*args: Any, **kwargs: Any) -> Any:
    blocking = eventlet.patcher.original("socket").getaddrinfo
    return eventlet.tpool.execute(blocking, *args, **kwargs)


def silent_timeout(seconds: float) -> AbstractContextManager[object]:
    """Leaves its block after `seconds`, without an exception."""
    timeout: AbstractContextManager[object] = eventlet.Timeout(seconds, False)
    return timeout


def pool(size: int) -> GreenPool:
    """A pool of `size` green threads."""
    made: GreenPool = eventlet.GreenPool(size)
    return made


def spawn(function: Callable[..., object], *args: Any) -> GreenThread:
    """Run a function in a new green thread."""
    thread: GreenThread = eventlet.spawn(function, *args)
    return thread


def sleep(seconds: float) -> None:
    """Let other green threads run for `seconds`."""
    eventlet.sleep(seconds)
