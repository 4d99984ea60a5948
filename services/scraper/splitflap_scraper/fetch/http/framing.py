"""Where a response's body ends (RFC 9112): after so many bytes, a last chunk, or the connection."""

import re
from typing import Protocol

from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.http.response import Response
from splitflap_scraper.fetch.http.wire import READ_SIZE, Wire

#: Bytes of the line before a chunk, its extensions included.
MAX_LINE = 4096

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;|\Z)")


class EndedEarlyError(Exception):
    """The connection has ended within the body."""


class Body(Protocol):
    """The bytes of one response's body."""

    @property
    def ended(self) -> bool:
        """Whether the body is known to have been read to its end."""

    def read(self) -> bytes:
        """Some bytes; none at the end.

        Raises:
            EndedEarlyError: the connection ended before the body did.
            FetchError: `bad_response` for broken chunks; as Wire.
        """


def body_of(response: Response, wire: Wire) -> Body:
    """How to read a response's body."""
    if response.chunked:
        return _Chunks(wire)
    return _UntilClose(wire) if response.length is None else _Counted(wire, response.length)


class _Counted:
    """So many bytes."""

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
    """All that comes."""

    ended = False

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def read(self) -> bytes:
        return self._wire.take(READ_SIZE)


class _Chunks:
    """Pieces that each say their size."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        #: The one that is being read.
        self._chunk = _Counted(wire, 0)
        self._within = self._over = self.ended = False

    def read(self) -> bytes:
        if self._over or (self._chunk.ended and not self._begun()):
            return b""
        return self._chunk.read()

    def _begun(self) -> bool:
        """Whether there is another chunk."""
        if self._within and self._line():
            raise FetchError("bad_response", "a chunk is longer than it says")
        size = _SIZE.match(self._line())
        if size is None:
            raise FetchError("bad_response", "a chunk without size")
        self._chunk = _Counted(self._wire, int(size[1], 16))
        self._within = True
        if self._chunk.ended:
            # Nobody waits for a trailer; the connection is of use where there is none.
            self._over = True
            self.ended = self._wire.skip(b"\r\n")
        return not self._over

    def _line(self) -> bytes:
        line = self._wire.line(MAX_LINE)
        if line is None:
            raise EndedEarlyError
        return line
