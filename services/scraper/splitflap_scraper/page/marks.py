"""Tags of any name that are marked: microdata, and who has written the page."""

from collections.abc import Callable, Iterator
from re import Match

from splitflap_scraper.page.items import LONGEST_TAG, Items
from splitflap_scraper.page.vocabulary import (
    ITEMS,
    LONGEST_MARKED,
    MARK,
    MARK_REACH,
    MARK_TEXT,
    MARKS,
    MARKS_OF_REACT,
    MAX_HITS,
    MAX_MARKED,
    WHOLE_TAG,
    PageRegion,
    Piece,
)


class Marks:
    """Looks for them between the tokens of a page, and for the items that they are of."""

    def __init__(self, keep: Callable[[Piece], None]) -> None:
        """`keep` gets what is found, in the page's order."""
        self.items = Items()
        self._keep = keep
        self._marks: tuple[str, ...] = MARKS
        self._kept = 0
        self._hits = 0

    def look(self, text: str, start: int, end: int, region: PageRegion, *, whole: bool) -> int:
        """Look between two tokens; returns up to where all was looked at.

        With `whole`, nothing more of the text between them is to come.
        """
        if start >= end or text.find("<", start, end) < 0:
            return end
        reached = end if whole else max(start, end - LONGEST_TAG)
        if self._kept < MAX_MARKED and self._hits < MAX_HITS:
            for mark in self._marks:
                if text.find(mark, start, end) >= 0:
                    start, reached = self._marked(text, start, end, region, whole=whole)
                    break
            else:
                # A mark may begin here and end in the next piece.
                reached = end if whole else max(start, end - LONGEST_MARKED)
        if self.items.open:
            self.items.passed(text, start, reached)
        return reached

    def expect_react(self) -> None:
        """Look for its spellings from now on."""
        self._marks = (*MARKS, *MARKS_OF_REACT)

    def token(self, name: str, tag: str) -> tuple[int, int]:
        """A tag that is looked at for its name: the item that it is in, and the one that it is."""
        if not any(each in tag for each in ITEMS):
            if self.items.open:
                self.items.tag(name)
            return self.items.number, 0
        return self.items.begin(name)

    def keep(self, piece: Piece) -> None:
        """Keep a marked piece, if there were not too many."""
        if self._kept < MAX_MARKED:
            self._kept += 1
            self._keep(piece)

    def _marked(
        self, text: str, start: int, end: int, region: PageRegion, *, whole: bool
    ) -> tuple[int, int]:
        """From where tags are still to be seen, and up to where all was looked at."""
        hits: list[int] = []
        reached = end if whole else max(start, end - LONGEST_MARKED)
        for mark in self._tags_with_marks(text, start, end, hits):
            if not whole and mark.end() + MARK_TEXT > end:
                reached = max(start, mark.start())
                break
            if self._kept >= MAX_MARKED:
                break
            # Up to the next token, so that it is the same however the network cuts the page.
            stop = min(mark.end() + MARK_TEXT, end)
            name, inner = mark[1].lower(), text[mark.end() : stop]
            close = inner.lower().find(f"</{name}")
            inner = inner[:close] if close >= 0 else inner
            self.items.passed(text, start, mark.start())
            around, own = self.token(name, mark[0])
            self.keep(Piece(name, mark[0], inner, region, True, around, own))
            start = mark.end()
            reached = max(start, reached)
        # What is looked at again with the next piece counts then.
        self._hits += sum(1 for hit in hits if hit < reached)
        return start, reached

    def _tags_with_marks(
        self, text: str, start: int, end: int, hits: list[int]
    ) -> Iterator[Match[str]]:
        """Whole tags with marks; `hits` gets where marks are, in tags or not."""
        left = MAX_HITS - self._hits
        while len(hits) < left and (hit := MARK.search(text, start, end)) is not None:
            hits.append(hit.start())
            start = hit.end()
            begin = text.rfind("<", max(0, hit.start() - MARK_REACH), hit.start() + 1)
            reach = begin + LONGEST_MARKED
            tag = WHOLE_TAG.match(text, begin, reach) if begin >= 0 else None
            if tag is not None and tag.end() > hit.start():
                start = tag.end()
                yield tag
