"""Tells by the words beside a date whether it is in a byline, a dateline or a sentence."""

import re
from collections.abc import Iterable

from splitflap_scraper.preview.bylines.lines import BOUNDARY
from splitflap_scraper.preview.dates.texts import MAX_LENGTH, FoundDate
from splitflap_scraper.preview.words.dates import DATES

#: Longest line with a date that no label or class announces.
MAX_PLAIN = 90

#: Longest text without a separator beside a date, in words, and shortest sentence.
_FEW_WORDS = 8
_SENTENCE = 3

#: Words of a town, and of a section of a site.
MAX_TOWN = 3
_MAX_SECTION = 4


def pattern_of(words: Iterable[str]) -> str:
    """Match words at their starts. Chinese, Japanese, Korean and Thai have no spaces."""
    spaced = [re.escape(each) for each in words if each[0] < "\u0e00"]
    others = [re.escape(each) for each in words if each[0] >= "\u0e00"]
    return rf"(?<![^\W\d_])(?:{'|'.join(spaced)})|{'|'.join(others)}"


#: Texts that may stand beside a date.
_BESIDE = re.compile(
    r"(?:^|(?<=[\s(,|\u00b7\u2022]))(?:by|von|par|por|di|door|av|af|on|in|at|am|le|il|el|em|den|op|the"
    r"|date|datum|data|fecha|vom|\u0434\u0430\u0442\u0430"
    r"|\d+\s?(?:min|minutes?|mins?)\.?(?:\s?(?:read|lesezeit|de lecture|de lectura))?)"
    r"(?=$|[\s:,.|\u00b7)\u2022])"
)
_KIND = re.compile(rf"(?:[\w']{{2,12}} ){{0,2}}(?:{pattern_of(DATES['kinds'])})\Z")
_COUNTED = pattern_of(DATES["counted"])
#: Numbers of comments and of readers.
_COUNT = re.compile(
    r"(?:(?<![\w.,])(?:\d[\d.,]{0,11}\s?[km]?\+?|no|keine|aucun|sin|nessun|geen"
    r"|(?:leave|add|post) an?)\s)"
    rf"\s?(?:{_COUNTED})[^\W\d_]{{0,12}}|(?:{_COUNTED})[^\W\d_]{{0,12}}\s?[:\uff1a(]?\s?\d[\d.,]{{0,11}}[km]?\)?"
)
#: The section of a site.
_SECTION = re.compile(r"(?:in|under|filed under|dans|unter|en|em)[\s:]+[^.!?]{2,60}\Z")
_BY = ("by ", "von ", "par ", "por ", "di ", "door ", "av ", "de ")
#: Beginnings of the texts of agencies and of press releases, after the date.
_WIRE = re.compile(
    r"\s*(?:/[a-z ]{0,20}newswire|\((?:globe newswire|business wire|reuters|ap|afp)\)|--)"
)
_DASH = re.compile(
    r"\)?\s{0,2}(?:\([^()]{2,40}\)|/[^/]{2,30}/)?\s{0,2}[:.]?\s{0,2}[-\u2013\u2014]{1,2}\s?\S"
)
_NEXT_SENTENCE = re.compile(r"\s+\S")
_TOWN = re.compile(r"([^\W\d_][^\d.!?:;|]{1,40}?)\s?(?:,|\()\s?(?:(?:den|le|il|el|the|on)\s)?\Z")
_PLACE = re.compile(r"\s?[,\u2013\u2014-]\s?[^\W\d_][^\d.!?:;|]{1,40}?\s[-\u2013\u2014]{1,2}\s\S")
#: Words before dates in sentences.
_IN_SENTENCES = frozenset({
    "on", "in", "since", "until", "by", "from", "after", "before", "at", "am", "seit", "bis", "im",
    "ab", "depuis", "le", "en", "el", "desde", "hasta", "em", "no", "dal", "il", "op", "sinds",
})  # fmt: skip
_SEPARATOR = re.compile(
    rf"[|/\u00ab\u00bb\u203a\u2192\u00b7\u2022\u2219\u22c5,;:()\[\]\u2013\u2014{BOUNDARY}-]"
)
#: A word for a date, in a label.
_OF_DATE = re.compile(pattern_of((*DATES["days"], *DATES["versions"])) + r"|dat(?:um|o|a):")
_COLONS = frozenset({":", "\uff1a"})
_AT_COLON = ":\uff1a \xa0" + BOUNDARY
_LETTERS = re.compile(r"[^\W\d_]+")
_END = re.compile(
    r"[^\W\d_][\"')\u201d\u2019]?[.!?\u3002\uff01\uff1f\u0964\u06d4]+[\"')\u201d\u2019]?\Z"
)


def without_counts(text: str) -> str:
    """Remove numbers of comments, views and minutes from a folded text."""
    return _COUNT.sub(" ", text) if _LETTERS.search(text) else text


def is_unknown_label(text: str) -> bool:
    """Whether a folded text before a date is a label without a known word: "Examination:"."""
    label = text.rstrip()
    if label[-1:] not in _COLONS:
        return False
    label = re.split(rf"[.!?|{BOUNDARY}]", label.rstrip(_AT_COLON))[-1].strip()
    is_known = _OF_DATE.search(f"{label}:") is not None or _KIND.match(label) is not None
    return bool(label) and not (is_known or label.startswith(_BY))


def is_dateline(text: str, found: FoundDate, whole: str) -> bool:
    """Whether a place and a date begin the text of the page: Rome, March 14, 2020 - The mail."""
    before, after = text[: found.start], text[found.end :]
    if _WIRE.match(after):
        return True
    first = whole.lstrip()[:1]
    if first.islower() or len(after) < MAX_PLAIN // 2:
        return False
    town = _TOWN.match(before.strip() + " ") if before.strip() else None
    if town is None:
        return not before.strip() and _PLACE.match(after) is not None
    words = town[1].split()
    if len(words) > 2 * MAX_TOWN or words[0] in _IN_SENTENCES:
        return False
    is_stop = text[found.end - 1] == "." and _NEXT_SENTENCE.match(after) is not None
    return _DASH.match(after) is not None or (is_stop and len(words) <= MAX_TOWN)


def is_alone(
    text: str, found: FoundDate, dates: list[FoundDate], whole: str, *, is_dated: bool
) -> bool:
    """Whether the text beside a date is a byline instead of a sentence.

    `is_dated` says that a class or a time announces the date.
    """
    if len(whole) > (MAX_LENGTH if is_dated else MAX_PLAIN) or (found.is_short and not is_dated):
        return False
    before = without_counts(text[: dates[0].start]).rstrip()
    rest = without_counts(text[dates[-1].end :]).lstrip(" ")
    count = len(_LETTERS.findall(before)) + len(_LETTERS.findall(rest))
    if count > _FEW_WORDS * (2 if is_dated else 1):
        return False
    return is_dated or (
        _is_parted(text, before, rest, found) and not _is_sentence(whole, before, rest)
    )


def _is_parted(text: str, before: str, rest: str, found: FoundDate) -> bool:
    """Whether separators stand between the date and the words beside it."""
    after = rest.strip()
    left, right = _BESIDE.sub("", before).strip(), _BESIDE.sub("", after).strip()
    is_begin = (
        not is_unknown_label(before)
        and bool(
            not _LETTERS.search(left)
            or _SEPARATOR.match(left[-1]) is not None
            or BOUNDARY in text[len(before) : found.start]
            # A town and a full stop may stand before the date.
            or (left[-1:] == "." and len(left.split()) <= MAX_TOWN)
            or before.startswith(_BY)
            or _KIND.match(before.strip())
        )
    )
    is_end = not right or rest.startswith(BOUNDARY) or _SEPARATOR.match(right[0]) is not None
    is_section = _SECTION.match(after) is not None and len(after.split()) <= _MAX_SECTION
    return is_begin and (is_end or is_section or found.is_timed or after.startswith(_BY))


def _is_sentence(whole: str, before: str, rest: str) -> bool:
    """Whether words around a date are a sentence, by its end and by small letters."""
    if BOUNDARY in rest:
        return False
    words = _LETTERS.findall(rest)
    is_dense = bool(words) and max(map(len, words)) > _SENTENCE and words[0][0] >= "\u3000"
    is_long = len(words) + len(_LETTERS.findall(before)) >= _SENTENCE or is_dense
    if is_long and words and _END.search(whole.rstrip()):
        return True
    after = rest.lstrip(" ,;)")
    if len(words) < _SENTENCE or after.startswith(_BY) or not _LETTERS.match(after):
        return False
    if _SECTION.match(after) or _LABELS.match(after):
        return False
    return whole.split()[-len(after.split()) :][0][:1].islower()


_LABELS = re.compile("|".join(map(pattern_of, (DATES["updated"], DATES["published"]))))
