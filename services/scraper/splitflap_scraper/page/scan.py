"""Cuts the relevant tags and texts out of a page as it arrives.

A parser that builds a tree may take quadratic time: 64 KiB of `<div>` take lexbor 200 ms. The
scanner takes linear time, and bounds the size and number of its pieces. It finds relevant tags
anywhere in the page, since heads of real pages contain elements that belong in the body.

The text may be bytes read as ISO 8859-1, since the scanner compares ASCII only.
"""

import re
from collections.abc import Callable

from splitflap_scraper.page.buffer import Buffer
from splitflap_scraper.page.kept_pieces import KeptPieces
from splitflap_scraper.page.layout.blocks import BlockScanner, RegionTracker
from splitflap_scraper.page.layout.elements import region_of
from splitflap_scraper.page.layout.excerpts import TAGS as IN_EXCERPTS
from splitflap_scraper.page.layout.excerpts import Excerpts
from splitflap_scraper.page.marks import MarkScanner
from splitflap_scraper.page.markup import REST_OF_TAG
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.page.vocabulary import (
    END_OF_COMMENT,
    END_OF_TEXT,
    JSON_LD,
    KEPT_TAGS,
    KEPT_TEXTS,
    LATE_TOKEN,
    LONGEST_TOKEN,
    MARK_REACH,
    MAX_BODY_TOKENS,
    MAX_FULL,
    MAX_LATE_TOKENS,
    MAX_SCANNED,
    MAX_TAG,
    MAX_TOKENS,
    OF_HEAD,
    SKIPPED,
    TOKEN,
    Piece,
    has_items,
)


class PageScanner:
    """Takes the text of a page piece by piece, until it is `done`."""

    def __init__(self, *, is_enough: Callable[[list[Piece]], bool] = lambda _: False) -> None:
        """`is_enough` decides at the end of the head whether the body is unnecessary.

        It decides again at the end of the part that is scanned in full.
        """
        self.done = False
        self._is_enough = is_enough
        self._kept = KeptPieces()
        self._regions = RegionTracker()
        self._blocks = BlockScanner(self._regions, self._kept.add_text)
        self._excerpts = Excerpts()
        self._marks = MarkScanner(self._kept.add_marked, self._blocks, self._excerpts)
        self._buffer = Buffer()
        #: Whether the page has microdata, and the items around and of the current tag.
        self._has_items = False
        self._item = self._own = 0
        #: The name of the current tag, and the number of tokens left for the current part.
        self._name = ""
        self._tokens_left = MAX_TOKENS
        #: Whether only JSON-LD and metas are still of interest, and the characters skipped so far.
        self._is_late = False
        self._skipped = 0
        self._is_final = False
        #: The end of the current text, and its limit in characters.
        self._end = END_OF_COMMENT
        self._limit = 0
        #: A method that is not bound: a page without reference cycles needs no garbage collector.
        self._step: Callable[[PageScanner], bool] = PageScanner._between

    @property
    def pieces(self) -> list[Piece]:
        """The pieces so far, in the order of the page."""
        return self._kept.pieces

    @property
    def excerpts(self) -> list[Piece]:
        """The excerpts so far, which repeat other pieces."""
        return self._excerpts.pieces

    @property
    def in_body(self) -> bool:
        """Whether the head has ended."""
        return self._regions.in_body

    def feed(self, text: str, *, final: bool = False) -> None:
        """Scan the next piece. After the `final` one, unfinished elements end."""
        buffer = self._buffer
        buffer.text += text
        self._has_items = self._has_items or has_items(buffer.text)
        self._is_final = final
        while not self.done and self._step(self):
            pass
        self.done = self.done or buffer.at > self._position(MAX_SCANNED)
        if final or self.done:
            self._blocks.end_text()
        buffer.drop()

    # The steps. Each returns whether it made progress; if not, it needs more text.

    def _between(self) -> bool:
        """Find the next token, and scan the text before it for marks."""
        buffer = self._buffer
        tokens = LATE_TOKEN if self._is_late else TOKEN
        token = tokens.search(buffer.text, max(buffer.at, buffer.clear))
        if token is None:
            self._scan_rest()
            return False
        start, end = token.span()
        if self._is_late:
            if start > self._position(MAX_SCANNED):
                self.done = True
                return False
        elif start > buffer.at:
            stop = self._position(MAX_FULL)
            self._scan_text(min(start, stop), whole=True)
            if start > stop:
                self._end_full_scan()
                return True
        self._tokens_left -= 1
        if self._tokens_left < 0:
            self._run_out()
        buffer.start, buffer.at = start, end
        name, is_whole = token.group(2, 3)
        if name:
            self._name = name.lower()
            if is_whole and end - start <= MAX_TAG:
                self._after_tag()
                return True
            return self._in_tag()
        # "<!-->" is a complete comment, so its end may overlap its begin.
        buffer.at -= 2
        self._skip_to(END_OF_COMMENT)
        return True

    def _scan_text(self, end: int, *, whole: bool) -> int:
        """Scan a text for marks, and keep its part of excerpts. Return the end of the scan."""
        buffer, before = self._buffer, self._regions.here
        scanned = self._marks.scan(buffer.text, buffer.at, end, whole=whole)
        # A text is beside the page's text only if both its ends are.
        is_aside = before & self._regions.here & PageRegion.ASIDE != 0
        self._excerpts.text(buffer.text, buffer.at, scanned, is_aside=is_aside)
        return scanned

    def _run_out(self) -> None:
        """End the current part of the page, which has too many tokens."""
        if self._is_late:
            self.done = True
        else:
            self._end_full_scan()

    def _position(self, limit: int) -> int:
        """The position of a limit of scanned characters, unless more is skipped before it."""
        return limit - self._buffer.dropped + self._skipped

    def _end_full_scan(self) -> None:
        """From now on scan for JSON-LD and metas only, unless the page has enough."""
        self._is_late = True
        self._tokens_left = MAX_LATE_TOKENS
        self._blocks.end_text()
        self.done = self._is_enough(self.pieces)

    def _scan_rest(self) -> None:
        """Scan a text without tokens for marks, up to where a token may begin."""
        buffer = self._buffer
        end = len(buffer.text) if self._is_final else len(buffer.text) - LONGEST_TOKEN
        if self._is_late:
            buffer.move(max(buffer.at, end))
            return
        stop = self._position(MAX_FULL)
        is_last = self._is_final or end >= stop
        if end - max(buffer.at, buffer.clear) < MARK_REACH and not is_last:
            # Each scan repeats the start of a possible tag, so short pieces wait for more text.
            return
        buffer.clear = end
        scanned = self._scan_text(min(end, stop), whole=is_last)
        buffer.move(max(buffer.at, scanned))
        if end >= stop:
            self._end_full_scan()

    def _in_tag(self) -> bool:
        """Find the end of a tag."""
        buffer = self._buffer
        rest = REST_OF_TAG.match(buffer.text, buffer.at)
        buffer.at = rest.end() if rest else buffer.at
        is_short = buffer.at - buffer.start < MAX_TAG
        if is_short and buffer.text[buffer.at : buffer.at + 1] == ">":
            buffer.at += 1
            self._step = PageScanner._between
            self._after_tag()
            return True
        self._step = PageScanner._in_tag
        if len(buffer.text) - buffer.start > MAX_TAG:
            self._begin_long_tag()
            return True
        return False

    def _begin_long_tag(self) -> None:
        """Skip the rest of a long tag. The pieces of the network make no difference to its end."""
        self._buffer.move(self._buffer.start + MAX_TAG)
        self._step = PageScanner._in_long_tag

    def _in_long_tag(self) -> bool:
        """Find the first ">" beyond the limit of a tag. Of such a tag only the name counts."""
        buffer = self._buffer
        end = buffer.text.find(">", buffer.at)
        if end < 0:
            buffer.move(len(buffer.text))
            return False
        buffer.at = end + 1
        buffer.shorten(f"<{self._name}>")
        self._step = PageScanner._between
        if self._name in KEPT_TAGS:
            buffer.start = buffer.at
        else:
            self._after_tag()
        return True

    def _in_element(self) -> bool:
        """Find the end of an element with relevant text."""
        buffer = self._buffer
        end = self._end.search(buffer.text, buffer.searched)
        limit = buffer.tag_end + self._limit
        if end is None and len(buffer.text) <= limit and not self._is_final:
            buffer.searched = max(buffer.searched, len(buffer.text) - LONGEST_TOKEN)
            return False
        stop = min(end.start(), limit) if end else min(limit, len(buffer.text))
        tag = buffer.text[buffer.start : buffer.tag_end]
        self._keep(tag, buffer.text[buffer.tag_end : stop])
        buffer.at = stop
        if self._name == "script":
            self._skipped += stop - buffer.tag_end
        self._step = PageScanner._between
        if self._name in {"title", "script", "noscript"}:
            self._skip_to(END_OF_TEXT[self._name])
        else:
            # The scan continues within the element, for the metas and images in it.
            buffer.at = buffer.tag_end
        return True

    def _in_text(self) -> bool:
        """Find the end of a text that is skipped."""
        buffer = self._buffer
        end = self._end.search(buffer.text, buffer.at)
        stop = end.end() if end else max(buffer.at, len(buffer.text) - LONGEST_TOKEN)
        self._skipped += stop - buffer.at
        buffer.move(stop)
        if end is None:
            return False
        self._step = PageScanner._between
        return True

    # The handling of a complete tag.

    def _after_tag(self) -> None:
        buffer, name = self._buffer, self._name
        tag = buffer.text[buffer.start : buffer.at]
        if name in IN_EXCERPTS and not self._is_late:
            self._excerpts.tag(name, tag, self._regions)
        buffer.tag_end = buffer.searched = buffer.at
        if self._has_items:
            self._own = 0
            self._item = self._marks.items.number
            if name not in SKIPPED:
                self._item, self._own = self._marks.token(name, tag)
        if name in KEPT_TAGS:
            if not (self._is_late and "itemprop" in tag):
                self._keep(tag)
        elif name == "script":
            self._after_script()
        elif name == "noscript" and self._regions.in_body:
            # Its content is scanned like any other: it describes the page too.
            return
        elif name in KEPT_TEXTS and self._kept.has_room(name):
            self._blocks.token(name, tag)
            self._take(KEPT_TEXTS[name])
        elif name in SKIPPED:
            self._skip_to(END_OF_TEXT[name])
        else:
            self._after_other(name, tag)

    def _after_script(self) -> None:
        buffer, limit = self._buffer, self._kept.json_left
        if limit > 0 and JSON_LD.search(buffer.text, buffer.start, buffer.at):
            self._take(limit)
        else:
            self._skip_to(END_OF_TEXT["script"])

    def _after_other(self, name: str, tag: str) -> None:
        """Note an item, and follow the regions of the page."""
        if self._own:
            region = self._regions.here | region_of(name, tag)
            self._marks.keep(Piece(name, tag, "", region, True, self._item, self._own))
            self._own = 0
        if name in {"/head", "body"}:
            self._blocks.token(name, "")
            if not self._regions.in_body:
                self._regions.enter_body()
                self._tokens_left = min(self._tokens_left, MAX_BODY_TOKENS)
                self.done = self._is_enough(self.pieces)
        elif name in {"/html", "plaintext"}:
            self.done = True
        else:
            self._blocks.token(name, tag)

    def _keep(self, tag: str, inner: str = "") -> None:
        region = self._regions.here
        if self._name not in OF_HEAD:
            region |= region_of(self._name, tag)
        self._kept.add(Piece(self._name, tag, inner, region, False, self._item, self._own))

    def _take(self, limit: int) -> None:
        """Take the text of the current element, `limit` characters at most."""
        self._end = END_OF_TEXT[self._name]
        self._limit = limit
        self._step = PageScanner._in_element

    def _skip_to(self, end: re.Pattern[str]) -> None:
        self._end = end
        self._step = PageScanner._in_text
