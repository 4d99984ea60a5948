"""How a caller waits for another thread: Python threads on locks, green threads in their hub.

The server's green version is in server/green.py.
"""

import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Waiter(Protocol):
    """Lets one caller wait, without a limit of its own."""

    def wait(self) -> None:
        """Return once `wake` is called, or has been."""

    def wake(self) -> None:
        """Let the caller continue. Call it once."""


class Waiters(Protocol):
    """Makes waiters, and wakes many of them at a time."""

    def new_waiter(self) -> Waiter: ...

    def wake_all(self, waiters: Iterable[Waiter]) -> None: ...

    def limit(self, seconds: float) -> AbstractContextManager[object]:
        """A context that raises TimeoutError in the caller after so many seconds, if possible."""


class ThreadWaiter:
    """Lets a thread wait on a lock, which it holds until it is woken."""

    def __init__(self) -> None:
        # A bare lock costs a fifth of a threading.Event.
        self._lock = threading.Lock()
        self._lock.acquire()

    def wait(self) -> None:
        self._lock.acquire()

    def wake(self) -> None:
        self._lock.release()


class ThreadWaiters:
    """For callers that are threads."""

    def new_waiter(self) -> Waiter:
        return ThreadWaiter()

    def wake_all(self, waiters: Iterable[Waiter]) -> None:
        for waiter in waiters:
            waiter.wake()

    def limit(self, seconds: float) -> AbstractContextManager[object]:  # noqa: ARG002
        # Python cannot raise an exception in a waiting thread.
        return nullcontext()
