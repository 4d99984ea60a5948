"""What an addition is: one duty in the pass over a text's HTML, see `html/decorate.py`."""

import re

_ATTRIBUTE = re.compile(r" ([a-z-]+)=\"([^\"]*)\"")


class Page:
    """The HTML written so far, and what several additions read."""

    def __init__(self) -> None:
        #: Tags and texts. A place is an index into this list.
        self.parts: list[str] = []
        #: Numbers of open code elements and of open links.
        self.code = self.links = 0
        #: Whether the open link leads to a footnote, or back from it.
        self.in_footnote_link = False
        #: Whether a spoiler hides the text here.
        self.in_spoiler = False


class Addition:
    """The base: it changes nothing. An addition overrides the methods that it needs.

    The pass calls `start` and `end` for the elements in `tags` and `text` for each text. Each
    takes the HTML of the addition before, and returns the HTML to write.
    """

    tags: frozenset[str] = frozenset()

    def __init__(self, page: Page) -> None:
        self.page = page

    def start(self, written: str) -> str:
        """A start tag, or an element without an end tag. It will be at the end of `page.parts`."""
        return written

    def text(self, text: str) -> str:
        """A text with HTML's escapes."""
        return text

    def end(self, written: str) -> str:
        """An end tag."""
        return written

    def edge(self) -> None:
        """The start or the end of a block, before its tag."""

    def finish(self) -> None:
        """The end of the HTML."""


def attributes(written: str) -> dict[str, str]:
    """The attributes of a start tag, with HTML's escapes."""
    return dict(_ATTRIBUTE.findall(written))
