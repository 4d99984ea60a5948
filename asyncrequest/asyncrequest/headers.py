"""The request headers `Prefer` and `Idempotency-Key`, and the fingerprint of a request."""

import hashlib
import re
from dataclasses import dataclass

from flask import request
from werkzeug.http import parse_list_header

from .errors import BadHeader

#: The longest wait for a final response, in seconds; longer ones are cut to it.
MAX_WAIT = 30

_SECONDS = re.compile(r"[0-9]+")
#: A key without quotes, and a String of RFC 9651; parameters of the String are ignored. A comma
#: needs the quotes: WSGI joins two fields of a request with it, and the header has one value.
_BARE_KEY = re.compile(r"[\x21\x23-\x2b\x2d-\x7e][\x21-\x2b\x2d-\x7e]*")
_QUOTED_KEY = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*+)"(?: *;[\x20-\x7e]*)?')
_ESCAPED = re.compile(r'\\(["\\])')

#: The longest key, in characters.
MAX_KEY = 255


@dataclass(frozen=True)
class RequestHeaders:
    """The headers of a request that may become a task."""

    #: Seconds to hold the request for its final response; 0 for none.
    wait: int
    idempotency_key: str | None
    #: Present with an idempotency key.
    fingerprint: str | None

    @classmethod
    def read(cls) -> "RequestHeaders":
        """Read the present request, and with an idempotency key its whole body.

        Call this before the view, which may consume the body as a form.

        Raises:
            BadHeader: the idempotency key is malformed.
        """
        key = idempotency_key()
        return cls(preferred_wait(), key, fingerprint_of_request() if key else None)


def preferred_wait() -> int:
    """Seconds from `Prefer: wait=N` (RFC 7240, section 4.3); 0 if absent or malformed.

    Section 2 of the RFC: a server ignores a malformed preference, uses the first of several, and
    reads parameters after a semicolon. A wait above MAX_WAIT is cut to it.
    """
    # Split instead of matched: a pattern with optional spaces takes minutes for 8,000 of them.
    for preference in parse_list_header(request.headers.get("Prefer", "")):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":
            return _seconds(value.strip())
    return 0


def _seconds(value: str) -> int:
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    if not _SECONDS.fullmatch(value):
        return 0
    # A number of many digits is too large by itself. Python refuses to read thousands of them.
    digits = value.lstrip("0")
    return MAX_WAIT if len(digits) > len(str(MAX_WAIT)) else min(int(digits or "0"), MAX_WAIT)


def idempotency_key() -> str | None:
    """The `Idempotency-Key` of the present request: a String of RFC 9651, or its bare text.

    `"k"` and `k` are the same key.

    Raises:
        BadHeader: the key is empty or too long, or has other characters.
    """
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    if quoted := _QUOTED_KEY.fullmatch(header):
        key = _ESCAPED.sub(r"\1", quoted[1])
    else:
        key = header if _BARE_KEY.fullmatch(header) else ""
    if not 1 <= len(key) <= MAX_KEY:
        expected = f'a string of 1 to {MAX_KEY} ASCII characters in quotes, such as "order-7"'
        raise BadHeader("Idempotency-Key", expected)
    return key


def fingerprint_of_request() -> str:
    """A digest of method, path, query and body. Reads the whole body."""
    parts = (request.method.encode(), request.full_path.encode(), request.get_data())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
