"""Removes dates and times from the text of a byline, so that names remain."""

import re

from splitflap_scraper.preview.bylines.lines import BOUNDARY
from splitflap_scraper.preview.dates.calendar_names import MONTHS, WEEKDAYS, fold
from splitflap_scraper.preview.words.authors import AUTHORS

#: Longest name of a month or a weekday, in characters.
MAX_WORD = 20
MAX_SHORT = 3

#: A number with its signs and ending, a word, or another character. Han and kana are apart from
#: digits without a space.
_TOKEN = re.compile(
    r"(?:\d[\d.,/:\u2019'年月日時时分秒년월일시분+\u2010-\u2013-]*+[^\W\d_]{0,3})++"
    r"|[\u3040-\u9fff\uac00-\ud7ff]+|[^\W\d_](?:(?![\u3040-\u9fff\uac00-\ud7ff])[\w.'\u2019@+-])*|\S"
)
_IN_DATES = frozenset(AUTHORS["in_dates"])
_AFTER_TIME = frozenset(AUTHORS["after_times"])
#: A zone that is a word, too.
_ZONES = frozenset({"ET", "CT"})
_PUNCTUATION = frozenset(",.()-:/\u2013\u2014")
_YEAR = re.compile(r"(?:19|20)\d\d[,.]?\Z")
#: A whole date or a time.
_WHOLE = re.compile(
    r"\d{1,4}([./-])\d{1,2}\1\d{1,4}|\d{1,2}:\d\d|\d{1,2}[ap]m\b|\d{1,2}h\d{0,2}\b|\d{1,4}[年년月월]"
)
#: Tokens by their kind: a number, a month, a weekday, glue, the end of a time, punctuation, and a
#: short word, which may be another weekday: "am Sa., 14.03.2020".
_DATE = re.compile(r"(?:GSP*(?=N)|[GP]*)[NMW](?:[NMWGTP]*[NMWT])?P?")
_LATE_NAME = re.compile(r"(?<=N)P*M\Z")


def undated(text: str) -> str:
    """Return a text with a boundary instead of each date or time."""
    if not any(map(str.isdigit, text)):
        return text
    tokens = [*_TOKEN.finditer(text)]
    kinds = "".join([_kind(each[0]) for each in tokens])
    parts: list[str] = []
    at = 0
    for match in _DATE.finditer(kinds):
        found = match[0]
        # A name like that of a month may follow the year.
        late = _LATE_NAME.search(found)
        if late and "M" in found[: late.start()]:
            found = found[: late.start()]
        first, last = match.start(), match.start() + len(found) - 1
        if last >= first and _is_date(found, [each[0] for each in tokens[first : last + 1]]):
            parts += (text[at : tokens[first].start()], BOUNDARY)
            at = tokens[last].end()
    return "".join([*parts, text[at:]])


def is_of_calendar(word: str) -> bool:
    """Whether a word is the name of a weekday or a month."""
    found = fold(word).strip(".,")
    return WEEKDAYS.is_name(found) or MONTHS.is_name(found)


def _kind(text: str) -> str:
    if text[0].isdigit():
        return "N"
    if not text[0].isalpha() or len(text) > MAX_WORD:
        return "P" if text in _PUNCTUATION else "X"
    word = text.rstrip(".").lower()
    if word in _IN_DATES:
        return "G"
    return "T" if word in _AFTER_TIME or text in _ZONES else _kind_of_name(word)


def _kind_of_name(word: str) -> str:
    found = fold(word)
    if MONTHS.is_name(found):
        return "M"
    if WEEKDAYS.is_name(found):
        return "W"
    return "S" if len(word) <= MAX_SHORT else "X"


def _is_date(kinds: str, tokens: list[str]) -> bool:
    if "N" not in kinds:
        return False
    if "M" in kinds:
        return True
    return any(_YEAR.match(each) or _WHOLE.match(each) for each in tokens)
