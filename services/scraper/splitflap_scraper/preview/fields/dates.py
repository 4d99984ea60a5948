"""Parses the times of pages into RFC 3339 in UTC."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from splitflap_scraper.preview.words import load

#: Characters read of a time.
MAX_LENGTH = 60

#: Earliest year. Papers and books are older than the web.
FIRST_YEAR = 1500

#: Latest time from now, for wrong clocks and time zones.
SLACK = timedelta(days=2)

#: Numbers of months by their names.
_MONTHS = {
    name: number
    for number, names in enumerate(load("months", dict[str, list[str]]).values(), start=1)
    for name in names
}
_ISO = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
    r"(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?",
    re.IGNORECASE | re.ASCII,
)
_BASIC = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?(Z)?)?\Z", re.ASCII)
_EPOCH = re.compile(r"\d{10}(?:\d{3})?\Z", re.ASCII)
_DAY_FIRST = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|er|\.)?\s+(?:de\s+)?(\w{3,12})\.?,?\s+(?:de\s+)?(\d{4})"
)
_MONTH_FIRST = re.compile(r"(\w{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
#: Dates with dots have the day first everywhere. Dates with slashes are ambiguous.
_DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?!\d)", re.ASCII)
_EAST_ASIAN = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]")


def rfc3339(text: str) -> str | None:
    """Parse a time to the second, or return None for a year, a month, or an invalid time.

    A day becomes its first second. A time that has no zone counts as UTC.
    """
    text = text.strip()[:MAX_LENGTH]
    moment = _epoch(text) or _numeric(text) or _rfc5322(text) or _in_words(text)
    if moment is None or moment.year < FIRST_YEAR or moment > datetime.now(UTC) + SLACK:
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z".rjust(20, "0")


def _epoch(text: str) -> datetime | None:
    if not _EPOCH.match(text):
        return None
    return datetime.fromtimestamp(int(text[:10]), UTC)


def _numeric(text: str) -> datetime | None:
    match = _ISO.match(text) or _BASIC.match(text)
    if not match:
        return None
    numbers = [int(each or 0) for each in match.groups()[:6]]
    try:
        moment = datetime(*numbers, tzinfo=UTC)  # type: ignore[arg-type,misc]  # six integers
        return moment - _offset(match[7])
    except (ValueError, OverflowError):
        return None


def _offset(zone: str | None) -> timedelta:
    if not zone or zone[0] not in "+-":
        return timedelta()
    digits = zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return offset if zone[0] == "+" else -offset


def _rfc5322(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, IndexError):
        return None


def _in_words(text: str) -> datetime | None:
    if match := _EAST_ASIAN.search(text):
        return _day(match[1], int(match[2]), match[3])
    if match := _DOTTED.search(text):
        return _day(match[3], int(match[2]), match[1])
    if match := _DAY_FIRST.search(text):
        return _day(match[3], _MONTHS.get(match[2].lower()), match[1])
    if match := _MONTH_FIRST.search(text):
        return _day(match[3], _MONTHS.get(match[1].lower()), match[2])
    return None


def _day(year: str, month: int | None, day: str) -> datetime | None:
    try:
        return datetime(int(year), month or 0, int(day), tzinfo=UTC)
    except ValueError:
        return None
