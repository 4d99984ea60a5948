"""The one module of the API that imports eventlet. `patch` comes before all else in a worker."""

import os
import warnings
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

#: A socket whose waits let others run; a subclass's `accept` gives instances of that subclass.
GreenSocket = eventlet.greenio.GreenSocket

#: Raised in a green thread that is killed.
Killed = eventlet.greenlet.GreenletExit


def patch() -> None:
    """Make the standard library's blocking calls green, in this process."""
    eventlet.hubs.use_hub()
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
