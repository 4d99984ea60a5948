"""Reads dates of other eras and calendars: of Iran, Taiwan and Thailand."""

import re
from collections.abc import Iterator
from datetime import date

from splitflap_scraper.preview.dates.calendar_names import CalendarNames

#: Languages of countries with the Solar Hijri calendar.
_PERSIAN = frozenset({"fa", "ps", "ckb", "az"})
#: Languages with eras that others have not.
LANGUAGES = _PERSIAN | {"zh"}
_MONTHS = CalendarNames("persian_months")

_PERSIAN_DAY = re.compile(
    r"(?<!\d)(\d{1,2})\s{0,2}([^\W\d_]{2,9})\s{0,2}(?:ماه\s{0,2})?[\u060c,]?\s{0,2}(1[34]\d\d)(?!\d)"
)
_PERSIAN_NUMBERS = re.compile(r"(?<![\d/-])(1[34]\d\d)([/-])(\d{1,2})\2(\d{1,2})(?![\d/-])")
#: The first halves of Persian years have months of 31 days, and the others of 30.
_HALF = 6
_LONG, _SHORT = 31, 30
#: Days from the zero of the sum below to that of the Gregorian calendar.
_OFFSET = -356_033

_MINGUO = re.compile(
    r"(?<!\d)(1[0-3]\d)\s?([-/.年])\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})(?![\d/.-])日?"
)
_FIRST_MINGUO = 1911
#: A day of Thailand whose year has two digits, and the first year of its century.
THAI = re.compile(r"(?<!\d)(\d{1,2})\s?([\u0e00-\u0e4f.]{3,12})\s?([4-7]\d)(?![\d:.])")
THAI_CENTURY = 2500

Day = tuple[int, int, int]


def dates_of_eras(text: str, language: str) -> Iterator[tuple[int, int, Day]]:
    """Iterate over the dates of a folded text that only pages of a language have.

    Each has its start, its end, and the day in the Gregorian calendar.
    """
    if language in _PERSIAN:
        yield from _persian(text, language)
    elif language == "zh":
        for match in _MINGUO.finditer(text):
            yield *match.span(), (int(match[1]) + _FIRST_MINGUO, int(match[3]), int(match[4]))


def _persian(text: str, language: str) -> Iterator[tuple[int, int, Day]]:
    for match in _PERSIAN_DAY.finditer(text):
        if number := _MONTHS.number(match[2], language):
            yield *match.span(), _gregorian(int(match[3]), number, int(match[1]))
    for match in _PERSIAN_NUMBERS.finditer(text):
        yield *match.span(), _gregorian(int(match[1]), int(match[3]), int(match[4]))


def _gregorian(year: int, month: int, day: int) -> Day:
    """Convert a day of the Solar Hijri calendar. Eight years in a cycle of 33 are leap years."""
    if not (1 <= month <= 2 * _HALF and 1 <= day <= _LONG):
        return 0, 0, 0
    cycles, rest = divmod(year + 1595, 33)
    leaps = cycles * 8 + (rest + 3) // 4
    months = (month - 1) * _LONG if month <= _HALF else (month - 1) * _SHORT + _HALF
    found = date.fromordinal(_OFFSET + 365 * (year + 1595) + leaps + months + day)
    return found.year, found.month, found.day
