"""What is refused before a parser sees it: texts that would only burn CPU until the deadline.

Parsers look from each opening bracket to the end of its block, so openers that are never closed
cost their number times the block's length; nested blocks cost their depth at each line. The
bounds are far beyond what people write, and far below what takes a second (docs/adr/0008 has the
measurements). Each check is one look at the text, and most texts are done with a few counts.
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

#: Longest text in bytes of UTF-8, as the API has it: a message may come from elsewhere.
MAX_BYTES = 65_536

#: Most openers of a kind that wait for their end: within one block, `<` within the text.
MAX_UNCLOSED = {"[": 200, "(": 500, "<": 1_000}

#: Longest run of one character that is neither a letter, a digit nor white space.
MAX_RUN = 5_000

#: Most block markers (quotes, list items) at the beginning of one line.
MAX_MARKERS = 50

#: Deepest indentation of a list's item, in columns.
MAX_INDENT = 400

#: Most columns of a table: every row is filled up to as many.
MAX_COLUMNS = 100

#: Most references to footnotes, and most definitions (of footnotes or links).
MAX_REFERENCES = 500

#: Most elements that the sanitiser may have to open again, estimated: formatting elements that are
#: left open (HTML, 13.2.4.3: up to three alike) are opened again after each block.
MAX_REOPENED = 300_000

_CLOSES = {"]": "[", ")": "(", ">": "<"}
# Of `<` those that may begin a tag or what is like one: not a comparison, nor C++'s `<<`.
_BRACKET = re.compile(r"[\[\](>]|\)|<(?=[A-Za-z/!?])|\n[ \t]*+(?=\n)")
# Possessive throughout: these must be linear themselves.
_RULE = r"[ \t]*+([-*])(?:[ \t]*+\1)*+[ \t]*+$"
_MARKERS = re.compile(
    rf"(?m)^(?!{_RULE})(?:[ \t]*+(?:[-+*>]|[0-9]{{1,9}}+[.)])(?=[ \t>])){{{MAX_MARKERS + 1}}}"
)
_QUOTES = re.compile(rf"(?m)^(?:[ \t]{{0,3}}+>){{{MAX_MARKERS + 1}}}")
_INDENT = re.compile(rf"(?m)^[ \t]{{{MAX_INDENT + 1},}}+(?:[-+*]|[0-9]{{1,9}}+[.)])[ \t]")
_DASHES = r"[ \t]*+:?-++:?[ \t]*+"
_DELIMITERS = re.compile(rf"(?m)^[ \t>]*+\|?{_DASHES}(?:\|{_DASHES}){{{MAX_COLUMNS}}}")
_RUN = re.compile(r"([^\w\s])\1{99,}+")
# Not `a`, of which none is open when another begins.
_NAMES = "big|code|em|font|small|strike|strong|tt|[bisu]"
_FORMATTING = re.compile(rf"<({_NAMES})(?=([\s/>]))", re.IGNORECASE)
# All that begins and is not within a line: what ends the elements that are open.
_BLOCK = re.compile(rf"<(?!/|(?:a|br|img|span|{_NAMES})[\s/>])", re.IGNORECASE)
_FOOTNOTE = re.compile(r"\[\^")
_DEFINITION = re.compile(r"(?m)^[ \t>]{0,20}\[[^\]\n]{1,1000}\]:")


class Refused(ValueError):
    """A text that no parser is given; the message says what and where."""


class _Found(NamedTuple):
    place: int
    what: str


def check(text: str) -> None:
    """Raises Refused for a text that would take too long."""
    size = len(text.encode())
    if size > MAX_BYTES:
        raise Refused(f"{size} bytes of UTF-8; at most {MAX_BYTES}")
    for find in _CHECKS:
        if found := find(text):
            line = text.count("\n", 0, found.place) + 1
            column = found.place - text.rfind("\n", 0, found.place)
            raise Refused(f"line {line}, column {column}: {found.what}")


def check_html(text: str, html: str) -> None:
    """Raises Refused for a text whose HTML would grow without bound as it is parsed.

    The sanitiser parses as browsers do, and no bound on its result comes before it is made. What a
    parser of Markdown writes it closes, so only elements that the text itself has may stay open.
    """
    alike: Counter[str] = Counter()
    others = 0
    for found in _FORMATTING.finditer(text):
        if found[2] == ">":
            alike[found[1].lower()] += 1
        else:
            others += 1
    elements = others + sum(min(count, 3) for count in alike.values())
    if elements:
        blocks = sum(1 for _ in _BLOCK.finditer(html))
        if elements * blocks > MAX_REOPENED:
            raise Refused(f"{elements} formatting elements in {blocks} blocks")


def _unclosed(text: str) -> _Found | None:
    """Brackets of each kind that are open at once; a blank line ends them, as it ends a block.

    But for `<`: raw HTML may go on beyond it, and its end is looked for in all of the text.
    """
    if all(text.count(opener) <= most for opener, most in MAX_UNCLOSED.items()):
        return None
    depth = dict.fromkeys(MAX_UNCLOSED, 0)
    for bracket in _BRACKET.finditer(text):
        kind = bracket[0]
        if kind in depth:
            depth[kind] += 1
            if depth[kind] > MAX_UNCLOSED[kind]:
                what = f"more than {MAX_UNCLOSED[kind]} `{kind}` are open; close some before it"
                return _Found(bracket.start(), what)
        elif opener := _CLOSES.get(kind):
            depth[opener] = max(0, depth[opener] - 1)
        else:
            depth["["] = depth["("] = 0
    return None


def _running(text: str) -> _Found | None:
    for found in _RUN.finditer(text):
        if len(found[0]) > MAX_RUN:
            return _Found(found.start(), f"more than {MAX_RUN} `{found[1]}` in a row")
    return None


def _nested(text: str) -> _Found | None:
    found = _MARKERS.search(text) or _QUOTES.search(text)
    if found:
        return _Found(found.start(), f"quotes or lists nested more than {MAX_MARKERS} deep")
    if found := _INDENT.search(text):
        return _Found(found.start(), f"a list indented by more than {MAX_INDENT} columns")
    return None


def _wide(text: str) -> _Found | None:
    if text.count("|") <= MAX_COLUMNS or not (found := _DELIMITERS.search(text)):
        return None
    return _Found(found.start(), f"a table of more than {MAX_COLUMNS} columns")


def _referring(text: str) -> _Found | None:
    if text.count("[") <= MAX_REFERENCES:
        return None
    for pattern, what in ((_FOOTNOTE, "footnote references"), (_DEFINITION, "definitions")):
        for number, found in enumerate(pattern.finditer(text), 1):
            if number > MAX_REFERENCES:
                return _Found(found.start(), f"more than {MAX_REFERENCES} {what}")
    return None


_CHECKS: tuple[Callable[[str], _Found | None], ...] = (
    _unclosed,
    _running,
    _nested,
    _wide,
    _referring,
)
