"""Finds marked tags of any name: microdata, and the author of the page."""

from collections.abc import Callable, Iterator
from re import Match

from splitflap_scraper.page.items import ItemTracker
from splitflap_scraper.page.layout.blocks import BlockScanner
from splitflap_scraper.page.layout.elements import region_of
from splitflap_scraper.page.layout.excerpts import Excerpts, is_dated
from splitflap_scraper.page.vocabulary import (
    HINT,
    HINT_OR_DATE,
    LONGEST_MARKED,
    MARK,
    MARK_OR_DATE,
    MARK_REACH,
    MARK_TEXT,
    MAX_HITS,
    MAX_MARKED,
    WHOLE_TAG,
    Piece,
    has_items,
)


class MarkScanner:
    """Scans the text between the tokens of a page for marked tags, and for their items."""

    def __init__(
        self, keep: Callable[[Piece], None], blocks: BlockScanner, excerpts: Excerpts
    ) -> None:
        """`keep` receives the marked pieces in the order of the page."""
        self.items = ItemTracker()
        self._excerpts = excerpts
        self._blocks = blocks
        self._keep = keep
        self._kept = 0
        self._hits = 0
        #: The start of the current text.
        self._start = 0

    def scan(self, text: str, start: int, end: int, *, whole: bool) -> int:
        """Scan a text between two tokens, and return the end of the scanned part.

        `whole` marks a complete text.
        """
        if start >= end:
            return end
        # A tag or a mark may begin here and end in the next piece.
        reached = end if whole else max(start, end - LONGEST_MARKED)
        if text.find("<", start, end) < 0:
            self._blocks.add(text, start, reached)
            return reached
        self._start = start
        may_keep = self._kept < MAX_MARKED and self._hits < MAX_HITS
        if may_keep and self._has_marks(text, start, end):
            start, reached = self._scan_marked(text, start, end, whole=whole)
        if self.items.open:
            self.items.passed(text, start, reached)
        self._blocks.passed(text, start, reached, end)
        return reached

    def _has_marks(self, text: str, start: int, end: int) -> bool:
        if text.find("=", start, end) < 0:
            return False
        hint = HINT_OR_DATE if self._excerpts.has_room else HINT
        return hint.search(text, start, end) is not None

    def token(self, name: str, tag: str) -> tuple[int, int]:
        """Note a tag, and return the numbers of the item around it and of its own item."""
        if not has_items(tag):
            if self.items.open:
                self.items.tag(name)
            return self.items.number, 0
        return self.items.begin(name)

    def keep(self, piece: Piece) -> None:
        """Keep a marked piece, MAX_MARKED at most."""
        if self._kept < MAX_MARKED:
            self._kept += 1
            self._keep(piece)

    def _scan_marked(self, text: str, start: int, end: int, *, whole: bool) -> tuple[int, int]:
        """Keep the marked tags of a text.

        It returns the start of the text after the last tag, and the end of the scanned part.
        """
        hits: list[int] = []
        reached = end if whole else max(start, end - LONGEST_MARKED)
        for mark in self._tags_with_marks(text, start, end, hits):
            if not whole and mark.end() + MARK_TEXT > end:
                reached = max(start, mark.start())
                break
            if self._kept >= MAX_MARKED:
                break
            if self.items.open:
                self.items.passed(text, start, mark.start())
            self._blocks.passed(text, start, mark.start(), end)
            self._keep_tag(text, mark, end)
            start = mark.end()
            reached = max(start, reached)
        # A hit beyond the scanned part counts with the next piece.
        self._hits += sum(1 for hit in hits if hit < reached)
        return start, reached

    def _keep_tag(self, text: str, mark: Match[str], end: int) -> None:
        # The inner text ends at the next token, so it does not depend on the network's pieces.
        stop = min(mark.end() + MARK_TEXT, end)
        name, inner = mark[1].lower(), text[mark.end() : stop]
        close = inner.lower().find(f"</{name}")
        inner = inner[:close] if close >= 0 else inner
        self._blocks.passed(text, mark.start(), mark.end(), end)
        region = self._blocks.regions.here | region_of(name, mark[0])
        around, own = self.token(name, mark[0])
        piece = Piece(name, mark[0], inner, region, True, around, own)
        if is_dated(mark[0]):
            self._excerpts.begin_marked(piece, mark.end() - self._start)
        if own or MARK.search(mark[0]):
            self.keep(piece)

    def _tags_with_marks(
        self, text: str, start: int, end: int, hits: list[int]
    ) -> Iterator[Match[str]]:
        """Iterate over complete tags with marks. `hits` receives the positions of all marks."""
        left = MAX_HITS - self._hits
        pattern = MARK_OR_DATE if self._excerpts.has_room else MARK
        while len(hits) < left and (hit := pattern.search(text, start, end)) is not None:
            hits.append(hit.start())
            start = hit.end()
            begin = text.rfind("<", max(0, hit.start() - MARK_REACH), hit.start() + 1)
            reach = begin + LONGEST_MARKED
            tag = WHOLE_TAG.match(text, begin, reach) if begin >= 0 else None
            if tag is not None and tag.end() > hit.start():
                start = tag.end()
                yield tag
