"""A response's body, read no further than a preview needs, and never beyond a limit."""

import http.client
import zlib
from collections.abc import Iterator
from enum import Enum, auto

from splitflap_scraper.charsets import TextDecoder
from splitflap_scraper.errors import FetchError, Transient
from splitflap_scraper.scan import HeadScanner
from splitflap_scraper.wire import READ_SIZE, Wire

#: What a request asks for (RFC 9110, section 8.4.1): what can be decompressed within a limit.
ACCEPT_ENCODING = "gzip, deflate"

#: Bytes on the wire for each byte of the limit: room for chunk sizes and compression's overhead.
WIRE_FACTOR = 2

#: Bytes gathered before they are looked at, and reads of one body: what arrives in chunks of a few
#: bytes must not cost more than it is worth. A body of more reads is taken as ended there.
MIN_PIECE = 1024
MAX_READS = 4096

#: zlib's window, and its word for a gzip or zlib header, whichever comes.
_WBITS = zlib.MAX_WBITS
_DETECT_HEADER = 32


def read_head(
    response: http.client.HTTPResponse, wire: Wire, http_label: str | None, max_bytes: int
) -> str:
    """The tags of the page's head that matter, of the first `max_bytes` (decompressed).

    Raises:
        FetchError: `bad_response` for an unknown content coding, broken compression, or a body
            that ended before it had any such tag; `timeout`, `too_large`, as Wire.
    """
    wire.budget = max_bytes * WIRE_FACTOR
    inflate = Inflater(response.getheader("Content-Encoding", ""))
    decoder, scanner = TextDecoder(http_label), HeadScanner()
    room = max_bytes
    end = End.NOT_YET
    for data, end in _pieces(response):
        page = inflate.feed(data, room)
        room -= len(page)
        scanner.feed(decoder.feed(page, final=end is not End.NOT_YET or not room))
        if scanner.done or not room:
            break
    if end is End.EARLY and not scanner.tags:
        raise Transient("bad_response", "the connection ended within the page")
    return decoder.settled("".join(scanner.tags))


class End(Enum):
    """Whether a body has ended."""

    NOT_YET = auto()
    WHOLE = auto()
    EARLY = auto()


def _pieces(response: http.client.HTTPResponse) -> Iterator[tuple[bytes, End]]:
    """The body in pieces of MIN_PIECE bytes or more, but for the last, each with what followed."""
    gathered = b""
    for _ in range(MAX_READS):
        try:
            data = response.read1(READ_SIZE)
        except http.client.IncompleteRead:
            yield gathered, End.EARLY
            return
        gathered += data
        if not data:
            yield gathered, End.EARLY if response.length else End.WHOLE
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
