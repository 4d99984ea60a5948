"""Parses the head of a response (RFC 9112), and finds how its body ends.

If the end of a response is ambiguous, its connection is closed after it.
"""

import re
from typing import NamedTuple

from splitflap_scraper.fetch.errors import FetchError, Transient
from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.fetch.http.wire import Wire

#: Header fields of one head.
MAX_FIELDS = 100

#: Reads of one head. It bounds the cost of a server that sends byte by byte.
MAX_HEAD_READS = 4096

#: Statuses of responses that have no body (RFC 9112, section 6.3; for 205 RFC 9110, section
#: 15.3.6).
BODILESS = frozenset({204, 205, 304})

#: Digits of a length. A longer number is invalid.
MAX_DIGITS = 15

_BEGIN = b"HTTP/1."
_STATUS = re.compile(r"HTTP/1\.([0-9])[ \t]+([1-9][0-9][0-9])(?![^ \t\r])")
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_FIELD_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class Response(NamedTuple):
    """A final response before its body.

    `length` is the body's length in bytes. It is None if chunks or the end of the connection mark
    the end of the body. `keeps` allows another request on the connection after the body.
    """

    status: int
    headers: Headers
    length: int | None
    chunked: bool
    keeps: bool


def read_response(wire: Wire) -> Response:
    """Read the head of the final response. It skips 1xx responses (RFC 9110, section 15.2).

    Raises:
        FetchError: `closed`, `bad_response`, `too_large`; as Wire.
    """
    while True:
        response = parsed_response(_read_head(wire))
        if response.status >= 200:  # noqa: PLR2004 - the end of the informational class
            return response


def _read_head(wire: Wire) -> bytes:
    begin = searched = wire.at
    for _ in range(MAX_HEAD_READS):
        if not _BEGIN.startswith(wire.data[begin : begin + len(_BEGIN)]):
            raise FetchError("bad_response", "not HTTP")
        end = _END_OF_HEAD.search(wire.data, searched)
        if end:
            wire.at = end.end()
            return wire.data[begin : end.start()]
        # The end has up to three bytes, and the last one may be in the next piece.
        searched = max(begin, len(wire.data) - 2)
        if not wire.more():
            raise Transient("closed", "the connection ended within the head")
    raise FetchError("too_large", "a head in too many pieces")


def parsed_response(head: bytes) -> Response:
    """Parse a head, from its first line to the line before the empty one.

    Raises:
        FetchError: `bad_response` or `too_large`.
    """
    lines = head.decode("latin-1").split("\n")
    if len(lines) > 1 + MAX_FIELDS:
        raise FetchError("too_large", f"more than {MAX_FIELDS} header fields")
    status = _STATUS.match(lines[0])
    if status is None:
        raise FetchError("bad_response", f"invalid status line {lines[0][:50]!r}")
    fields, is_clean = _fields(lines[1:])
    headers = Headers(fields)
    chunked = _is_chunked(headers)
    length, is_certain = _length(headers)
    if chunked:
        # Chunks override a length (RFC 9112, section 6.3). A response with both is ambiguous.
        is_certain = is_certain and length is None
        length = None
    if int(status[2]) in BODILESS:
        length, chunked = 0, False
    keeps = (
        is_clean
        and is_certain
        and status[1] != "0"
        and (chunked or length is not None)
        and "close" not in ",".join(headers.get_all("Connection")).lower()
    )
    return Response(int(status[2]), headers, length, chunked, keeps)


def _fields(lines: list[str]) -> tuple[list[tuple[str, str]], bool]:
    """Return the valid fields, and whether all fields are valid.

    It skips invalid fields, as browsers do. A folded line continues the line before.
    """
    fields: list[tuple[str, str]] = []
    is_clean = True
    for line in lines:
        if line[:1] in {" ", "\t"} and fields:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.strip()}")
            is_clean = False
            continue
        name, colon, value = line.partition(":")
        value = value.strip(" \t\r")
        if colon and _FIELD_NAME.fullmatch(name) and "\r" not in value and "\0" not in value:
            fields.append((name, value))
        else:
            is_clean = False
    return fields, is_clean


def _is_chunked(headers: Headers) -> bool:
    """Whether a body is chunked. Raises FetchError `bad_response` for another transfer coding."""
    coding = ",".join(headers.get_all("Transfer-Encoding")).strip().lower()
    if coding in {"", "identity"}:
        return False
    if coding != "chunked":
        raise FetchError("bad_response", f"unsupported transfer coding {coding[:50]!r}")
    return True


def _length(headers: Headers) -> tuple[int | None, bool]:
    """Return the body's length, or None, and whether the header is unambiguous.

    Raises:
        FetchError: `bad_response`, for different lengths.
    """
    lengths = set(headers.get_all("Content-Length"))
    if len(lengths) > 1:
        raise FetchError("bad_response", "several lengths")
    text = lengths.pop() if lengths else ""
    if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS:
        return int(text), True
    return None, not text
