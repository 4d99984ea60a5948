"""The request headers `Prefer` and `Idempotency-Key`, and the fingerprint of a request."""

import hashlib
import re
from dataclasses import dataclass

from flask import request
from werkzeug.http import parse_list_header

from .errors import BadHeader

#: The longest wait for a final response, in seconds; longer ones are cut to it.
MAX_WAIT = 30

_SECONDS = re.compile(r"[0-9]{1,9}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


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
    reads parameters after a semicolon.
    """
    # Split instead of matched: a pattern with optional spaces takes minutes for 8,000 of them.
    for preference in parse_list_header(request.headers.get("Prefer", "")):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":
            seconds = value.strip().strip('"')
            return min(int(seconds), MAX_WAIT) if _SECONDS.fullmatch(seconds) else 0
    return 0


def idempotency_key() -> str | None:
    """The `Idempotency-Key` of the present request.

    Raises:
        BadHeader: the key is too long, or has other characters.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise BadHeader("Idempotency-Key", "1 to 255 visible ASCII characters")
    return key


def fingerprint_of_request() -> str:
    """A digest of method, path, query and body. Reads the whole body."""
    parts = (request.method.encode(), request.full_path.encode(), request.get_data())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
