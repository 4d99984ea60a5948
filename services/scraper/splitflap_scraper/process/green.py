"""The one module of the scraper that imports eventlet. `patch` comes before all other imports.

Names are resolved by the system's resolver in real threads: eventlet's own (greendns) reads
neither nsswitch.conf nor search domains, and the system's would block the hub.
"""

import os
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

# Read at eventlet's import: its resolver would replace socket.getaddrinfo.
os.environ["EVENTLET_NO_GREENDNS"] = "yes"
# Read by glibc (resolv.conf(5)): a name with a dot is tried as it stands before any search domain,
# and a lookup that nobody answers leaves its thread after 4 s for each name server.
os.environ.setdefault("RES_OPTIONS", "ndots:1 timeout:2 attempts:2")

with warnings.catch_warnings():
    # It says that it is deprecated, at each start; whoever reads that here cannot act on it.
    warnings.simplefilter("ignore")
    import eventlet
import eventlet.debug
import eventlet.hubs
import eventlet.patcher
import eventlet.tpool

#: Most real threads that resolve names. Each waits for one name, and costs some 20 KB.
MAX_RESOLVERS = 256


class DeadlineExceeded(Exception):
    """A block took longer than its deadline."""


def patch() -> None:
    """Make the standard library's blocking calls green, in this process."""
    eventlet.hubs.use_hub()
    eventlet.monkey_patch()
    eventlet.debug.hub_exceptions(False)
    # For all who resolve, the broker's library included.
    import socket

    socket.getaddrinfo = _getaddrinfo


def use_resolvers(threads: int) -> None:
    """How many real threads resolve names; takes effect before the first name."""
    eventlet.tpool.set_num_threads(min(threads, MAX_RESOLVERS))


def _getaddrinfo(*args: Any, **kwargs: Any) -> Any:
    blocking = eventlet.patcher.original("socket").getaddrinfo
    return eventlet.tpool.execute(blocking, *args, **kwargs)


def deadline(seconds: float) -> AbstractContextManager[None]:
    """Raises DeadlineExceeded in the block of `with` once `seconds` have passed from now on."""
    timeout: AbstractContextManager[None] = eventlet.Timeout(
        seconds, DeadlineExceeded(f"{seconds:g} s")
    )
    return timeout


def spawn(function: Callable[..., None], *args: Any) -> Any:
    """Run a function in a green thread."""
    return eventlet.spawn(function, *args)


def kill(thread: Any) -> None:
    """End a green thread where it waits; its `finally` blocks run before this returns."""
    eventlet.kill(thread)


def sleep(seconds: float) -> None:
    """Let others run for so long."""
    eventlet.sleep(seconds)
