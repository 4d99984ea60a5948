"""Follows the blocks of a page by their tags: their regions, and texts outside of paragraphs.

A stack of open elements stands for a tree. It is bounded, and a tag takes constant time.
"""

import re
from collections.abc import Callable

from splitflap_scraper.page.layout.elements import REGIONS, region_of
from splitflap_scraper.page.markup import REST_OF_TAG, any_name
from splitflap_scraper.page.regions import PageRegion

#: Open elements that are followed. Deeper ones are counted only.
MAX_OPEN = 100

#: Characters of a tag whose attributes are read. A longer one is a plain block.
LONGEST_TAG = 2000

#: Least letters of a text outside of paragraphs, most characters of its markup, and most texts.
MIN_TEXT = 30
MAX_TEXT = 2000
MAX_TEXTS = 16

#: Elements whose end is followed. `li` and `p` are no part of it, since their end tags are often
#: omitted.
_FOLLOWED = frozenset({
    *REGIONS, "div", "section", "ul", "ol", "dl", "form", "table", "td", "figure", "fieldset",
    "blockquote", "details", "center",
})  # fmt: skip
_TRACKED = _FOLLOWED | {f"/{name}" for name in _FOLLOWED}

_BLOCKS = (
    *("div", "section", "ul", "ol", "dl", "form", "table", "td", "th", "tr", "tbody", "figure"),
    *("figcaption", "caption", "fieldset", "blockquote", "details", "summary", "center", "address"),
    *("li", "dd", "dt", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "p", "br", "button"),
    *("select", "label", "audio", "canvas", "noembed"),
)
#: Tags that begin or end a block. The match has the whole tag if its attributes are ordinary ones.
TAG_OF_BLOCK = re.compile(
    rf"<(/?{any_name(_BLOCKS)})(?:>|(?=[\s/])"
    r"""(?:(?:\s[a-zA-Z-]{1,20}="[^"<>]{0,300}+"){1,4}>)?)""",
    re.ASCII,
)
#: Elements whose text is another piece, or no text of the page.
_NO_TEXT = frozenset({"pre", "button", "select", "label", "p", "h1", "h2", "h3", "h4", "h5", "h6",
                      "summary", "dt", "th"})  # fmt: skip
#: Tokens of the scanner within a text.
_WITHIN = frozenset({"meta", "link", "script", "img", "style", "title", "time", "noscript", "base",
                     "svg", "template", "textarea", "iframe", "noframes", "xmp"})  # fmt: skip
_TAG = re.compile(r"<[^<>]*+>?|\s++", re.ASCII)

#: Characters of the longest match of TAG_OF_BLOCK, and the one after it.
_LONGEST = 14


class RegionTracker:
    """Follows the start and end tags of blocks."""

    def __init__(self) -> None:
        #: Names of the open elements, with the region around each.
        self.open: list[tuple[str, int]] = []
        self._counts: dict[str, int] = {}
        #: Open elements beyond MAX_OPEN.
        self._deeper = 0
        #: The region of the current position.
        self.here: int = PageRegion.NONE
        self.in_body = False

    @property
    def is_aside(self) -> bool:
        """Whether the current position is beside the text of the page."""
        return self.here & PageRegion.ASIDE != 0

    def enter_body(self) -> None:
        """Leave the head."""
        self.in_body = True
        self.here |= PageRegion.BODY
        self.open = [(name, region | PageRegion.BODY) for name, region in self.open]

    def tag(self, name: str, tag: str) -> None:
        """Note a tag by its name, with a slash for an end tag."""
        if name[0] == "/":
            if self._counts.get(name[1:]):
                self._end(name[1:])
        else:
            if name == "td" and self._counts.get(name):
                self._end(name)
            self._begin(name, tag)

    def _begin(self, name: str, tag: str) -> None:
        if len(self.open) >= MAX_OPEN:
            self._deeper += 1
            return
        self.open.append((name, self.here))
        self._counts[name] = self._counts.get(name, 0) + 1
        if name == "footer" and self._counts.get("article") and "comment" not in tag:
            # The footer of an article has its author and date.
            self.here |= PageRegion.NOTE
        elif len(tag) > len(name) + 2 or name in REGIONS:
            self.here |= region_of(name, tag)

    def _end(self, name: str) -> None:
        """End the innermost open element of a name, with those inside it."""
        if self._deeper:
            self._deeper -= 1
            return
        if self.open[-1][0] == name:
            self.here = self.open.pop()[1]
            self._counts[name] -= 1
            return
        for index in range(len(self.open) - 1, -1, -1):
            each = self.open[index][0]
            if each == name:
                break
            # A cell or a table keeps the elements around it open.
            if each == "table" or (each == "td" and name != "table"):
                return
        self.here = self.open[index][1]
        while len(self.open) > index:
            self._counts[self.open.pop()[0]] -= 1


class BlockScanner:
    """Follows the blocks between the tokens of a page, and keeps texts outside of paragraphs.

    A text ends at the tag of a block, or at two line breaks.
    """

    def __init__(self, regions: RegionTracker, keep: Callable[[str, int], None]) -> None:
        """`keep` receives the markup of a text, and its region."""
        self.regions = regions
        self._keep = keep
        self._left = MAX_TEXTS
        #: The markup of the current text, if there may be one, and its size.
        self._parts: list[str] = []
        self._size = 0
        self._is_text = False
        self._after_break = False
        #: Characters of a tag that continues after the passed part.
        self._beyond = 0

    def token(self, name: str, tag: str) -> None:
        """Note a tag that the scanner found."""
        if name in _WITHIN:
            return
        if self._size:
            self.end_text()
        if name in _TRACKED:
            self.regions.tag(name, tag)
        self._begin_text(name)
        if name == "p" and self._left > 0 and not self.regions.is_aside:
            self._left -= 1

    def passed(self, text: str, start: int, end: int, limit: int) -> None:
        """Examine the tags that begin between two positions. They end before `limit`."""
        regions = self.regions
        at = start + self._beyond
        for found in TAG_OF_BLOCK.finditer(text, at, end + _LONGEST):
            begin, stop = found.span()
            if begin >= end:
                break
            if begin < at:
                # It is in an attribute of the last tag.
                continue
            if self._is_text and begin > at:
                self._add(text, at, begin)
            at = stop
            if text[stop - 1] != ">":
                at = _end_of_tag(text, stop, min(begin + LONGEST_TAG, limit))
            name = found[1].lower()
            if name == "br" and not self._after_break:
                self._break()
                continue
            if self._size:
                self.end_text()
            if name in _TRACKED:
                regions.tag(name, text[begin:at])
            self._begin_text(name)
        self._beyond = 0
        if self._is_text or at > end:
            self.add(text, at, end)

    def _break(self) -> None:
        if self._is_text:
            self._add(" ", 0, 1)
            self._after_break = True

    def add(self, text: str, start: int, end: int) -> None:
        """Add a text without tags between two positions."""
        start += self._beyond
        if self._is_text and start < end:
            self._add(text, start, end)
        self._beyond = max(0, start - end)

    def _add(self, text: str, start: int, end: int) -> None:
        """Add a part to the current text."""
        part = text[start : min(end, start + MAX_TEXT - self._size)]
        if self._after_break:
            self._after_break = part.isspace()
        self._parts.append(part)
        self._size += len(part)

    def end_text(self) -> None:
        """End the current text, and keep it if it is long enough."""
        if self._size > MIN_TEXT and self._left > 0:
            markup = "".join(self._parts)
            if len(_TAG.sub("", markup)) >= MIN_TEXT:
                self._left -= 1
                self._keep(markup, self.regions.here)
        if self._size:
            self._parts.clear()
            self._size = 0

    def _begin_text(self, name: str) -> None:
        """Begin a text after the tag with this name, unless it is beside the text of the page."""
        self._after_break = False
        is_aside = self.regions.here & PageRegion.ASIDE
        self._is_text = self._left > 0 and not is_aside and name not in _NO_TEXT


def _end_of_tag(text: str, at: int, limit: int) -> int:
    """Return the end of a tag by the end of its name. A tag beyond the limit has no attributes."""
    rest = REST_OF_TAG.match(text, at, limit)
    stop = rest.end() if rest else at
    return stop + 1 if stop < limit and text[stop : stop + 1] == ">" else at
