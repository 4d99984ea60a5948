"""Removes the parts of a text that are no words of it: scripts, buttons, notes.

One pass finds all tags, and each start takes the next end of its name. A pattern for whole elements
would search the text again from each start.
"""

import re
from collections.abc import Iterator

#: Characters between the tags of such an element, at most.
MAX_LENGTH = 500

_NAMES = "script|style|svg|button|select"
#: The end of an element, or the start of one, or the attributes of a superscript.
_EDGE = re.compile(
    rf"<(?:/({_NAMES}|sup)\s*+>|({_NAMES})(?=[\s/>])|(sup)\s([^<>]*+)>)",
    re.IGNORECASE | re.ASCII,
)
#: The attributes of a note's number.
_OF_NOTE = re.compile(r"cite|ref|note|fn", re.IGNORECASE)
_MAX_ATTRIBUTES = 100


def without_non_text(markup: str) -> str:
    """Replace each complete element without words of the text by a space."""
    kept: list[str] = []
    at = 0
    for start, end in _elements(markup):
        if start >= at:
            kept += (markup[at:start], " ")
            at = end
    return "".join([*kept, markup[at:]]) if kept else markup


def _elements(markup: str) -> Iterator[tuple[int, int]]:
    starts: list[re.Match[str]] = []
    ends: dict[str, list[re.Match[str]]] = {}
    for edge in _EDGE.finditer(markup):
        if edge[1]:
            ends.setdefault(edge[1].lower(), []).append(edge)
        elif edge[2] or _OF_NOTE.search(edge[4], 0, _MAX_ATTRIBUTES):
            starts.append(edge)
    for each in ends.values():
        each.reverse()
    for start in starts:
        following = ends.get((start[2] or start[3]).lower(), [])
        while following and following[-1].start() < start.end():
            following.pop()
        if following and following[-1].start() <= start.end() + MAX_LENGTH:
            yield start.start(), following[-1].end()
