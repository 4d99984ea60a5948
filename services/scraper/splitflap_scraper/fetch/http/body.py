"""Reads a response's body up to a limit, decodes it, and feeds it to a reader."""

import time
from collections.abc import Iterator, Sequence
from enum import Enum, auto

from splitflap_scraper.fetch.errors import EndedEarlyError, ReaderError, Transient
from splitflap_scraper.fetch.http.decoding import Decoding
from splitflap_scraper.fetch.http.framing import Body
from splitflap_scraper.fetch.http.reader import Reader
from splitflap_scraper.fetch.http.wire import READ_SIZE, Wire

#: Bytes on the wire for each byte of the limit, for chunk sizes and compression's overhead.
WIRE_FACTOR = 2

#: Bytes of a piece for the reader, and reads of one body. They bound the cost of a server that
#: sends a few bytes at a time. A body of more reads is truncated.
MIN_PIECE = 1024
MAX_READS = 4096

#: Bytes of a body with a heavy coding: on the wire, and decoded. It is decoded at once, after its
#: last byte, so no decoder waits for a connection or for a reader.
MAX_HEAVY_WIRE = 512 * 1024
MAX_HEAVY = 1024 * 1024

#: Bytes that the reader takes in one step: about 2 ms for the worst page.
MAX_PIECE = 16 * 1024


def read_body(
    body: Body, codings: Sequence[str], wire: Wire, reader: Reader, max_bytes: int
) -> bool:
    """Feed a body's first `max_bytes` (decoded) to a reader, until it has enough.

    `codings` are the Content-Encoding headers.

    Returns whether a limit or the end of the connection truncated the body.

    Raises:
        FetchError: as Decoding; `closed` if the body ended before the reader found any content;
            `timeout` and `too_large`, as Wire.
        ReaderError: the reader raised a ValueError.
    """
    left = min(max_bytes, reader.max_bytes)
    wire.budget = max(left * WIRE_FACTOR, READ_SIZE)
    end = End.NOT_YET
    decoding = Decoding(codings, wire.budget)
    if decoding.is_heavy:
        left = min(left, MAX_HEAVY)
        wire.budget = min(wire.budget, MAX_HEAVY_WIRE)
    pages = _whole(decoding, body, left) if decoding.is_heavy else _pages(decoding, body)
    for page, end in pages:
        page = page[:left]  # noqa: PLW2901 - the rest is beyond the limit
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
        try:
            is_enough = reader.feed(piece, final=final and at + MAX_PIECE >= len(page))
        except ValueError as error:
            raise ReaderError(type(reader).__name__) from error
        if is_enough:
            return True
        if len(page) > MAX_PIECE:
            time.sleep(0)
    return False


class End(Enum):
    """How a body has ended."""

    NOT_YET = auto()
    WHOLE = auto()
    EARLY = auto()


def _pages(decoding: Decoding, body: Body) -> Iterator[tuple[bytes, End]]:
    """Iterate over the decoded body. Its last page has its end."""
    for data, end in _pieces(body, MIN_PIECE):
        page = b""
        for following in decoding.pages(data):
            if page:
                yield page, End.NOT_YET
            page = following
        yield page, end


def _whole(decoding: Decoding, body: Body, most: int) -> Iterator[tuple[bytes, End]]:
    """Iterate over a body that is decoded at once: its only page."""
    for data, end in _pieces(body, MAX_READS * READ_SIZE):
        page, error = decoding.whole(data, most)
        yield page, End.NOT_YET if len(page) > most else End.EARLY if error else end
        if error:
            raise error


def _pieces(body: Body, least: int) -> Iterator[tuple[bytes, End]]:
    """Iterate over a body in pieces of `least` bytes or more. The last one may be shorter."""
    gathered = bytearray()
    for _ in range(MAX_READS):
        try:
            data = body.read()
        except EndedEarlyError:
            yield _taken(gathered), End.EARLY
            return
        except Exception:
            # After a limit or a reset, the reader still gets the bytes before it.
            yield _taken(gathered), End.EARLY
            raise
        gathered += data
        if not data or body.ended:
            yield _taken(gathered), End.WHOLE
            return
        if len(gathered) >= least:
            yield _taken(gathered), End.NOT_YET
    yield _taken(gathered), End.WHOLE


def _taken(gathered: bytearray) -> bytes:
    """Return the gathered bytes, and hold them no longer."""
    data = bytes(gathered)
    gathered.clear()
    return data
