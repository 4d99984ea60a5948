"""Ids of headings, see `html/headings.py`."""

from splitflap_renderer.html.additions.addition import Addition, Page
from splitflap_renderer.html.headings import Headings
from splitflap_renderer.html.sanitiser import HEADINGS


class HeadingIds(Addition):
    """Collects the words of headings, and writes the ids at the end."""

    tags = frozenset(HEADINGS)

    def __init__(self, page: Page, headings: Headings) -> None:
        super().__init__(page)
        self._headings = headings

    def start(self, written: str) -> str:
        """Note the heading's place."""
        self._headings.start(len(self.page.parts), written[1:3])
        return written

    def text(self, text: str) -> str:
        """Collect the words."""
        self._headings.text(text)
        return text

    def end(self, written: str) -> str:
        """Give the heading its name."""
        self._headings.end()
        return written

    def finish(self) -> None:
        """Write the ids, and the links to them."""
        self._headings.resolve(self.page.parts)
