"""Forms of ids and times in the API."""

import re
from datetime import UTC, datetime

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_id(text: str) -> bool:
    """Whether the text is a UUID in lower case, as the database writes ids."""
    return _UUID.fullmatch(text) is not None


def rfc3339(milliseconds: int) -> str:
    """A time of the database (milliseconds since 1970) as RFC 3339, in UTC."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def maybe_rfc3339(milliseconds: int | None) -> str | None:
    """Like `rfc3339`; None stays None."""
    return None if milliseconds is None else rfc3339(milliseconds)
