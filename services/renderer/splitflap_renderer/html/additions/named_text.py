"""Names and emoji in running text, see `html/names.py`."""

from splitflap_renderer.html.additions.addition import Addition, Page
from splitflap_renderer.html.names import Names


class NamedText(Addition):
    """Marks names and emoji outside of code."""

    def __init__(self, page: Page, names: Names) -> None:
        super().__init__(page)
        self._names = names
        #: The visible character before the next text; empty at the start of a block.
        self._before = ""

    def text(self, text: str) -> str:
        """Mark a text."""
        before, self._before = self._before, text[-1]
        if self.page.code:
            return text
        return self._names.marked(text, before, linked=self.page.links > 0)

    def edge(self) -> None:
        """A block begins a new word."""
        self._before = ""
