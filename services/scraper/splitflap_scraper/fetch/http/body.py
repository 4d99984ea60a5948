"""A response's body, read no further than a preview needs, and never beyond a limit."""

import time
import zlib
from collections.abc import Iterator
from enum import Enum, auto

from splitflap_scraper.fetch.errors import FetchError, Transient
from splitflap_scraper.fetch.http.framing import Body, EndedEarlyError
from splitflap_scraper.fetch.http.wire import READ_SIZE, Wire
from splitflap_scraper.fetch.reader import Reader

#: What a request asks for (RFC 9110, section 8.4.1): what can be decompressed within a limit.
ACCEPT_ENCODING = "gzip, deflate"

#: Bytes on the wire for each byte of the limit: room for chunk sizes and compression's overhead.
WIRE_FACTOR = 2

#: Bytes gathered before they are looked at, and reads of one body: what arrives in chunks of a few
#: bytes must not cost more than it is worth. A body of more reads is taken as ended there.
MIN_PIECE = 1024
MAX_READS = 4096

#: Bytes of a page that are looked at in one step: about 2 ms for the worst of them.
MAX_PIECE = 16 * 1024

#: zlib's window, and its word for a gzip or zlib header, whichever comes.
_WBITS = zlib.MAX_WBITS
_DETECT_HEADER = 32


def read_body(body: Body, coding: str, wire: Wire, reader: Reader, max_bytes: int) -> bool:
    """Feed a body's first `max_bytes` (decompressed) to a reader, until it has enough.

    `coding` is the Content-Encoding header.

    Returns whether it was cut off by a limit or by the connection's end.

    Raises:
        FetchError: `bad_response` for an unknown content coding or broken compression; `closed`
            where it ended before anything was understood; `timeout`, `too_large`, as Wire.
    """
    room = min(max_bytes, reader.max_bytes)
    wire.budget = max(room * WIRE_FACTOR, READ_SIZE)
    inflate = Inflater(coding)
    end = End.NOT_YET
    for data, end in _pieces(body):
        page = inflate.feed(data, room)
        room -= len(page)
        if _fed(reader, page, final=end is not End.NOT_YET or not room):
            return False
        if not room:
            return end is End.NOT_YET
    if end is End.EARLY and not reader.found:
        raise Transient("closed", "the connection ended within the page")
    return end is End.EARLY


def _fed(reader: Reader, page: bytes, *, final: bool) -> bool:
    """Whether the reader has enough. Others run between pieces: a bomb is large in one."""
    for at in range(0, max(len(page), 1), MAX_PIECE):
        piece = page[at : at + MAX_PIECE]
        if reader.feed(piece, final=final and at + MAX_PIECE >= len(page)):
            return True
        if len(page) > MAX_PIECE:
            time.sleep(0)
    return False


class End(Enum):
    """Whether a body has ended."""

    NOT_YET = auto()
    WHOLE = auto()
    EARLY = auto()


def _pieces(body: Body) -> Iterator[tuple[bytes, End]]:
    """The body in pieces of MIN_PIECE bytes or more, but for the last, each with what followed."""
    gathered = b""
    for _ in range(MAX_READS):
        try:
            data = body.read()
        except EndedEarlyError:
            yield gathered, End.EARLY
            return
        except Exception:
            # A limit, a reset: what came before is looked at first.
            yield gathered, End.EARLY
            raise
        gathered += data
        if not data or body.ended:
            yield gathered, End.WHOLE
            return
        if len(gathered) >= MIN_PIECE:
            yield gathered, End.NOT_YET
            gathered = b""
    yield gathered, End.WHOLE


class Inflater:
    """Undoes a content coding, piece by piece, making no more than asked for."""

    def __init__(self, coding: str) -> None:
        """`coding` is the Content-Encoding header.

        Raises:
            FetchError: `bad_response` for one that was not asked for.
        """
        self._coding = coding.strip().lower()
        if self._coding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise FetchError("bad_response", f"content coding {self._coding[:50]!r}")
        self._inflate = zlib.decompressobj(_WBITS | _DETECT_HEADER)
        self._begun = False

    def feed(self, data: bytes, room: int) -> bytes:
        """What these bytes stand for, `room` bytes at most; the rest is dropped.

        Raises:
            FetchError: `bad_response`, if it cannot be decompressed.
        """
        if self._coding in {"", "identity"} or not data:
            return data[:room]
        try:
            return self._inflated(data, room)
        except zlib.error as error:
            raise FetchError("bad_response", f"content coding: {error}") from error

    def _inflated(self, data: bytes, room: int) -> bytes:
        try:
            page = self._inflate.decompress(data, room)
        except zlib.error:
            if self._begun or self._coding != "deflate":
                raise
            # Some servers send deflate without its zlib header (RFC 9110, section 8.4.1.2).
            self._inflate = zlib.decompressobj(-_WBITS)
            page = self._inflate.decompress(data, room)
        self._begun = True
        return page
