"""Keeps the markup around headings, and within elements with an author or a date.

Other pieces end at the next token. An excerpt continues, so it shows a byline with all of its
elements.
"""

import re
from functools import lru_cache

from splitflap_scraper.page.layout.blocks import RegionTracker
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.page.vocabulary import DATED, Piece

#: Characters kept before a heading, after it, and within a marked element.
BEFORE = 1200
AFTER = 5000
WITHIN = 800

#: Characters held at once.
MAX_HELD = 32 * 1024

#: Excerpts kept of headings and of marked elements.
MAX_HEADINGS = 6
MAX_MARKED_EXCERPTS = 24

_HEADINGS = frozenset({"h1", "h2"})
#: Tokens of elements with a date.
_DATED = frozenset({"p", "time", "header", "h2"})

#: Tags of the scanner in an excerpt. The others are beside the page's text, or have no text.
TAGS = frozenset({"p", "h1", "h2", "h3", "time", "img", "amp-img", "amp-video", "source", "video",
                  "body", "plaintext", "main", "/main", "header", "/header", "article", "/article",
                  "/nav"})  # fmt: skip

#: Longest tag in an excerpt, in characters. Only the name of a longer one is kept.
MAX_TAG = 400


_DATE = re.compile(rf"\s(?:{DATED})", re.IGNORECASE | re.ASCII)


@lru_cache(maxsize=512)
def is_dated(tag: str) -> bool:
    """Whether a tag says that its element has a date or an author. Pages repeat their tags."""
    return "=" in tag and _DATE.search(tag) is not None


class _Excerpt:
    """A part of the text, by positions, with the tag before it. `text` is known after its end."""

    __slots__ = ("begin", "end", "piece", "text")

    def __init__(self, piece: Piece, begin: int, end: int) -> None:
        self.piece = piece
        self.begin = begin
        self.end = end
        self.text: str | None = None


class Excerpts:
    """Follows the text of a page outside of menus and asides."""

    def __init__(self) -> None:
        self._kept: list[_Excerpt] = []
        self._headings = self._marked = 0
        self._body = ""
        #: The last part of the text, and the positions of its begin and of its end.
        self._parts: list[str] = []
        self._begin = self._end = 0
        #: The position up to which excerpts need the text. Each heading may need the last part.
        self._needed = 0
        self._is_ahead = False

    @property
    def has_room(self) -> bool:
        """Whether another marked element may be kept."""
        return self._marked < MAX_MARKED_EXCERPTS

    @property
    def pieces(self) -> list[Piece]:
        """The excerpts so far."""
        held = "".join(self._parts)
        found = [Piece("body tag", self._body)] if self._body else []
        for each in self._kept:
            name, tag, inner, region, *_ = each.piece
            found.append(Piece(name, tag, inner + self._text(each, held), region))
        return found

    def _begin_around(self, tag: str, region: int) -> None:
        """Begin the excerpts before and after a heading."""
        if self._headings >= MAX_HEADINGS or region & PageRegion.ASIDE:
            return
        self._headings += 1
        before = max(0, self._end - BEFORE)
        self._kept.append(_Excerpt(Piece("before", tag, region=region), before, self._end))
        self._keep(Piece("after", tag, region=region), self._end, AFTER)

    def begin_marked(self, piece: Piece, ahead: int = 0) -> None:
        """Begin the excerpt of a marked element. Its text begins `ahead` in the next text."""
        if self.has_room and not piece.region & PageRegion.ASIDE:
            self._marked += 1
            tag = piece.tag[:WITHIN]
            self._is_ahead = ahead > 0
            excerpt = Piece("excerpt", piece.tag, tag, piece.region)
            self._keep(excerpt, self._end + ahead, WITHIN - len(tag))

    def _keep(self, piece: Piece, begin: int, limit: int) -> None:
        self._kept.append(_Excerpt(piece, begin, begin + limit))
        self._needed = max(self._needed, begin + limit)

    def tag(self, name: str, tag: str, regions: RegionTracker) -> None:
        """Add a tag between texts. A heading begins an excerpt, and so does a dated element."""
        if name == "body" and not self._body:
            self._body = tag
            # Some pages have no heading.
            self._begin_around(tag, regions.here)
        elif name == "/nav":
            # The text around a menu shows where it was.
            self._add("</nav>")
            return
        elif regions.here & PageRegion.ASIDE and name != "body":
            return
        if name in _HEADINGS:
            self._begin_around(tag, regions.here)
        self._add(tag if len(tag) <= MAX_TAG else f"{tag.split(None, 1)[0][:MAX_TAG]}>")
        if name in _DATED and self.has_room and (name == "time" or is_dated(tag)):
            self.begin_marked(Piece(name, tag, region=regions.here))

    def text(self, text: str, start: int, end: int, *, is_aside: bool) -> None:
        """Add the text between two positions, unless it is aside. It may contain tags."""
        if not is_aside:
            self._add(text[start:end])
        elif self._is_ahead:
            for each in self._kept:
                each.begin = min(each.begin, self._end)
        self._is_ahead = False

    def _add(self, text: str) -> None:
        if self._headings < MAX_HEADINGS or self._end < self._needed:
            self._parts.append(text)
            self._end += len(text)
            if self._end > self._begin + MAX_HELD:
                self._cut(self._end - BEFORE)

    def _cut(self, before: int) -> None:
        """Cut out the excerpts that have ended, and drop the text before a position."""
        held = "".join(self._parts)
        for each in self._kept:
            if each.text is None:
                if each.end <= self._end:
                    each.text = self._text(each, held)
                else:
                    before = min(before, each.begin)
        self._parts = [held[before - self._begin :]]
        self._begin = before

    def _text(self, excerpt: _Excerpt, held: str) -> str:
        if excerpt.text is not None:
            return excerpt.text
        return held[excerpt.begin - self._begin : excerpt.end - self._begin]
