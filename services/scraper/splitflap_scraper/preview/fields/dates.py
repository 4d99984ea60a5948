"""Times as pages write them, and as previews say them: RFC 3339 in UTC."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: Characters of a time that are looked at.
MAX_LENGTH = 60

#: The web's first page was made in 1990; papers and books are older than their pages.
FIRST_YEAR = 1500

#: How far in the future a page may say that it was published: clocks and time zones differ.
SLACK = timedelta(days=2)

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero gennaio janeiro januari января stycznia ocak",
            (
                "feb february februar février fevrier febrero febbraio fevereiro februari февраля"
                " lutego şubat"
            ),
            "mar march märz mars marzo março maart марта marca mart",
            "apr april avril abril aprile апреля kwietnia nisan",
            "may mai mayo maggio maio mei maj мая maja may\u0131s",
            "jun june juni juin junio giugno junho июня czerwca haziran",
            "jul july juli juillet julio luglio julho июля lipca temmuz",
            "aug august août aout agosto augustus augusti августа sierpnia ağustos",
            "sep sept september septembre septiembre settembre setembro сентября września eylül",
            "oct october oktober octobre octubre ottobre outubro октября października ekim",
            "nov november novembre noviembre novembro ноября listopada kas\u0131m",
            "dec december dezember décembre diciembre dicembre dezembro декабря grudnia",
        ),
        start=1,
    )
    for name in names.split()
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
#: With dots the day is first wherever it is written so; with slashes nobody knows.
_DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?!\d)", re.ASCII)
_EAST_ASIAN = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]")


def rfc3339(text: str) -> str | None:
    """The time that a text names, to the second; None for what is none, or only a year or month.

    A day is its first second, and a time without zone is taken for UTC.
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
