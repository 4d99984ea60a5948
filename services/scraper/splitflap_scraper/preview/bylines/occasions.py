"""Recognizes the lines beside the date of an event, a match, a film or a product."""

import re
from functools import lru_cache

from splitflap_scraper.preview.bylines.beside import pattern_of
from splitflap_scraper.preview.bylines.lines import BOUNDARY, Line
from splitflap_scraper.preview.dates.calendar_names import fold
from splitflap_scraper.preview.words.dates import DATES

#: Lines before and after a date that are read, and characters of each.
_BEFORE, _AFTER = 2, 4
_MAX_LINE = 90

_LABEL, _OF_WORK = (
    re.compile(rf"\s*(?:{pattern_of(DATES[name])})\s{{0,3}}(?:[:\uff1a{BOUNDARY}\d]|\Z)")
    for name in ("occasions", "works")
)
_TO = r"\s?(?:[-\u2010-\u2015~]|to|until|till?|bis|al?|alle|as|til)\s?"
_HALF = r"\s?[ap]\.?\s?m\b"
#: The hours of an event: 7:00 pm - 9:00 pm, 19-21 Uhr.
_HOURS = re.compile(
    rf"(?<![\d:./-])\d{{1,2}}[:h]\d\d(?:{_HALF}\.?|\s?uhr|\s?h)?{_TO}\d{{1,2}}[:h]\d\d(?![:\d])"
    rf"|(?<![\d:./-])\d{{1,2}}(?:[:.]\d\d)?(?:{_HALF}\.?)?{_TO}\d{{1,2}}(?:[:.]\d\d)?(?:{_HALF}|\s?uhr\b)"
    rf"|(?<![\d:./-])\d{{1,2}}\s?h{_TO}\d{{1,2}}\s?h\b"
)


def is_of_occasion(lines: list[Line], at: int) -> bool:
    """Whether the lines around a date have the hours or the place of an event."""
    return any(_is_of_occasion(each) for each in _around(lines, at))


def is_of_work(lines: list[Line], at: int) -> bool:
    """Whether the lines around a date have the properties of a film, a game or a product."""
    return any(_is_of_work(each) for each in _around(lines, at))


#: The lines around two dates may be the same.
@lru_cache(maxsize=128)
def _is_of_occasion(text: str) -> bool:
    folded = fold(text)[:_MAX_LINE]
    return _LABEL.match(folded) is not None or _HOURS.search(folded) is not None


@lru_cache(maxsize=128)
def _is_of_work(text: str) -> bool:
    return _OF_WORK.match(fold(text)[:_MAX_LINE]) is not None


def _around(lines: list[Line], at: int) -> list[str]:
    near = lines[max(0, at - _BEFORE) : at + _AFTER]
    return [each.text for each in near if len(each.text) <= _MAX_LINE]
