"""Tells markup and texts by their first bytes (WHATWG, MIME Sniffing Standard)."""

import re

#: Bytes that are examined ("resource header").
SNIFFED = 512

#: Control characters that no text has ("binary data byte").
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")

#: The first tag, comment or declaration, after white space.
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?[\t\n\x0c\r ]*<(?:[A-Za-z]|!--|!doctype\b|\?xml\b)", re.IGNORECASE
)


def is_text(begin: bytes) -> bool:
    """Whether a body is text by its first bytes: it has a byte order mark, or no binary data."""
    return begin.startswith(_BYTE_ORDER_MARKS) or _BINARY.search(begin[:SNIFFED]) is None


def is_markup(begin: bytes) -> bool:
    """Whether a body begins as a page does."""
    return _MARKUP.match(begin[:SNIFFED]) is not None
