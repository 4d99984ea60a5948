"""The key in the bytes of a request."""

import re

_HEAD_END = b"\r\n\r\n"
_START = b"\r\nauthorization"
_BEARER = re.compile(rb"\r\nauthorization: ?bearer +([\x21-\x7e]+)(?=\r\n)", re.IGNORECASE)


def probable_bearer(data: bytes) -> str | None:
    """The key that the first bytes of a request seem to have. It grants nothing."""
    found = _BEARER.search(data)
    return found[1].decode("ascii") if found else None


def certain_bearer(data: bytes) -> str | None:
    """The key of a request, if its head certainly has exactly one."""
    head, end, _ = data.partition(_HEAD_END)
    if not end or head.lower().count(_START) != 1:
        return None
    return probable_bearer(head + b"\r\n")
