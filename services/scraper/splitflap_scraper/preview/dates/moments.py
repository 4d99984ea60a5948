"""Parses the times of pages into RFC 3339 in UTC."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from splitflap_scraper.preview.dates.clock import offset, time_after
from splitflap_scraper.preview.dates.style import DateStyle
from splitflap_scraper.preview.dates.texts import dates_in

#: Characters read of a time.
MAX_LENGTH = 60

#: Earliest year. Papers and books are older than the web.
FIRST_YEAR = 1500

#: The first moment of computers. It stands for an unknown time.
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_EPOCH = 631_152_000

_ISO = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)"
    r"(?:(?:T|[\s,]+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?(?!\d)\s*([AP]M)?"
    r"\s*(Z|UTC|GMT|[+-]\d{1,2}:?\d{2}|[+-]\d{2})?)?",
    re.IGNORECASE | re.ASCII,
)
_BASIC = re.compile(
    r"(\d{4})(\d{2})(\d{2})(?:[T\s-]?(\d{2}):?(\d{2})(?::?(\d{2}))?(Z|[+-]\d{2}:?\d{2})?)?\Z",
    re.ASCII,
)
_EPOCH = re.compile(
    r"(?:/Date\()?(\d{10})(?:\d{3}|\d{6})?(?:\.\d{1,9})?(?:[+-]\d{4})?(?:\)/)?\Z", re.ASCII
)
_RFC5322 = re.compile(
    r"(?:[A-Z][a-z]{2,8},?\s+)?\d{1,2}[\s-][A-Z][a-z]{2}[\s-](?:\d{2}|\d{4})\s+\d{1,2}:\d{2}(?::\d{2})?"
    r"\s*(?:Z|UT|UTC|GMT|[ECMP][SD]T|[+-]\d{4})?(?:\s*\([A-Z]{1,5}\))?\Z",
    re.ASCII,
)


def rfc3339(text: str) -> str | None:
    """Parse a time to the second, or return None for a year, a month, or an invalid time.

    A day becomes its first second. A time that has no zone counts as UTC.
    """
    moment = moment_in(text, DateStyle())
    return formatted(moment) if moment else None


def formatted(moment: datetime) -> str:
    """Return a moment as RFC 3339."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def moment_in(text: str, style: DateStyle) -> datetime | None:
    """Return the moment of a text that machines or people wrote, or None."""
    text = text.strip()[:MAX_LENGTH]
    if not any(map(str.isdigit, text)):
        return None
    moment = _epoch(text) or _numeric(text) or _rfc5322(text) or _in_words(text, style)
    if moment is None or moment.year < FIRST_YEAR or moment > style.latest:
        return None
    return None if abs(moment - _ZERO) < timedelta(days=1) else moment


def _epoch(text: str) -> datetime | None:
    match = _EPOCH.match(text)
    if not match or int(match[1]) < _FIRST_EPOCH:
        return None
    return datetime.fromtimestamp(int(match[1]), UTC)


def _numeric(text: str) -> datetime | None:
    if match := _ISO.match(text):
        year, _, month, day, *clock, half, zone = match.groups()
    elif match := _BASIC.match(text):
        year, month, day, *clock, zone = match.groups()
        half = None
    else:
        return None
    try:
        of_day = datetime(int(year), int(month), int(day), tzinfo=UTC)
    except ValueError:
        return None
    if not clock[0] and len(text) > match.end():
        return None
    if half:
        return time_after(text.lower(), match.start(5), of_day)[1]
    hour, minute, second = (int(each or 0) for each in clock)
    try:
        return of_day.replace(hour=hour, minute=minute, second=second) - offset(zone or "")
    except (ValueError, OverflowError):
        return None


def _rfc5322(text: str) -> datetime | None:
    # The parser of the standard library reads more than its standard says, and not always right.
    if not _RFC5322.match(text):
        return None
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, IndexError):
        return None


def _in_words(text: str, style: DateStyle) -> datetime | None:
    found = dates_in(text, style)[1]
    return found[0].moment if found else None
