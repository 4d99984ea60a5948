"""Code: highlighting, and the label of its language."""

import html

from splitflap_renderer.html.additions.addition import Addition, Page, attributes
from splitflap_renderer.html.highlight import Highlighter
from splitflap_renderer.html.sanitiser import LANGUAGE_CLASS, LANGUAGES

#: The language of code without a known language.
_UNNAMED = "text"


class CodeBlocks(Addition):
    """Code directly within `pre` is a block. Its parts are replaced at its end."""

    tags = frozenset({"pre", "code", "kbd", "samp"})

    def __init__(self, page: Page, highlighter: Highlighter) -> None:
        super().__init__(page)
        self._highlighter = highlighter
        #: The place of an open code block, and its language.
        self._block: tuple[int, str] | None = None

    def start(self, written: str) -> str:
        """Note the start of a block."""
        parts = self.page.parts
        self.page.code += 1
        if written.startswith("<code") and parts and parts[-1] == "<pre>":
            found = LANGUAGE_CLASS.fullmatch(attributes(written).get("class", ""))
            self._block = (len(parts), found[1] if found else "")
        return written

    def end(self, written: str) -> str:
        """Highlight a block."""
        self.page.code -= 1
        if written == "</pre>" and self._block:
            return self._highlighted(*self._block)
        return written

    def _highlighted(self, start: int, language: str) -> str:
        """Replace the parts of a block by highlighted ones; return its end tags."""
        self._block = None
        inner = self.page.parts[start + 1 :]
        # Exactly a text and the end tag of the code.
        if len(inner) != 2 or inner[0].startswith("<") or inner[1] != "</code>":  # noqa: PLR2004
            return "</pre>"
        marked = self._highlighter.highlighted(html.unescape(inner[0]), language)
        if marked:
            inner[0] = marked[0]
        label = _label(language)
        self.page.parts[start - 1 :] = [f'<div class="highlight"{label}><pre><code>', *inner]
        return "</pre></div>"


def _label(language: str) -> str:
    name = LANGUAGES.get(language, _UNNAMED)
    return "" if name == _UNNAMED else f' data-language="{name}"'
