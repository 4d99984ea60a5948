"""Forms of ids and times in the API."""

import re
from datetime import UTC, datetime

#: The last millisecond of the year 9999, the last year of RFC 3339.
_LATEST = 253_402_300_799_999

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_id(text: str) -> bool:
    """Whether the text is a UUID in lower case, as the database writes ids."""
    return _UUID.fullmatch(text) is not None


def rfc3339(milliseconds: int) -> str:
    """A time of the database (milliseconds since 1970) as RFC 3339, in UTC.

    A time outside of the years 1970 to 9999 becomes the nearest one, so that a damaged row of an
    earlier release breaks no list.
    """
    milliseconds = min(max(milliseconds, 0), _LATEST)
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def maybe_rfc3339(milliseconds: int | None) -> str | None:
    """Like `rfc3339`; None stays None."""
    return None if milliseconds is None else rfc3339(milliseconds)
