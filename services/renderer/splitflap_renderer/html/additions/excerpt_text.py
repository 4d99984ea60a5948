"""The text of the excerpt, see `html/excerpt.py`."""

import re

from splitflap_renderer.html.additions.addition import Addition, Page, attributes
from splitflap_renderer.html.excerpt import Excerpt
from splitflap_renderer.html.tokens import without_tags

#: The first number of a list. Browsers ignore other forms.
_NUMBER = re.compile(r"-?[0-9]{1,9}")


class ExcerptText(Addition):
    """Collects the visible text up to the footnotes: also names of images and numbers of items.

    A notification gives no secret away, so a spoiler has only its title in the excerpt.
    """

    tags = frozenset({"img", "div", "ol", "ul", "li"})

    def __init__(self, page: Page, excerpt: Excerpt) -> None:
        super().__init__(page)
        self._excerpt = excerpt
        #: The number of the next item of each open list, None without numbers.
        self._numbers: list[int | None] = []

    def start(self, written: str) -> str:
        """Add the name of an image, or the number of an item. Footnotes end the excerpt."""
        if written.startswith("<img"):
            self._add(attributes(written).get("alt", ""))
        elif written.startswith("<li"):
            self._item()
        elif written.startswith(("<ol", "<ul")):
            self._numbers.append(_first_number(written) if written.startswith("<ol") else None)
        elif "footnote" in attributes(written).get("class", "").split():
            self._excerpt.end()
        return written

    def end(self, written: str) -> str:
        """Leave a list."""
        if written in {"</ol>", "</ul>"}:
            self._numbers.pop()
        return written

    def text(self, text: str) -> str:
        """Add a text. The number of a footnote is left out."""
        if not self.page.in_footnote_link:
            self._add(without_tags(text))
        return text

    def edge(self) -> None:
        """Separate the words of two blocks."""
        self._excerpt.space()

    def _add(self, text: str) -> None:
        if not self.page.in_spoiler:
            self._excerpt.add(text)

    def _item(self) -> None:
        if self._numbers and self._numbers[-1] is not None:
            self._add(f"{self._numbers[-1]}. ")
            self._numbers[-1] += 1


def _first_number(list_tag: str) -> int:
    start = attributes(list_tag).get("start", "")
    return int(start) if _NUMBER.fullmatch(start) else 1
