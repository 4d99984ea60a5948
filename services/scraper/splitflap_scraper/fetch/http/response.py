"""The head of a response (RFC 9112), and where its body ends.

Written for what a preview needs, and so that a doubt costs a connection and never a mistake: what
is not certain about a response's end forbids that another request follows on its connection.
"""

import re
from typing import NamedTuple

from splitflap_scraper.fetch.errors import FetchError, Transient
from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.fetch.http.wire import Wire

#: Lines of one head.
MAX_FIELDS = 100

#: Reads of one head: what comes byte by byte must not cost more than it is worth.
MAX_HEAD_READS = 4096

#: Statuses without a body (RFC 9112, section 6.3).
BODILESS = frozenset({204, 304})

#: Digits of a length: no page has as many bytes.
MAX_DIGITS = 15

_BEGIN = b"HTTP/1."
_STATUS = re.compile(r"HTTP/1\.([0-9])[ \t]+([1-9][0-9][0-9])(?![^ \t\r])")
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_FIELD_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class Response(NamedTuple):
    """A final response before its body.

    `length` is the body's in bytes, None where it is told by chunks or by the connection's end;
    `keeps` says that the connection is good for another request once the body has been read.
    """

    status: int
    headers: Headers
    length: int | None
    chunked: bool
    keeps: bool


def read_response(wire: Wire) -> Response:
    """The final response; those before it (1xx, RFC 9110 section 15.2) are passed over.

    Raises:
        FetchError: `closed`, `bad_response`, `too_large`; as Wire.
    """
    while True:
        response = parsed_response(_read_head(wire))
        if response.status >= 200:  # noqa: PLR2004 - the end of the informational class
            return response


def _read_head(wire: Wire) -> bytes:
    begin = looked = wire.at
    for _ in range(MAX_HEAD_READS):
        if not _BEGIN.startswith(wire.data[begin : begin + len(_BEGIN)]):
            raise FetchError("bad_response", "not HTTP")
        end = _END_OF_HEAD.search(wire.data, looked)
        if end:
            wire.at = end.end()
            return wire.data[begin : end.start()]
        # What was found may go on in the next piece: three bytes, of which one has not come.
        looked = max(begin, len(wire.data) - 2)
        if not wire.more():
            raise Transient("closed", "the connection ended within the head")
    raise FetchError("too_large", "a head in very many pieces")


def parsed_response(head: bytes) -> Response:
    """What a head says, from its first line to before the empty one.

    Raises:
        FetchError: `bad_response` or `too_large`.
    """
    lines = head.decode("latin-1").split("\n")
    if len(lines) > 1 + MAX_FIELDS:
        raise FetchError("too_large", f"more than {MAX_FIELDS} header fields")
    status = _STATUS.match(lines[0])
    if status is None:
        raise FetchError("bad_response", f"status line {lines[0][:50]!r}")
    fields, clean = _fields(lines[1:])
    headers = Headers(fields)
    chunked = _is_chunked(headers)
    length, certain = _length(headers)
    if chunked:
        # Chunks count before a length (RFC 9112, section 6.3); who says both is not trusted.
        certain = certain and length is None
        length = None
    if int(status[2]) in BODILESS:
        length, chunked = 0, False
    keeps = (
        clean
        and certain
        and status[1] != "0"
        and (chunked or length is not None)
        and "close" not in ",".join(headers.get_all("Connection")).lower()
    )
    return Response(int(status[2]), headers, length, chunked, keeps)


def _fields(lines: list[str]) -> tuple[list[tuple[str, str]], bool]:
    """The fields that are in order, and whether all of them are.

    As browsers do, others are passed over; a folded line belongs to the one before.
    """
    fields: list[tuple[str, str]] = []
    clean = True
    for line in lines:
        if line[:1] in {" ", "\t"} and fields:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.strip()}")
            clean = False
            continue
        name, colon, value = line.partition(":")
        value = value.strip(" \t\r")
        if colon and _FIELD_NAME.fullmatch(name) and "\r" not in value and "\0" not in value:
            fields.append((name, value))
        else:
            clean = False
    return fields, clean


def _is_chunked(headers: Headers) -> bool:
    """Raises FetchError: `bad_response`, for another transfer coding."""
    coding = ",".join(headers.get_all("Transfer-Encoding")).strip().lower()
    if coding in {"", "identity"}:
        return False
    if coding != "chunked":
        raise FetchError("bad_response", f"transfer coding {coding[:50]!r}")
    return True


def _length(headers: Headers) -> tuple[int | None, bool]:
    """The body's length, None where none is said, and whether that is certain.

    Raises:
        FetchError: `bad_response`, for several lengths.
    """
    said = set(headers.get_all("Content-Length"))
    if len(said) > 1:
        raise FetchError("bad_response", "several lengths")
    text = said.pop() if said else ""
    if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS:
        return int(text), True
    return None, not text
