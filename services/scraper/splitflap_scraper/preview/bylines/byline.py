"""Finds the authors that a reader sees: in the lines around the heading, and in marked elements."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from splitflap_scraper.page.pace import Pace
from splitflap_scraper.preview.bylines.lines import BOUNDARY, Line
from splitflap_scraper.preview.bylines.names import Mark, seen_names
from splitflap_scraper.preview.bylines.visible import Visible

#: Characters between a heading and its byline, and lines between them if no class marks it.
MAX_REACH = 1200
MAX_LINES = 12

#: Elements of a line that may be a name alone.
MAX_PARTS = 20

#: The shortest paragraph of the page's text, and the most text above a byline, in characters.
MIN_PARAGRAPH = 220
MAX_TEXT = 300

_WRITER = re.compile(
    r"(?i)author(?!i[sz]|ity)|byline|writer|contributor|creator|(?:^|\s)(?:p-author|fn|username|nickname|auteur|autor|redacteur)(?=\s|$)"
    r"|(?:posted|written|submitted)[-_]?by"
)
#: The element of a name alone.
_NAME = re.compile(
    r"(?i)author[-_]*(?:name|link|url)|(?:^|\s)(?:author|p-author|fn|username|bigusername|p-name|byline[-_]*name|nickname)(?=\s|$)"
)
_NO_WRITER = re.compile(
    r"(?i)comment|avatar|bio(?![a-z])|biograph|description|social|follow|role|job|position|date|time|image|photo|title(?![a-z]*-author)|count|email"
)
#: A byline after a date, as in "5 March 2006 by Ann Lee".
_AFTER_DATE = re.compile(
    r"\s*(?:(?:posted|published|written|submitted|created|added)\s+)?(?:on\s+)?(?:[^\W\d_]{2,12},?\s+)?"
    r"(?:[^\W\d_]{3,12}\.?\s+\d{1,2}(?:st|nd|rd|th)?|\d{1,2}(?:st|nd|rd|th|er|\.)?\s+[^\W\d_]{3,12}\.?)"
    r",?\s+\d{4},?\s+(?=(?:by|von|par|por|di|door|av|af)\s)",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
#: A label before a link to an account.
_BEFORE_LINK = re.compile(
    r"(?i)(?:\A|\b(?:points?|posted|written|submitted|published|started|asked|created)\s)\s*(?:by|von|par|por|door)\s*:?\Z"
)


def bylines(visible: Visible) -> list[str]:
    """Return the names of the first byline. Later ones belong to comments."""
    if not visible.may_have_author:
        return []
    pace = visible.sources.page.pace
    if names := _beside_address(visible.below) or _first(_around(visible), pace):
        return names
    return next((names for each in visible.marked if (names := _first(each, pace))), [])


def _beside_address(after: list[Line]) -> list[str]:
    """Return the name before a mail address, with a date, below the heading: archives of lists."""
    below = [each for each in after if not each.is_heading][:2]
    for name, address in pairwise(below[0].runs) if below else ():
        if address.is_mail and len(name.text.split()) > 1:
            has_year = any(_YEAR.search(each.text) for each in below)
            return seen_names(name.text, Mark.AUTHOR) if has_year else []
    return []


def _around(visible: Visible) -> Iterator[Line]:
    """Iterate over the lines below a heading, up to the page's text, and then those above it."""
    passed = text = 0
    for line in visible.below:
        if line.is_heading and line.headings == 0:
            continue
        if passed > MAX_REACH or text > MAX_TEXT:
            break
        passed += len(line.text)
        text += len(line.text) if len(line.text) >= MIN_PARAGRAPH else 0
        yield line
    yield from reversed(visible.above)


def _first(candidates: Iterable[Line], pace: Pace) -> list[str]:
    """Return the names of the first line that has any, and of the same lines after it."""
    names: list[str] = []
    about = ""
    for index, line in enumerate(candidates):
        if names and line.about != about:
            break
        if not names and index >= MAX_LINES and not _is_of_writer(line.about):
            continue
        found = pace.after(_in_line(line))
        if not found and names:
            break
        names += found
        about = line.about
    return names


def _in_line(line: Line) -> list[str]:
    """Return the names in a line: those of its links to authors, else those of its text."""
    linked = [each for each in line.runs if each.is_author or _is_of_name(each.own, each.about)]
    linked = linked or [
        account
        for label, account in pairwise(line.runs)
        if account.is_linked and _BEFORE_LINK.search(label.text)
    ]
    names = [name for each in linked for name in seen_names(each.text, Mark.AUTHOR)]
    if names:
        return names
    mark = Mark.NONE
    if _is_of_writer(line.about) and not line.is_heading:
        mark = Mark.BYLINE if "byline" in line.about.lower() else Mark.AUTHOR
    for text in _texts(line.text):
        if found := seen_names(text, mark):
            return found
    return []


def _texts(text: str) -> Iterator[str]:
    """Iterate over the readings of a line: as one text, and by its elements."""
    parts = _parts(text)
    yield " ".join(parts)
    if after := _AFTER_DATE.match(text):
        yield " ".join(_parts(text[after.end() :]))
    if len(parts) > 1:
        # A label, and then its name.
        yield from (f"{parts[0]} {parts[1]}", *parts[:MAX_PARTS])


def _parts(text: str) -> list[str]:
    # A pattern of white space around a boundary would take quadratic time.
    return [part for each in text.split(BOUNDARY) if (part := each.strip())]


@lru_cache(maxsize=256)
def _is_of_name(own: str, about: str) -> bool:
    return _NAME.search(own or about) is not None and not _NO_WRITER.search(own)


@lru_cache(maxsize=256)
def _is_of_writer(about: str) -> bool:
    return _WRITER.search(about) is not None and not _NO_WRITER.search(about)
