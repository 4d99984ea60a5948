"""Checks before parsing: they refuse texts that would only burn CPU until the deadline.

A parser searches from each opening bracket to the end of its block. So unclosed brackets cost their
number times the length of the block, and nested blocks cost their depth at each line. The bounds
are far above texts by people, and far below texts that take a second (measured in docs/adr/0008).
Each check reads the text once at most; for most texts a few counts decide.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from splitflap_renderer.markdown import quotes

#: Longest text in bytes of UTF-8, as in the API: a message may come from another program.
MAX_BYTES = 65_536

#: Most unclosed openers of a kind: within one block, and for `<` within the text.
MAX_UNCLOSED = {"[": 200, "(": 500, "<": 1_000}

#: Most columns of a table. A parser fills each row up to this number.
MAX_COLUMNS = 100

#: Most references to footnotes, and most definitions of footnotes and links.
MAX_REFERENCES = 500

#: Most lines of quotes that a parser reads, at all levels (`quotes.py`).
MAX_QUOTES = 1_460_000

_CLOSES = {"]": "[", ")": "(", ">": "<"}
# A `<` counts if it may begin a tag; comparisons and the `<<` of C++ are left out.
_BRACKET = re.compile(r"[\[\](>]|\)|<(?=[A-Za-z/!?])|\n[ \t]*+(?=\n)")
# Possessive quantifiers keep these patterns linear.
_DASHES = r"[ \t]*+:?-++:?[ \t]*+"
_DELIMITERS = re.compile(rf"(?m)^[ \t>]*+\|?{_DASHES}(?:\|{_DASHES}){{{MAX_COLUMNS}}}")
_FOOTNOTE = re.compile(r"\[\^")
_DEFINITION = re.compile(r"(?m)^[ \t>]{0,20}\[[^\]\n]{1,1000}\]:")


class TextRefused(ValueError):
    """The checks refuse the text. The message has the reason and the position."""


class _Finding(NamedTuple):
    position: int
    what: str


def check(text: str) -> None:
    """Check a text before it is parsed.

    Raises:
        TextRefused: the text would take too long.
    """
    size = len(text.encode())
    if size > MAX_BYTES:
        raise TextRefused(f"the text has {size} bytes of UTF-8; at most {MAX_BYTES} are allowed")
    for find in _CHECKS:
        if found := find(text):
            line = text.count("\n", 0, found.position) + 1
            column = found.position - text.rfind("\n", 0, found.position)
            raise TextRefused(f"line {line}, column {column}: {found.what}")


def _unclosed_brackets(text: str) -> _Finding | None:
    """Count the open brackets of each kind; a blank line ends the block and its brackets.

    `<` stays open across blank lines: a parser searches the whole text for the end of raw HTML.
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
                return _Finding(bracket.start(), what)
        elif opener := _CLOSES.get(kind):
            depth[opener] = max(0, depth[opener] - 1)
        else:
            depth["["] = depth["("] = 0
    return None


def _wide_table(text: str) -> _Finding | None:
    if text.count("|") <= MAX_COLUMNS or not (found := _DELIMITERS.search(text)):
        return None
    return _Finding(found.start(), f"a table of more than {MAX_COLUMNS} columns")


def _many_references(text: str) -> _Finding | None:
    if text.count("[") <= MAX_REFERENCES:
        return None
    for pattern, what in ((_FOOTNOTE, "footnote references"), (_DEFINITION, "definitions")):
        for number, found in enumerate(pattern.finditer(text), 1):
            if number > MAX_REFERENCES:
                return _Finding(found.start(), f"more than {MAX_REFERENCES} {what}")
    return None


def _costly_quotes(text: str) -> _Finding | None:
    if quotes.most(text) <= MAX_QUOTES:
        return None
    for run in quotes.runs(text):
        if run.cost > MAX_QUOTES:
            what = f"too many lines for quotes of {run.levels} levels; put blank lines between them"
            return _Finding(run.position, what)
    return None


_CHECKS: tuple[Callable[[str], _Finding | None], ...] = (
    _unclosed_brackets,
    _wide_table,
    _many_references,
    _costly_quotes,
)
