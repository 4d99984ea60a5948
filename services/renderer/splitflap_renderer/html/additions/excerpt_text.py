"""The text of the excerpt, see `html/excerpt.py`."""

import re

from splitflap_renderer.html.additions.addition import Addition, Page, attributes
from splitflap_renderer.html.excerpt import Excerpt

_TAGS = re.compile(r"<[^>]*>")


class ExcerptText(Addition):
    """Collects the visible text up to the footnotes, and the names of images."""

    tags = frozenset({"img", "div"})

    def __init__(self, page: Page, excerpt: Excerpt) -> None:
        super().__init__(page)
        self._excerpt = excerpt

    def start(self, written: str) -> str:
        """Add the name of an image. Footnotes end the excerpt."""
        if written.startswith("<img"):
            self._excerpt.add(attributes(written).get("alt", ""))
        elif "footnote" in attributes(written).get("class", "").split():
            self._excerpt.end()
        return written

    def text(self, text: str) -> str:
        """Add a text. The number of a footnote is left out."""
        if not self.page.reference:
            self._excerpt.add(text if "<" not in text else _TAGS.sub("", text))
        return text

    def edge(self) -> None:
        """Separate the words of two blocks."""
        self._excerpt.space()
