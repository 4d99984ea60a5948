"""The one module of the API that imports eventlet. `patch` comes before all else in a worker.

Names are resolved by the system's resolver in real threads: eventlet's own (greendns) reads no
search domains, by which names like `database.namespace` are found in a cluster.
"""

import os
import warnings
from contextlib import nullcontext
from typing import Any

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
import eventlet.patcher
import eventlet.tpool

#: A socket whose waits let others run; a subclass's `accept` gives instances of that subclass.
GreenSocket = eventlet.greenio.GreenSocket

#: Raised in a green thread that is killed.
Killed = eventlet.greenlet.GreenletExit


def patch() -> None:
    """Make the standard library's blocking calls green, in this process."""
    eventlet.hubs.use_hub()
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
