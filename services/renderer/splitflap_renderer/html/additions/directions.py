"""The direction of blocks: `dir="auto"`, so the first letter of a block decides.

A browser looks for that letter outside of elements with a `dir` of their own. So the first block
within a block gets none, and decides for both: the bar of a quote, the markers of a list and the
columns of a table are on the side where their first text begins. Code is from left to right.

A block without a letter, such as a number, needs no attribute. Nor does a cell with the direction
of its table: the tags of a long table would take more room than its text.
"""

import html
import re
import unicodedata

from splitflap_renderer.html.additions.addition import Addition, Page
from splitflap_renderer.html.sanitiser import BLOCKS
from splitflap_renderer.html.tokens import without_tags

AUTO = ' dir="auto"'

_LETTER = re.compile(r"[^\W\d_]")

#: These do not decide for the block around them: code, and the titles of alerts and spoilers.
_APART = ("<pre", "<summary", '<p class="markdown-alert-title"')
_CELLS = ("<td", "<th")


class Directions(Addition):
    """Adds the attribute to the blocks."""

    tags = frozenset(BLOCKS) | {"pre"}

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        #: Whether the innermost block with a direction has no letter yet.
        self._undecided = False
        #: The place of that block's tag.
        self._place = 0
        #: The direction around that block, if it is a cell.
        self._around = ""
        #: Open blocks within that block.
        self._within = 0
        #: The direction of each open table, or an empty string before its first letter.
        self._tables: list[str] = []
        #: The end tag of an open element of _APART, or an empty string.
        self._apart = ""

    def start(self, written: str) -> str:
        """Add the attribute, unless the block around takes its direction from this one."""
        if written.startswith(_APART):
            self._apart = f"</{written[1:].split(maxsplit=1)[0].rstrip('>')}>"
            return written if written.startswith("<pre") else written[:-1] + AUTO + ">"
        around = self._tables[-1] if self._tables and written.startswith(_CELLS) else ""
        if written.startswith("<table"):
            self._tables.append("")
        if self._undecided:
            self._within += 1
            return written
        self._undecided, self._within = True, 0
        self._place, self._around = len(self.page.parts), around
        return written[:-1] + AUTO + ">"

    def text(self, text: str) -> str:
        """Look for the first letter."""
        if self._undecided and not self._apart and (direction := _direction_of(text)):
            self._undecided = False
            self._tables = [each or direction for each in self._tables]
            if direction == self._around:
                self._remove()
        return text

    def end(self, written: str) -> str:
        """End the block."""
        if written == self._apart:
            self._apart = ""
            return written
        if written == "</table>" and self._tables:
            self._tables.pop()
        if self._undecided:
            if not self._within:
                self._remove()
            self._undecided = self._within > 0
            self._within -= 1
        return written

    def _remove(self) -> None:
        parts = self.page.parts
        parts[self._place] = parts[self._place].replace(AUTO, "")


def _direction_of(text: str) -> str:
    """The direction of the first letter of HTML without blocks, or an empty string."""
    text = without_tags(text)
    if not (letter := _LETTER.search(html.unescape(text) if "&" in text else text)):
        return ""
    return "rtl" if unicodedata.bidirectional(letter[0]) in {"R", "AL"} else "ltr"
