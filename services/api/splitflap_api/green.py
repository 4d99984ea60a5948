"""The one module of the API that imports eventlet. `patch` comes before all else in a worker."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# psycopg 3 waits in C and blocks the hub unless told, before its import, to wait by select.
os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_select")

import eventlet
import eventlet.debug
import eventlet.greenio
import eventlet.hubs
import eventlet.wsgi


def patch() -> None:
    """Make the standard library's blocking calls green, in this process."""
    eventlet.hubs.use_hub()
    eventlet.monkey_patch()
    eventlet.debug.hub_exceptions(False)


class DeadlineExceeded(Exception):
    """A block took longer than its deadline."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raises DeadlineExceeded in the block once `seconds` have passed."""
    with eventlet.Timeout(seconds, DeadlineExceeded(f"{seconds} s")):
        yield


def silent_timeout(seconds: float) -> Any:
    """A context that is left silently once `seconds` have passed."""
    return eventlet.Timeout(seconds, False)


def green_socket(sock: Any) -> Any:
    """The green twin of a listening socket made before the patch."""
    return eventlet.greenio.GreenSocket(sock)


def pool(size: int) -> Any:
    """A pool of green threads."""
    return eventlet.GreenPool(size)


def spawn(function: Any, *args: Any) -> Any:
    """Run a function in a green thread."""
    return eventlet.spawn(function, *args)


def sleep(seconds: float) -> None:
    """Let others run for so long."""
    eventlet.sleep(seconds)
