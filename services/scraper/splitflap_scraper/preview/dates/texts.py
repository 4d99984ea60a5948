"""Finds dates within texts: October 11, 2017; 7. November 2023; Tue, 07/11/2023 - 17:57."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from splitflap_scraper.preview.dates.calendar_names import MONTHS, WEEKDAYS, fold
from splitflap_scraper.preview.dates.clock import time_after
from splitflap_scraper.preview.dates.eras import LANGUAGES, THAI, THAI_CENTURY, dates_of_eras
from splitflap_scraper.preview.dates.style import DateStyle

#: Characters read of a text, and dates found in it, at most.
MAX_LENGTH = 200
MAX_DATES = 4

#: A letter, or a mark of one: everything but white space, digits and punctuation.
_LETTER = r"[^\s!-@\[-^`{-\u00bf\u060c\u2000-\u206f\u3000-\u303f]"
_WORD = rf"([\u0e00-\u0e4f]{{1,2}}\.[\u0e00-\u0e4f]{{1,2}}\.?|(?<!{_LETTER}){_LETTER}{{2,16}})"
_DAY = r"(?<![\d.,:/])(\d{1,2})"
_YEAR = r"((?:1[5-9]|20|25)\d\d)(?!\d)"
_GAP = r"[\s./-]{0,3}"
_ORDINAL = r"(?:st|nd|rd|th|er|ere|e|re|o|a|os|ος)?"
_OF = r"(?:(?:of|de|del|den|da|do|of the)\s+|d['\u2019]|ב)?"

_YEAR_FIRST = re.compile(rf"(?<!\d){_YEAR}([-/.])\s?(\d{{1,2}})\2\s?(\d{{1,2}})(?!\d|[-/.]\d)\.?")
_CHARACTERS = re.compile(
    r"(?:(?:中華|中华)?(令和|平成|民国|民國)\s*(\d{1,3}|元)|(?<!\d)(\d{4}))\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})(?!\d)\s?[日일]?"
)
_NUMERIC = re.compile(
    rf"(?<![\d/.,-])(\d{{1,2}})\s?([/.-])\s?(\d{{1,2}})\s?\2\s?{_YEAR}(?![-/.]\d)"
)
_SHORT = re.compile(r"(?<![\d/.,-])(\d{1,2})([/.])(\d{1,2})\2(\d\d)(?![-/.:]?\d)")
_DAY_FIRST = re.compile(
    rf"{_DAY}{_ORDINAL}[.,]?{_GAP}{_OF}{_WORD}\s?[.,\u060c]?{_GAP}(?:(?:de|del|of)\s+)?{_YEAR}"
)
_MONTH_FIRST = re.compile(
    rf"{_WORD}\.?[\s/-]{{0,3}}(\d{{1,2}})(?:st|nd|rd|th|,|\.|\s+de)?[,\s/-]{{1,3}}{_YEAR}"
)
_YEAR_MONTH_DAY = re.compile(
    rf"(?<![\d/.-]){_YEAR}(?:\.|,|\s+m\.|\(?e?\)?ko)?{_GAP}{_WORD}\.?{_GAP}(\d{{1,2}})(?!\d|:)"
)
_LATVIAN = re.compile(rf"(?<!\d){_YEAR}\.?\s+gada\s+(\d{{1,2}})\.?\s+{_WORD}")
_VIETNAMESE = re.compile(rf"{_DAY}\s*(?:thang|thg)\s*\.?(\d{{1,2}}),?\s*(?:nam\s*)?{_YEAR}")
_VIETNAMESE_MONTH = re.compile(rf"(?:thang|thg)\s*(\d{{1,2}})\s+(\d{{1,2}}),?\s*{_YEAR}")
#: As programs print it, with the time before the year.
_UNIX = re.compile(
    rf"{_WORD}\s+(\d{{1,2}})\s+(?=\d{{1,2}}:\d\d:\d\d)[\d:]{{7,8}}\s+[\w+:]{{0,6}}\s?{_YEAR}"
)

_WEEKDAY = re.compile(rf"{_WORD}\.?[,\s]*(?:(?:den|the|dnia|ngay)\s+)?\Z")
_WEEKDAY_AFTER = re.compile(rf",?\s{{0,2}}\(?({_LETTER}{{2,16}})\)?\.?(?!{_LETTER})")
_RANGE = re.compile(
    r"\d(?:st|nd|rd|th|\.)?\s?(?:[-\u2010-\u2015~/&+]|to|bis|au|al|a|til|till|und|and|et|y|e)\s?\Z"
)
#: Words for year and day after a date.
_AFTER = re.compile(
    r"\s?(?:r\.|(?<=\d)a(?!\w)|\u0433(?:\.|\u043e\u0434\u0430)?(?!\w)|\u0440\.|d\.|god(?:ine)?\.?(?!\w)|g\.|\.)"
)
#: A day without a year, and the sign of a range.
_RANGE_OF_MONTHS = re.compile(
    rf"\d{{1,2}}(?:st|nd|rd|th|er|\.)?\s(?:de\s)?({_LETTER}{{3,16}})\.?\s?(?:[-\u2010-\u2015~]|to|until|bis|au|al|a|til)\s?\Z"
)
#: A number of a journal, instead of a day.
_OF_VOLUME = re.compile(
    r"(?<![^\W\d_])(?:vol(?:ume)?|issue|no|nr|number|band|heft|tome|numero|n\u00b0)\.?\s?\Z"
)
_LONGEST_RANGE = 40
_BETWEEN = re.compile(r"\s*(?:[-\u2010-\u2015~]|to|until|through|bis|au|al|a)\s*\Z")
_LONGEST_GAP = 12

#: The first years of eras.
_ERAS = {"令和": 2018, "平成": 1988, "民国": 1911, "民國": 1911}
#: Years of two digits are from 1990 on.
_CENTURY = 2000
_FIRST_SHORT = 90
_LAST_MONTH = 12
_BUDDHIST = 543
_FIRST_BUDDHIST = 2400

Day = tuple[int, int, int]


class FoundDate(NamedTuple):
    """A date in a folded text, with its position."""

    start: int
    end: int
    moment: datetime
    #: The year has two digits.
    is_short: bool = False
    #: A time of day follows.
    is_timed: bool = False


def dates_in(text: str, style: DateStyle) -> tuple[str, list[FoundDate]]:
    """Return the folded text, and its dates in their order. Dates of a range do not count."""
    text = fold(text[:MAX_LENGTH])[:MAX_LENGTH]
    if not any(map(str.isdigit, text)):
        return text, []
    spans: list[tuple[int, int, list[Day]]] = []
    for start, end, days in _all(text, style):
        if all(end <= other[0] or start >= other[1] for other in spans):
            spans.append((start, end, days))
    spans = _without_ranges(text, sorted(spans)[:MAX_DATES])
    found = [_dated(text, each, style) for each in spans]
    return text, [each for each in found if each is not None]


def has_weekday(text: str, language: str) -> bool:
    """Whether a text of a page in a language has the name of a weekday."""
    words = re.findall(rf"{_LETTER}{{2,16}}", fold(text[:MAX_LENGTH]))
    return any(WEEKDAYS.number(each, language) for each in words)


def _without_ranges(
    text: str, spans: list[tuple[int, int, list[Day]]]
) -> list[tuple[int, int, list[Day]]]:
    joined = {
        index
        for index, (before, after) in enumerate(pairwise(spans))
        if after[0] - before[1] < _LONGEST_GAP and _BETWEEN.match(text, before[1], after[0])
    }
    return [
        each
        for index, each in enumerate(spans)
        if index not in joined and index - 1 not in joined and not _ends_range(text, each[0])
    ]


def _ends_range(text: str, start: int) -> bool:
    """Whether the words before a date say that it ends a range, or is the number of a journal."""
    begin = max(0, start - _LONGEST_GAP)
    if _RANGE.search(text, begin, start) or _OF_VOLUME.search(text, begin, start):
        return True
    match = _RANGE_OF_MONTHS.search(text, max(0, start - _LONGEST_RANGE), start)
    return match is not None and MONTHS.is_name(match[1])


def _all(text: str, style: DateStyle) -> Iterator[tuple[int, int, list[Day]]]:
    """Iterate over all that looks like a date, with its possible days."""
    for match in _CHARACTERS.finditer(text) if "年" in text or "년" in text else ():
        yield *match.span(), [(_year(match), int(match[4]), int(match[5]))]
    for match in _YEAR_FIRST.finditer(text):
        yield *match.span(), [(int(match[1]), int(match[3]), int(match[4]))]
    for match in _NUMERIC.finditer(text):
        yield *match.span(), _numeric(match)
    for pattern, year, month, day in (
        (_LATVIAN, 1, 3, 2),
        (_DAY_FIRST, 3, 2, 1),
        (_MONTH_FIRST, 3, 1, 2),
        (_UNIX, 3, 1, 2),
        (_YEAR_MONTH_DAY, 1, 2, 3),
    ):
        for match in pattern.finditer(text):
            if number := MONTHS.number(match[month], style.language):
                yield *match.span(), [(int(match[year]), number, int(match[day]))]
    yield from _rarely(text, style)


def _rarely(text: str, style: DateStyle) -> Iterator[tuple[int, int, list[Day]]]:
    for match in _SHORT.finditer(text):
        if style.order is not None:
            yield *match.span(), _short(match, style)
    if style.language in LANGUAGES:
        yield from ((start, end, [day]) for start, end, day in dates_of_eras(text, style.language))
    if style.language == "th":
        for match in THAI.finditer(text):
            if number := MONTHS.number(match[2], "th"):
                yield *match.span(), [(THAI_CENTURY + int(match[3]), number, int(match[1]))]
    if "th" in text:
        for match in _VIETNAMESE.finditer(text):
            yield *match.span(), [(int(match[3]), int(match[2]), int(match[1]))]
        for match in _VIETNAMESE_MONTH.finditer(text):
            yield *match.span(), [(int(match[3]), int(match[1]), int(match[2]))]


def _year(match: re.Match[str]) -> int:
    if match[1]:
        return _ERAS[match[1]] + (1 if match[2] == "元" else int(match[2]))
    return int(match[3])


def _numeric(match: re.Match[str]) -> list[Day]:
    """Return the possible days, the day first. A date with dots has it so if both are months."""
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    is_day_first = match[2] == "." and second <= _LAST_MONTH
    return [(year, second, first), *([] if is_day_first else [(year, first, second)])]


def _short(match: re.Match[str], style: DateStyle) -> list[Day]:
    """Return the day of a date whose year has two digits, by the page's order."""
    year = int(match[4]) + (_CENTURY if int(match[4]) < _FIRST_SHORT else _CENTURY - 100)
    first, second = int(match[1]), int(match[3])
    is_day_first = style.order == "day first" or (match[2] == "." and second <= _LAST_MONTH)
    return [(year, second, first) if is_day_first else (year, first, second)]


def _dated(text: str, span: tuple[int, int, list[Day]], style: DateStyle) -> FoundDate | None:
    start, end, days = span
    moments = [moment for each in days if (moment := _moment(each, style)) is not None]
    weekday = _WEEKDAY.search(text, max(0, start - 30), start)
    if weekday and not WEEKDAYS.is_name(weekday[1]):
        weekday = None
    if len(moments) > 1:
        moments = _decided(weekday[1] if weekday else "", text[end:], moments, style)
    if len(set(moments)) != 1:
        return None
    end = _end_of_day(text, end, style)
    of_day, unix = end, _UNIX.fullmatch(text, start, span[1])
    end, moment = time_after(text, end, moments[0])
    if unix:
        moment = time_after(text, unix.end(2), moments[0])[1]
    is_short = _SHORT.fullmatch(text, start, span[1]) is not None
    start = weekday.start() if weekday else start
    return FoundDate(start, _end_of_day(text, end, style), moment, is_short, end > of_day)


def _end_of_day(text: str, end: int, style: DateStyle) -> int:
    """Return the end of words after a date: for year and day, and the weekday."""
    after = _AFTER.match(text, end)
    end = after.end() if after else end
    weekday = _WEEKDAY_AFTER.match(text, end)
    is_weekday = weekday is not None and WEEKDAYS.number(weekday[1], style.language)
    return weekday.end() if weekday and is_weekday else end


def _moment(day: Day, style: DateStyle) -> datetime | None:
    year, month, of_month = day
    year -= _BUDDHIST if year >= _FIRST_BUDDHIST else 0
    try:
        moment = datetime(year, month, of_month, tzinfo=UTC)
    except ValueError:
        return None
    return moment if moment <= style.latest else None


def _decided(weekday: str, after: str, moments: list[datetime], style: DateStyle) -> list[datetime]:
    """Choose between the day first and the month first."""
    number = WEEKDAYS.number(weekday, style.language)
    moments = [each for each in moments if each.isoweekday() == number] or moments
    if len(moments) == 1:
        return moments
    if style.order is not None:
        return [moments[0] if style.order == "day first" else moments[1]]
    return [moments[1]] if weekday in _DRUPAL and after.startswith(" - ") else moments


#: Weekdays in Drupal's default format of English pages: Tue, 11/07/2023 - 17:57.
_DRUPAL = frozenset({"mon", "tue", "wed", "thu", "fri", "sat", "sun"})
