"""The urgency of a request: the header Priority (RFC 9218)."""

from typing import cast

import http_sf

#: Urgencies of RFC 9218 that mean: after the default, 3. Nobody may jump ahead of it.
LOW_URGENCIES = range(4, 8)

#: Characters of a Priority that is read. Many members would take milliseconds.
MAX_PRIORITY = 200


def asks_to_yield(header: str) -> bool:
    """Whether this value of Priority asks to yield to others: `u=4` to `u=7`.

    Section 4 of the RFC: a server ignores a malformed header, an urgency out of range, and
    parameters that it does not know.
    """
    if not 0 < len(header) <= MAX_PRIORITY:
        return False
    try:
        parsed = http_sf.parse(header.encode("latin-1"), tltype="dictionary")
    except (http_sf.StructuredFieldError, UnicodeEncodeError):
        return False
    members = cast("dict[str, tuple[object, object]]", parsed)
    urgency, _ = members.get("u", (None, None))
    return type(urgency) is int and urgency in LOW_URGENCIES
