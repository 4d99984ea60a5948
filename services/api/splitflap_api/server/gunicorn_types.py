"""The parts of gunicorn's objects used by the worker. gunicorn has no types."""

import io
from typing import Any, Protocol

#: An address as accept(2) gives it. The worker only passes it on.
Address = Any


class Body(Protocol):
    """The body of a request."""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; empty at the end of the body."""


class Unreader(Protocol):
    """Reads the client's socket for the parser."""

    #: Bytes read beyond the present request.
    buf: io.BytesIO


class ParsedRequest(Protocol):
    """A request with a parsed head."""

    body: Body
    unreader: Unreader


class Listener(Protocol):
    """A listening socket."""

    def accept(self) -> tuple[Any, Address]:
        """The next connection: a ClientSocket, from the green listeners."""
