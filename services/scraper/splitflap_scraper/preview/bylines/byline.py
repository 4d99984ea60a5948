"""Finds the authors that a reader sees: in the lines around the heading, and in marked elements."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise, takewhile

from splitflap_scraper.page.pace import Pace
from splitflap_scraper.preview.bylines.kinds import is_account
from splitflap_scraper.preview.bylines.labels import Label, is_label, last_label
from splitflap_scraper.preview.bylines.lines import BOUNDARY, Line, Run
from splitflap_scraper.preview.bylines.reporters import reporters
from splitflap_scraper.preview.bylines.segments import Mark, seen_names
from splitflap_scraper.preview.bylines.visible import Visible, reached

#: Lines between a heading and its byline, if no class marks it.
MAX_LINES = 12

#: Longest label in a line of its own, in characters, and lines between two authors.
MAX_LABEL = 30
MAX_GAP = 3

#: The most text above a byline, in characters.
MAX_TEXT = 300

#: Rows of a forum's list, and characters of a post.
MIN_ROWS = 3
MIN_POST = 80

_WRITER = re.compile(
    r"(?i)author(?!i[sz]|ity)|byline|writer|contributor|creator|(?:^|\s)(?:p-author|fn|user-?name|nickname|auteur|autor|redacteur)(?=\s|$)"
    r"|(?:posted|written|submitted)[-_]?by|signature|(?:^|[\s_-])(?:by|firma|signed)(?=\s|$)"
)
#: The element of a name alone.
_NAME = re.compile(
    r"(?i)author[-_]*(?:name|link|url)|(?:^|\s)(?:author|p-author|fn|user-?name|bigusername|p-name|byline[-_]*name|nickname)(?=\s|$)"
)
_INFOBOX = re.compile(r"(?i)infobox|sinottico|pi-data")
#: The element of an account.
_ACCOUNT = re.compile(r"(?i)(?:^|\s)(?:big)?user-?name(?=\s|$)")
_NO_WRITER = re.compile(
    r"(?i)comment|avatar|bio(?![a-z])|biograph|description|social|follow|role|job|position|date|time|image|photo|title(?![a-z]*-author)|count|email"
    r"|(?:^|[\s_-])(?:org|organi[sz]ation|affiliations?|institutions?|company|address|location|place|section"
    r"|categor(?:y|ies)|tags?|outlet|agency|publication(?![-_](?:data|info|meta))|credits?|source|testimonials?|quote|publisher|editor"
    r"|author[-_](?:posts|articles|more)|more[-_](?:from|by)(?:[-_]author)?|translator|photographer|reviewer|lead|headline|read|button)(?=$|[\s_-])"
)
_OF_COMMENT = re.compile(r"(?i)comment(?:er|[-_]?(?:author|meta|name|by|header|info|user))")
#: Parts of a name in elements of their own.
_PART_OF_NAME = re.compile(
    r"(?i)(?:given|family|first|last|middle|sur|fore)[-_]?names?|(?:^|[\s_-])(?:prenom|nom|vorname|nachname)(?=$|[\s_-])"
)
#: Elements of several authors.
_SEVERAL = re.compile(r"(?i)authors|contributors|writers|bylines|autores|auteurs|autoren")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
#: A label before a link to an account.
_BEFORE_LINK = re.compile(
    r"(?i)(?:\A|\b(?:points?|posted|written|submitted|published|started|asked|created)\s)\s*(?:by|von|par|por|door)\s*:?\Z"
)


def bylines(visible: Visible) -> list[str]:
    """Return the names of the first byline. Later ones belong to comments."""
    if not visible.may_have_author:
        return []
    names = _found(visible)
    return [] if names and _is_index(visible.below, names) else names


def _found(visible: Visible) -> list[str]:
    pace = visible.sources.page.pace
    if names := _beside_address(visible.below) or _first(_around(visible), pace):
        return names
    if names := _above(visible, pace):
        return names
    return next((names for each in visible.marked if (names := _first(each, pace))), [])


def _is_index(below: list[Line], names: list[str]) -> bool:
    """Whether the first names are of a topic in a forum's list: others follow with theirs."""
    rows = [index for index, each in enumerate(below) if any(map(_is_author, each.runs))]
    rows = [each for each in rows if _place(below[each]) == _place(below[rows[0]])][:MIN_ROWS]
    if len(rows) < MIN_ROWS or _linked(below[rows[0]]) != names:
        return False
    return all(
        any(each.is_linked for each in between) and _text_in(between) < MIN_POST
        for between in (below[row + 1 : after] for row, after in pairwise(rows))
    )


def _text_in(lines: list[Line]) -> int:
    return sum(len(each.text) for each in lines if not each.is_linked)


def _beside_address(after: list[Line]) -> list[str]:
    """Return the name before a mail address, with a date, below the heading: archives of lists."""
    below = [each for each in after if not each.is_heading][:2]
    for name, address in pairwise(below[0].runs) if below else ():
        if address.is_mail and len(name.text.split()) > 1:
            has_year = any(_YEAR.search(each.text) for each in below)
            return seen_names([name.text], Mark.AUTHOR) if has_year else []
    return []


def _around(visible: Visible) -> Iterator[Line]:
    """Iterate over the lines below a heading, up to the page's text."""
    near = takewhile(lambda each: each[1] <= MAX_TEXT, reached(visible.below))
    return (line for line, _ in near if not line.is_heading or line.headings)


def _above(visible: Visible, pace: Pace) -> list[str]:
    """Return the names in the lines above a heading: those of the nearest byline."""
    lines = visible.above
    found = [pace.after(_in_line(line)) for line in lines]
    last = next((index for index in range(len(lines) - 1, -1, -1) if found[index]), None)
    if last is None:
        return []
    place, names = _place(lines[last]), list[str]()
    for line, each in zip(lines[: last + 1], found, strict=False):
        if _place(line) == place:
            names += each
        elif not _is_within(line.about):
            names = []
    return names


def _first(candidates: Iterable[Line], pace: Pace) -> list[str]:
    """Return the names of the first line that has any, and of the same lines after it."""
    names: list[str] = []
    label = place = ""
    gap = 0
    for index, line in enumerate(candidates):
        if not names and index >= MAX_LINES and not label and not _is_of_writer(line.about):
            continue
        found = pace.after(_in_line(line, label))
        label = line.text if not found and not line.is_heading and _is_label(line) else ""
        if names and _place(line) == place and found:
            names += found
        elif names:
            gap += 1
            if gap > MAX_GAP or not _is_within(line.about):
                break
        elif found:
            names, place = found, _place(line)
    return names


def _place(line: Line) -> str:
    """Return the classes and ids of the first name in a line, or those around its start."""
    owns = (each.own for each in line.runs if each.own and _is_author(each))
    return next(owns, line.runs[0].about)


def _in_line(line: Line, label: str = "") -> list[str]:
    """Return the names in a line: those of its links to authors, else those of its text.

    `label` is the line before, if it announces the author.
    """
    if names := _linked(line) or reporters(line.text):
        return names
    mark = Mark.NONE
    if label:
        mark = Mark.NAME if label.rstrip()[-1] in ":\uff1a" else Mark.AUTHOR
    elif not line.is_heading and any(_is_of_writer(each.about) for each in line.runs):
        mark = Mark.BYLINE if "byline" in line.about.lower() else Mark.AUTHOR
    are_several = _SEVERAL.search(line.about) is not None
    if (names := seen_names(_parts(line), mark, are_several=are_several)) or mark != Mark.AUTHOR:
        return names
    # A word is a name in a link.
    linked = (seen_names([each.text], Mark.NAME) for each in line.runs if each.is_linked)
    return next((names for names in linked if names), [])


def _is_label(line: Line) -> bool:
    """Whether a line is a label of the page's author. An infobox has that of its subject."""
    if _INFOBOX.search(line.about):
        return False
    return len(line.text) < MAX_LABEL and is_label(line.text.replace(BOUNDARY, ""))


def _linked(line: Line) -> list[str]:
    """Return the names in the links to authors and the elements of names, without credits."""
    befores = ["", *(each.text for each in line.runs)]
    are_names = [
        _is_author(run) or (run.is_linked and _BEFORE_LINK.search(before) is not None)
        for run, before in zip(line.runs, befores, strict=False)
    ]
    if not any(are_names):
        return []
    names: list[str] = []
    is_other = False
    for run, is_name in zip(line.runs, are_names, strict=True):
        if is_name and not is_other:
            names += seen_names([run.text], Mark.NAME) or _account(run)
        elif not is_name and (label := last_label(run.text)):
            is_other = label == Label.OTHER
    return names


def _account(run: Run) -> list[str]:
    """Return the name of an account in a forum, which may have any words."""
    return [run.text] if _ACCOUNT.search(run.own) and is_account(run.text) else []


def _is_author(run: Run) -> bool:
    is_author = run.is_author or _is_of_name(run.own)
    return is_author and not _OF_COMMENT.search(run.about)


def _parts(line: Line) -> list[str]:
    """Return the texts of a line's elements. Names may be divided in elements."""
    parts: list[str] = []
    was_part = False
    for run in line.runs:
        text = run.text.strip()
        if not text or _is_beside(run.own):
            continue
        is_part = _PART_OF_NAME.search(run.own) is not None
        is_sender = bool(parts) and parts[-1].lower() == "from:"
        if is_sender or (is_part and was_part and len(text.split()) == 1):
            parts[-1] += f" {text}"
        else:
            parts.append(text)
        was_part = is_part
    return parts


@lru_cache(maxsize=256)
def _is_of_name(own: str) -> bool:
    return _NAME.search(own) is not None and not _NO_WRITER.search(own)


@lru_cache(maxsize=256)
def _is_beside(own: str) -> bool:
    return _NO_WRITER.search(own) is not None and not _NAME.search(own)


@lru_cache(maxsize=256)
def _is_of_writer(about: str) -> bool:
    return _WRITER.search(about) is not None and not _NO_WRITER.search(about)


@lru_cache(maxsize=256)
def _is_within(about: str) -> bool:
    """Whether a line without a name may be between two authors: their houses and roles."""
    return _WRITER.search(about) is not None
