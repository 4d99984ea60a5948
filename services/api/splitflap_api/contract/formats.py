"""Forms of ids and times in the API."""

import re
from datetime import UTC, datetime, timedelta

from uuid_utils import uuid7

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: The last millisecond of the year 9999, the last year of RFC 3339.
_LATEST = 253_402_300_799_999

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_id(text: str) -> bool:
    """Whether the text is a UUID in lower case, as the database writes ids."""
    return _UUID.fullmatch(text) is not None


def new_id(created_at: int) -> str:
    """A UUIDv7 of a time in milliseconds since 1970 (RFC 9562, section 5.7)."""
    seconds, rest = divmod(created_at, 1000)
    return str(uuid7(timestamp=seconds, nanos=rest * 1_000_000))


def first_id(created_at: int) -> str:
    """The lowest UUIDv7 of a time in milliseconds since 1970. Lower ids are of earlier times.

    That of an earlier time is the lowest of all: no post is older.
    """
    digits = f"{max(created_at, 0):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"


def milliseconds(moment: datetime) -> int:
    """A moment with an offset as milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


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
