"""Reads a response's body up to a limit, decompresses it, and feeds it to a reader."""

import time
import zlib
from collections.abc import Iterator
from enum import Enum, auto

from splitflap_scraper.fetch.errors import EndedEarlyError, FetchError, Transient
from splitflap_scraper.fetch.http.framing import Body
from splitflap_scraper.fetch.http.reader import Reader
from splitflap_scraper.fetch.http.wire import READ_SIZE, Wire

#: The content codings in a request (RFC 9110, section 8.4.1): those with bounded decompression.
ACCEPT_ENCODING = "gzip, deflate"

#: Bytes on the wire for each byte of the limit, for chunk sizes and compression's overhead.
WIRE_FACTOR = 2

#: Bytes of a piece for the reader, and reads of one body. They bound the cost of a server that
#: sends a few bytes at a time. A body of more reads is truncated.
MIN_PIECE = 1024
MAX_READS = 4096

#: Bytes that the reader takes in one step: about 2 ms for the worst page.
MAX_PIECE = 16 * 1024

#: zlib's window, and its flag to detect a gzip or zlib header.
_WBITS = zlib.MAX_WBITS
_DETECT_HEADER = 32


def read_body(body: Body, coding: str, wire: Wire, reader: Reader, max_bytes: int) -> bool:
    """Feed a body's first `max_bytes` (decompressed) to a reader, until it has enough.

    `coding` is the Content-Encoding header.

    Returns whether a limit or the end of the connection truncated the body.

    Raises:
        FetchError: `bad_response` for an unknown content coding or broken compression; `closed` if
            the body ended before the reader found any content; `timeout` and `too_large`, as Wire.
    """
    left = min(max_bytes, reader.max_bytes)
    wire.budget = max(left * WIRE_FACTOR, READ_SIZE)
    inflate = Inflater(coding)
    end = End.NOT_YET
    for data, end in _pieces(body):
        page = inflate.feed(data, left)
        left -= len(page)
        if _feed(reader, page, final=end is not End.NOT_YET or not left):
            return False
        if not left:
            return end is End.NOT_YET
    if end is End.EARLY and not reader.found:
        raise Transient("closed", "the connection ended within the page")
    return end is End.EARLY


def _feed(reader: Reader, page: bytes, *, final: bool) -> bool:
    """Feed a page in steps, and return whether the reader has enough.

    Other green threads run between the steps: a compression bomb arrives as one piece.
    """
    for at in range(0, max(len(page), 1), MAX_PIECE):
        piece = page[at : at + MAX_PIECE]
        if reader.feed(piece, final=final and at + MAX_PIECE >= len(page)):
            return True
        if len(page) > MAX_PIECE:
            time.sleep(0)
    return False


class End(Enum):
    """How a body has ended."""

    NOT_YET = auto()
    WHOLE = auto()
    EARLY = auto()


def _pieces(body: Body) -> Iterator[tuple[bytes, End]]:
    """Iterate over a body in pieces of MIN_PIECE bytes or more. The last one may be shorter."""
    gathered = b""
    for _ in range(MAX_READS):
        try:
            data = body.read()
        except EndedEarlyError:
            yield gathered, End.EARLY
            return
        except Exception:
            # After a limit or a reset, the reader still gets the bytes before it.
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
    """Undoes a content coding piece by piece, with a bounded output."""

    def __init__(self, coding: str) -> None:
        """`coding` is the Content-Encoding header.

        Raises:
            FetchError: `bad_response` for an unsupported coding.
        """
        self._coding = coding.strip().lower()
        if self._coding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise FetchError("bad_response", f"unsupported content coding {self._coding[:50]!r}")
        self._inflate = zlib.decompressobj(_WBITS | _DETECT_HEADER)
        self._begun = False

    def feed(self, data: bytes, most: int) -> bytes:
        """Decompress a piece. It returns `most` bytes at most, and drops the rest.

        Raises:
            FetchError: `bad_response`, for broken compression.
        """
        if self._coding in {"", "identity"} or not data:
            return data[:most]
        try:
            return self._inflated(data, most)
        except zlib.error as error:
            raise FetchError("bad_response", f"broken compression: {error}") from error

    def _inflated(self, data: bytes, most: int) -> bytes:
        try:
            page = self._inflate.decompress(data, most)
        except zlib.error:
            if self._begun or self._coding != "deflate":
                raise
            # Some servers send deflate without its zlib header (RFC 9110, section 8.4.1.2).
            self._inflate = zlib.decompressobj(-_WBITS)
            page = self._inflate.decompress(data, most)
        self._begun = True
        return page
