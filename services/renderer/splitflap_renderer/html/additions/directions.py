"""The direction of blocks: `dir="auto"`, so the first letter of a block decides.

A browser looks for that letter outside of elements with a `dir` of their own. So the first block
within a block gets none, and decides for both: the bar of a quote, the markers of a list and the
columns of a table are on the side where their first text begins. Code is from left to right.
"""

import re

from splitflap_renderer.html.additions.addition import Addition, Page
from splitflap_renderer.html.sanitiser import BLOCKS

AUTO = ' dir="auto"'

_LETTER = re.compile(r"[^\W\d_]")

#: These do not decide for the block around them: code, and the titles of alerts and spoilers.
_APART = ("<pre", "<summary", '<p class="markdown-alert-title"')


class Directions(Addition):
    """Adds the attribute to the blocks."""

    tags = frozenset(BLOCKS) | {"pre"}

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        #: Whether the innermost block with a direction has no letter yet.
        self._undecided = False
        #: Open blocks within that block.
        self._within = 0
        #: The end tag of an open element of _APART, or an empty string.
        self._apart = ""

    def start(self, written: str) -> str:
        """Add the attribute, unless the block around takes its direction from this one."""
        if written.startswith(_APART):
            self._apart = f"</{written[1:].split(maxsplit=1)[0].rstrip('>')}>"
            return written if written.startswith("<pre") else written[:-1] + AUTO + ">"
        if self._undecided:
            self._within += 1
            return written
        self._undecided, self._within = True, 0
        return written[:-1] + AUTO + ">"

    def text(self, text: str) -> str:
        """Look for the first letter."""
        if self._undecided and not self._apart and _LETTER.search(text):
            self._undecided = False
        return text

    def end(self, written: str) -> str:
        """End the block. An empty one needs no attribute: a table may have many empty cells."""
        if written == self._apart:
            self._apart = ""
            return written
        parts = self.page.parts
        if parts[-1].endswith(AUTO + ">"):
            parts[-1] = parts[-1].replace(AUTO, "")
        if self._undecided:
            self._undecided = self._within > 0
            self._within -= 1
        return written
