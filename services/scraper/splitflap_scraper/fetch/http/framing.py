"""Reads a response's body to its end (RFC 9112): a length, a last chunk, or a closed connection."""

import re
from typing import Protocol

from splitflap_scraper.fetch.errors import EndedEarlyError, FetchError
from splitflap_scraper.fetch.http.response import Response
from splitflap_scraper.fetch.http.wire import READ_SIZE, Wire

#: Bytes of the line before a chunk, including its extensions.
MAX_LINE = 4096

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;|\Z)")


class Body(Protocol):
    """The body of one response. `read` blocks until bytes arrive."""

    @property
    def ended(self) -> bool:
        """Whether the body was surely read to its end."""

    def read(self) -> bytes:
        """Read some bytes. Empty at the end.

        Raises:
            EndedEarlyError: the connection closed before the end of the body.
            FetchError: `bad_response` for broken chunks; as Wire.
        """


def body_of(response: Response, wire: Wire) -> Body:
    """Return the body of a response."""
    if response.chunked:
        return _Chunks(wire)
    return _UntilClose(wire) if response.length is None else _Counted(wire, response.length)


class _Counted:
    """A body with a length in bytes."""

    def __init__(self, wire: Wire, length: int) -> None:
        self._wire = wire
        self._left = length

    @property
    def ended(self) -> bool:
        return self._left == 0

    def read(self) -> bytes:
        if not self._left:
            return b""
        data = self._wire.take(min(self._left, READ_SIZE))
        if not data:
            raise EndedEarlyError
        self._left -= len(data)
        return data


class _UntilClose:
    """A body up to the end of the connection."""

    ended = False

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def read(self) -> bytes:
        return self._wire.take(READ_SIZE)


class _Chunks:
    """A body in chunks, each with its size."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._chunk = _Counted(wire, 0)
        #: Whether any chunk has begun, and whether the last chunk has.
        self._has_begun = self._is_over = False
        self.ended = False

    def read(self) -> bytes:
        if self._is_over or (self._chunk.ended and not self._begin_next()):
            return b""
        return self._chunk.read()

    def _begin_next(self) -> bool:
        """Begin the next chunk. False after the last one."""
        if self._has_begun and self._line():
            raise FetchError("bad_response", "a chunk is longer than its size")
        size = _SIZE.match(self._line())
        if size is None:
            raise FetchError("bad_response", "a chunk without a size")
        self._chunk = _Counted(self._wire, int(size[1], 16))
        self._has_begun = True
        if self._chunk.ended:
            # A trailer is not read, so it makes the connection useless.
            self._is_over = True
            self.ended = self._wire.skip(b"\r\n")
        return not self._is_over

    def _line(self) -> bytes:
        line = self._wire.line(MAX_LINE)
        if line is None:
            raise EndedEarlyError
        return line
