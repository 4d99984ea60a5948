"""The parts of gunicorn's objects used by the worker. gunicorn has no types."""

import io
from typing import Any, Protocol

#: An address as accept(2) gives it. The worker only passes it on.
Address = Any


class Unreader(Protocol):
    """Reads the client's socket for the parser."""

    #: Bytes read beyond the present request.
    buf: io.BytesIO


class Listener(Protocol):
    """A listening socket."""

    def accept(self) -> tuple[Any, Address]:
        """The next connection: a ClientSocket, from the green listeners."""

    def getsockname(self) -> Address:
        """The address on which it listens."""
