"""Cuts the text of a line at dates, separators and labels, and tells what each label announces."""

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from splitflap_scraper.page.markup import any_name
from splitflap_scraper.preview.bylines.beside import pattern_of
from splitflap_scraper.preview.bylines.kinds import STOPS
from splitflap_scraper.preview.bylines.lines import BOUNDARY
from splitflap_scraper.preview.bylines.undated import undated
from splitflap_scraper.preview.dates.calendar_names import fold
from splitflap_scraper.preview.words.authors import AUTHORS
from splitflap_scraper.preview.words.dates import DATES

#: Segments and characters read of a line.
MAX_SEGMENTS = 60
MAX_TEXT = 2000

#: Elements of a line that are searched for a label.
MAX_LABELS = 12

#: The first syllable of Hangul.
_HANGUL = "\uac00"


def _label(words: list[str]) -> str:
    """Match one of some words. Chinese and Japanese need no space after them."""
    ends = ":/\uff1a\uff0f\u30fb\uff1d=\uff5c\u4e28"
    closed = [each for each in words if each[-1] in ends or "\u3000" <= each[0] < _HANGUL]
    spaced = any_name(set(words).difference(closed))
    return rf"{any_name(closed)}|{spaced}(?=[\s:\uff1a]|\Z)"


#: Words before a name.
LABELS = (*AUTHORS["by"], *AUTHORS["by_or_name"], "from:")
#: The same with the kind of the text: "Guest post by".
LONG_LABELS = tuple(
    f"{article}{each} by" for each in AUTHORS["kinds"] for article in ("", "a ", "an ")
)

#: Those that begin names of companies.
_IN_NAMES = frozenset({"Words by", "Text by", "Story by", "Report by"})

_REST = r"[\s:\uff1a/]*"
_LONG = rf"{any_name(LONG_LABELS)}(?=[\s:]|\Z)"
_BY = re.compile(rf"\s*(?:{_label(AUTHORS['by'])}|{_LONG}){_REST}")
_BY_OR_NAME = "|".join(AUTHORS["by_or_name"])
_BEFORE_NAME = re.compile(
    rf"\s*(?:(?i:{_BY_OR_NAME})|per)(?:\s*:\s*|\s+(?=[^\W\d_a-z\u00df-\u00ff]\S*\s+\S))"
)
#: The same in an element of its own.
_ALONE = re.compile(rf"(?i)(?:{_BY_OR_NAME})\s*:?\Z")
#: The same before any text, in an element marked as a byline.
_IN_BYLINE = re.compile(rf"(?i)\s*(?:{_BY_OR_NAME})(?:[\s:]+|\Z)")
#: Starts of a label for one person with both roles.
_BOTH = "".join(
    f"(?<!{each} )"
    for each in ("ords and", "ext and", "tory and", "ritten and", "ords &", "ext &", "tory &",
                 "ext und", "exte et", "exto y", "esto e", "ekst en", "ext och", "екст и")
)  # fmt: skip
_CREDIT = re.compile(rf"(?<![^\W\d_]){_BOTH}(?:{_label(AUTHORS['credits'])})")
#: A label of the author within a text. Shorter ones need a separator before them.
_INNER = re.compile(
    r"(?<=[\s)\]])(?=(?:\u4f5c\u8005|\u6587|\u8a18\u8005|\u8bb0\u8005|\u64b0\u6587)\s?[:\uff1a]"
    r"|(?:[Ww]ritten|[Pp]osted|[Pp]ublished|[Ss]ubmitted|[Ww]ords|[Tt]ext|[Ss]tory) [Bb]y )"
)
_SEPARATOR = re.compile(
    rf"[{BOUNDARY}|\u00b7\u2022\u2219\u22c5\u00ab\u00bb\u2192\uff5c\u30fb]\s*"
    r"| [\u2013\u2014\u2015/-] |\s//\s"
)
#: A digit of a date, or a separator.
_APART = re.compile(r"[\d|\u00b7\u2022]")
_JOINT = re.compile(r"(?i),?\s*(?:and|und|et|y|e|och|en)\s+(?=\S)")
_CHANGED = re.compile("updat|modif|edit|aktuali|actuali|atuali|aggiorn|bijgew|обновл|更新")
#: An address after the name of a sender.
_SENDER = re.compile(r"(?i)\s*from\s*:\s*(?=.{1,80}(?:@| at |\(at\)))")

_PUBLISHED = re.compile(rf"\s*(?:{pattern_of(DATES['published'])})")
#: Words of a label before a date.
MAX_PUBLISHED = 3


class Label(IntEnum):
    """What a label announces: nothing, the author, or another person."""

    NONE = 0
    AUTHOR = 1
    OTHER = 2


class Segment(NamedTuple):
    """A text between separators, without its label."""

    text: str
    label: Label


def after_label(text: str, *, is_certain: bool = False) -> str:
    """Return a text without the label before it.

    A certain text is that of metadata. Its name may begin with a label: "Words by Design".
    """
    label = _BY.match(text) or _BEFORE_NAME.match(text)
    rest = text[label.end() :] if label else text
    is_name = is_certain and label and label[0].strip() in _IN_NAMES and " " not in rest.strip()
    return text if is_name or not rest.strip() else rest


def segments(parts: Iterable[str], *, is_byline: bool) -> Iterator[Segment]:
    """Iterate over the segments of a line, by the texts of its elements."""
    count = read = 0
    for part in parts:
        read += len(part)
        text = _INNER.sub(BOUNDARY, _CREDIT.sub(rf"{BOUNDARY}\g<0>", undated(part[:MAX_TEXT])))
        for each in _cut(text):
            yield _labelled(each, is_byline=is_byline)
            count += 1
        if count > MAX_SEGMENTS or read > MAX_TEXT:
            return


def _cut(text: str) -> list[str]:
    if "\u30fb" in text:
        # It ends labels, and joins the parts of a name in katakana.
        return [each.strip() for each in re.split(f"[{BOUNDARY}|\u00b7\uff5c]", text)]
    return [each.strip() for each in _SEPARATOR.split(text)]


def _labelled(text: str, *, is_byline: bool) -> Segment:
    if credit := _CREDIT.match(text):
        return Segment(text[credit.end() :], Label.OTHER)
    joint = _JOINT.match(text)
    at = joint.end() if joint else 0
    label = _BY.match(text, at) or _BEFORE_NAME.match(text) or _SENDER.match(text)
    label = label or _ALONE.match(text)
    if not label and is_byline:
        label = _IN_BYLINE.match(text)
    if label:
        return Segment(text[label.end() :], Label.AUTHOR)
    return Segment(text, Label.NONE)


def is_of_publication(text: str) -> bool:
    """Whether a text before a date and a name is a label: "Published". A founder is no author."""
    words = text.lower().replace(":", " ").split()
    is_known = all(each in STOPS for each in words) or (
        len(words) <= MAX_PUBLISHED and _PUBLISHED.match(fold(text)) is not None
    )
    return is_known and not any(map(_CHANGED.match, words))


def is_label(text: str) -> bool:
    """Whether a text is a label of the author and no more, as in a cell of a table."""
    label = _BY.match(text)
    return label is not None and not text[label.end() :].strip()


def may_have_label(parts: list[str]) -> bool:
    """Whether a line without a mark may have a label, at its start or after a date."""
    return any(
        _BY.match(each)
        or _BEFORE_NAME.match(each)
        or _ALONE.match(each)
        or _APART.search(each)
        or _SENDER.match(each)
        for each in parts[:MAX_LABELS]
    )


def last_label(text: str) -> Label:
    """Return what the last label of a text announces."""
    found = segments([text], is_byline=True)
    return next((each.label for each in [*found][::-1] if each.label), Label.NONE)
