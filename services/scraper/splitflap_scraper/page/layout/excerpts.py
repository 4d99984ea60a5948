"""Keeps the markup around headings, and within elements with an author or a date.

Other pieces end at the next token. An excerpt continues, so it shows a byline with all of its
elements.
"""

import re
from collections import deque

from splitflap_scraper.page.layout.blocks import RegionTracker
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.page.vocabulary import DATED, Piece

#: Characters kept before a heading, after it, and within a marked element.
BEFORE = 1200
AFTER = 5000
WITHIN = 800

#: Excerpts kept of headings and of marked elements.
MAX_LEADS = 6
MAX_MARKED_EXCERPTS = 24

_HEADINGS = frozenset({"h1", "h2"})
#: Tokens of elements with a date.
_DATED = frozenset({"p", "time", "header", "h2"})

#: Elements that are left out: those beside the page's text, and those without a text.
_LEFT_OUT = frozenset({"nav", "aside", "footer", "dialog", "meta", "link", "base", "html", "head"})

#: Longest tag in an excerpt, in characters. Only the name of a longer one is kept.
MAX_TAG = 400


_DATE = re.compile(rf"\s(?:{DATED})", re.IGNORECASE | re.ASCII)


def is_dated(tag: str) -> bool:
    """Whether a tag says that its element has a date or an author."""
    return _DATE.search(tag) is not None


class _Excerpt:
    __slots__ = ("begin", "left", "parts", "piece")

    def __init__(self, piece: Piece, begin: int, limit: int) -> None:
        self.piece = piece
        self.begin = begin
        self.left = limit
        self.parts: list[str] = []

    def add(self, text: str) -> None:
        self.parts.append(text[: self.left])
        self.left -= len(text)


class Excerpts:
    """Follows the text of a page outside of menus and asides."""

    def __init__(self) -> None:
        self._kept: list[_Excerpt] = []
        self._open: list[_Excerpt] = []
        self._last: deque[str] = deque()
        self._size = 0
        self._leads = self._marked = 0
        self._body = ""

    @property
    def has_room(self) -> bool:
        """Whether another marked element may be kept."""
        return self._marked < MAX_MARKED_EXCERPTS

    @property
    def pieces(self) -> list[Piece]:
        """The excerpts so far."""
        found = [each.piece._replace(inner="".join(each.parts)) for each in self._kept]
        return [Piece("frame", self._body), *found] if self._body else found

    def _begin_lead(self, tag: str, region: PageRegion) -> None:
        """Begin the excerpts before and after a heading."""
        if self._leads >= MAX_LEADS or PageRegion.ASIDE in region:
            return
        self._leads += 1
        before = _Excerpt(Piece("before", tag, region=region), 0, BEFORE)
        before.add("".join(self._last)[-BEFORE:])
        self._kept.append(before)
        self._begin(Piece("after", tag, region=region), 0, AFTER)

    def begin_marked(self, piece: Piece, begin: int) -> None:
        """Begin the excerpt of a marked element, with its text from a position on."""
        if self.has_room and PageRegion.ASIDE not in piece.region:
            self._marked += 1
            self._begin(Piece("excerpt", piece.tag, region=piece.region), begin, WITHIN)
            self._open[-1].add(piece.tag)

    def _begin(self, piece: Piece, begin: int, limit: int) -> None:
        excerpt = _Excerpt(piece, begin, limit)
        self._kept.append(excerpt)
        self._open.append(excerpt)

    def tag(self, name: str, tag: str, regions: RegionTracker) -> None:
        """Add a tag between texts. A heading begins an excerpt, and so does a dated element."""
        if regions.is_aside and name != "body":
            return
        if name == "body" and not self._body:
            self._body = tag
            # Some pages have no heading.
            self._begin_lead(tag, regions.here)
        if name in _HEADINGS:
            self._begin_lead(tag, regions.here)
        if name.lstrip("/") in _LEFT_OUT:
            return
        self._add(tag if len(tag) <= MAX_TAG else f"{tag.split(None, 1)[0][:MAX_TAG]}>")
        if name in _DATED and self.has_room and (name == "time" or is_dated(tag)):
            self.begin_marked(Piece(name, tag, region=regions.here), 0)

    def text(self, text: str, start: int, end: int, *, is_aside: bool) -> None:
        """Add the text between two positions, unless it is aside. It may contain tags."""
        if start < end and not is_aside:
            for each in self._open:
                if each.begin:
                    # A marked element begins within the text.
                    each.add(
                        text[max(each.begin, start) : min(end, max(each.begin, start) + each.left)]
                    )
                    each.begin = 0
                else:
                    each.add(text[start : min(end, start + each.left)])
            self._close()
            self._remember(text[max(start, end - BEFORE) : end])

    def _add(self, text: str) -> None:
        for each in self._open:
            each.add(text)
        self._close()
        self._remember(text)

    def _close(self) -> None:
        if any(each.left <= 0 for each in self._open):
            self._open = [each for each in self._open if each.left > 0]

    def _remember(self, text: str) -> None:
        if self._leads >= MAX_LEADS:
            return
        self._last.append(text)
        self._size += len(text)
        while self._size - len(self._last[0]) >= BEFORE:
            self._size -= len(self._last.popleft())
