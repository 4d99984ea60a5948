"""The only module with eventlet. `patch` runs before all other imports.

The system's resolver runs in real threads, since it would block the hub. Eventlet's own resolver
(greendns) ignores nsswitch.conf and search domains.
"""

import os
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

# Eventlet reads it at its import. Without it, greendns replaces socket.getaddrinfo.
os.environ["EVENTLET_NO_GREENDNS"] = "yes"
# Glibc reads it (resolv.conf(5)). It then tries a name with a dot before any search domain, and
# gives up an unanswered lookup after 4 s for each name server.
os.environ.setdefault("RES_OPTIONS", "ndots:1 timeout:2 attempts:2")

with warnings.catch_warnings():
    # Eventlet warns at each start of its deprecation. An operator cannot act on it.
    warnings.simplefilter("ignore")
    import eventlet
import eventlet.debug
import eventlet.hubs
import eventlet.patcher
import eventlet.tpool

#: Real threads for the resolver. Each waits for one name, and costs some 20 KB.
MAX_RESOLVERS = 256


class DeadlineExceeded(Exception):
    """A block took longer than its deadline."""


def patch() -> None:
    """Make the blocking calls of the standard library green, in this process."""
    eventlet.hubs.use_hub()
    eventlet.monkey_patch()
    eventlet.debug.hub_exceptions(False)
    # All callers use it, including the broker's library.
    import socket

    socket.getaddrinfo = getaddrinfo


def use_resolvers(threads: int) -> None:
    """Set the number of real threads for the resolver. Call it before the first lookup."""
    eventlet.tpool.set_num_threads(min(threads, MAX_RESOLVERS))


def getaddrinfo(*args: Any, **kwargs: Any) -> Any:
    """Run socket.getaddrinfo in a real thread."""
    blocking = eventlet.patcher.original("socket").getaddrinfo
    return eventlet.tpool.execute(blocking, *args, **kwargs)


def deadline(seconds: float) -> AbstractContextManager[None]:
    """Raise DeadlineExceeded in the block of `with`, `seconds` after this call."""
    timeout: AbstractContextManager[None] = eventlet.Timeout(
        seconds, DeadlineExceeded(f"{seconds:g} s")
    )
    return timeout


def spawn(function: Callable[..., None], *args: Any) -> Any:
    """Run a function in a green thread."""
    return eventlet.spawn(function, *args)


def kill(thread: Any) -> None:
    """End a green thread at its wait. Its `finally` blocks run before this call returns."""
    eventlet.kill(thread)


def sleep(seconds: float) -> None:
    """Wait, while other green threads run."""
    eventlet.sleep(seconds)
