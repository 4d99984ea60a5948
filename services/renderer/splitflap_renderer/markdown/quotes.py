"""What quotes cost markdown-it-py.

A line without `>` continues the paragraph of a quote. So the parser reads each quote up to the next
blank line, at each level. If the quote ends before, as after a heading, the next one reads the
rest again.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from splitflap_renderer.markdown.rules.containers import MAX_LEVEL

#: The markers at the beginning of a line: of quotes, of items and of a footnote.
_MARKERS = re.compile(
    r"(?: {0,3}(?:>[!>]*+ ?|[-+*][ \t]|[0-9]{1,9}[.)][ \t]|\[\^[^\]]{1,100}\]:))*+"
)

#: What may begin a block other than a paragraph, or is empty.
_NO_PARAGRAPH = re.compile(r" {0,3}(?:[-#+*_=`~<|$\[:0-9 \t]|$)")

_FENCE = re.compile(r" {0,3}(`{3,}+|~{3,}+)([^`]*)$")

#: Quotes on more levels that end before their run take twice the time.
DEEP = 15


class Run(NamedTuple):
    """Lines without a blank one."""

    #: The place of its last line with a quote in the text.
    position: int
    lines: int
    #: Most levels of quotes of a line.
    levels: int
    #: Quotes that may end before the run, each followed by lines without `>`.
    ends: int

    @property
    def cost(self) -> int:
        """Lines read, at all levels. A line of a paragraph takes as long as seven other ones."""
        ends = self.ends * (1 if self.levels <= DEEP else 2)
        return (7 + ends) * self.levels * self.lines


def most(text: str) -> int:
    """At most this is the cost of a text, by a few counts."""
    markers, lines = text.count(">"), text.count("\n") + 1
    return Run(0, lines, min(markers, MAX_LEVEL), min(markers, lines)).cost


def runs(text: str) -> Iterator[Run]:
    """The runs of lines in a text, without blocks of code between fences."""
    begin = position = lines = levels = ends = returns = 0
    in_quote = False
    for line in _outside_fences(text):
        if not line.strip():
            yield Run(position, lines, levels, min(ends, returns))
            lines = levels = ends = returns = 0
            in_quote = False
        else:
            lines += 1
            markers = _MARKERS.match(line)
            end = markers.end() if markers else 0
            depth = line.count(">", 0, end)
            if depth:
                position, levels = begin, max(levels, min(depth, MAX_LEVEL))
                ends += bool(_NO_PARAGRAPH.match(line, end))
                returns += not in_quote
            in_quote = depth > 0
        begin += len(line) + 1
    yield Run(position, lines, levels, min(ends, returns))


def _outside_fences(text: str) -> Iterator[str]:
    """The lines of a text, with an empty one for each line of code."""
    closes = None
    for line in text.split("\n"):
        if closes:
            closes = None if closes.fullmatch(line) else closes
            yield ""
        elif found := _FENCE.match(line):
            closes = re.compile(rf" {{0,3}}{found[1]}{found[1][0]}*[ \t]*")
            yield ""
        else:
            yield line
