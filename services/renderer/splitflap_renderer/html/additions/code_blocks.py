"""Code: highlighting, and the label of its language."""

import html

from splitflap_renderer.html.additions.addition import Addition, Page, attributes
from splitflap_renderer.html.highlight import Highlighter
from splitflap_renderer.html.sanitiser import LINK_REL, language_in
from splitflap_renderer.html.tokens import CODE
from splitflap_renderer.languages import PLAIN

#: Code is written from left to right, also in a page of another direction.
_PRE = '<pre dir="ltr">'


class CodeBlocks(Addition):
    """Code directly within `pre` is a block. The blocks get their marks at the end of the HTML.

    Marks can be twenty times as long as their code. They take the room that the rest of the HTML
    leaves below its bound: a block beyond it keeps its code and loses its marks.
    """

    tags = CODE

    def __init__(self, page: Page, highlighter: Highlighter, longest: int) -> None:
        """`longest` is the bound of the HTML, in characters."""
        super().__init__(page)
        self._highlighter = highlighter
        self._longest = longest
        #: The place of an open code block's tag, and its language.
        self._block: tuple[int, str] | None = None
        #: The places of the blocks' texts, and their languages.
        self._texts: list[tuple[int, str]] = []

    def start(self, written: str) -> str:
        """Note the start of a block."""
        parts = self.page.parts
        self.page.code += 1
        if written == "<pre>":
            return _PRE
        if written.startswith("<code") and parts and parts[-1] == _PRE:
            self._block = (len(parts), language_in(attributes(written).get("class", "")))
        return written

    def end(self, written: str) -> str:
        """Note a whole block, and write its label."""
        self.page.code -= 1
        if written != "</pre>" or not self._block:
            return written
        (place, language), self._block = self._block, None
        parts = self.page.parts
        inner = parts[place + 1 :]
        # Exactly a text and the end tag of the code.
        if len(inner) != 2 or inner[0].startswith("<") or inner[1] != "</code>":  # noqa: PLR2004
            return written
        label = "" if language in {"", PLAIN} else f' data-language="{language}"'
        parts[place - 1 : place + 1] = [f'<div class="highlight"{label}>{_PRE}', "<code>"]
        if label:
            self._texts.append((place + 1, language))
        return "</pre></div>"

    def finish(self) -> None:
        """Mark the blocks, as long as there is room. The sanitiser adds `rel` to links later."""
        if not self._texts:
            return
        parts = self.page.parts
        whole = "".join(parts)
        room = self._longest - len(whole) - len(f' rel="{LINK_REL}"') * whole.count("<a ")
        for place, language in self._texts:
            plain = parts[place]
            marked = self._highlighter.marked(html.unescape(plain), language)
            if marked and len(marked) - len(plain) <= room:
                room -= len(marked) - len(plain)
                parts[place] = marked
