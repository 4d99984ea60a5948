"""Finds the few pieces of a page that a preview is made of, as the page arrives.

A parser that builds a tree can be made to take quadratic time: 64 KiB of `<div>` take lexbor
200 ms. So there is no tree. The page is cut into the tags and texts that matter, in time linear in
its length, each of them bounded in size and number, wherever they stand: real heads have elements
that do not belong there, after which a parser would see a body.

The text fed may be bytes passed through as ISO 8859-1: only ASCII is looked for.
"""

import re
from collections.abc import Callable

from splitflap_scraper.page.marks import Marks
from splitflap_scraper.page.markup import REST_OF_TAG
from splitflap_scraper.page.vocabulary import (
    END_OF_COMMENT,
    END_OF_TEXT,
    ITEMS,
    JSON_LD,
    KEPT_TAGS,
    KEPT_TEXTS,
    LONGEST_TOKEN,
    MARK_REACH,
    MARKS_OF_REACT,
    MAX_ALL,
    MAX_ALL_JSON,
    MAX_BODY_TOKENS,
    MAX_JSON,
    MAX_PIECES,
    MAX_TAG,
    MAX_TOKENS,
    REGIONS,
    SKIPPED,
    TOKEN,
    PageRegion,
    Piece,
)


class PageScanner:
    """Fed with the text of a page, piece by piece, until `done`."""

    def __init__(self, *, is_enough: Callable[[list[Piece]], bool] = lambda _: False) -> None:
        """`is_enough` is asked once, at the end of the head, whether the body is needed too."""
        self.pieces: list[Piece] = []
        self.done = False
        self._is_enough = is_enough
        self._kept: dict[str, int] = {}
        self._json = 0
        self._room = MAX_ALL
        self._marks = Marks(self._append)
        self._has_items = False
        self._item = self._own = 0
        self._text = ""
        #: Where the next look begins; where the token begins, and its tag ends; how far was looked.
        self._at = self._start = self._tag_end = self._looked = 0
        #: Up to where there are no tokens.
        self._seen = 0
        self._name = ""
        self._tokens = self._body_tokens = 0
        self._open_regions: dict[str, int] = {}
        self._region = PageRegion.NONE
        self._body = False
        self._final = False
        self._end = END_OF_COMMENT
        self._limit = 0
        self._step = self._between

    @property
    def in_body(self) -> bool:
        """Whether the head has ended."""
        return self._body

    def feed(self, text: str, *, final: bool = False) -> None:
        """Look at the next piece; with the last, at what is there of what has not ended."""
        self._text += text
        self._has_items = self._has_items or any(each in self._text for each in ITEMS)
        if any(each in self._text for each in MARKS_OF_REACT):
            self._marks.expect_react()
        self._final = final
        while not self.done and self._step():
            pass
        used = min(self._at, self._start)
        self._text = self._text[used:]
        self._at -= used
        self._start -= used
        self._tag_end -= used
        self._looked -= used
        self._seen -= used

    # Each step returns whether it got on; if not, it needs more text.

    def _between(self) -> bool:
        seen = max(self._at, self._seen)
        token = TOKEN.search(self._text, seen)
        if token is None:
            end = len(self._text) if self._final else len(self._text) - LONGEST_TOKEN
            if end - seen < MARK_REACH and not self._final:
                # Marks are looked for anew from where a tag may begin, and not at every byte.
                return False
            self._seen = end
            looked = self._marks.look(self._text, self._at, end, self._region, whole=self._final)
            self._at = self._start = max(self._at, looked)
            return False
        if token.start() > self._at:
            self._marks.look(self._text, self._at, token.start(), self._region, whole=True)
        self._tokens += 1
        self._body_tokens += self._body
        self._start, self._at = token.span()
        self._name = (token[2] or "").lower()
        if self._tokens > MAX_TOKENS or self._body_tokens > MAX_BODY_TOKENS:
            self.done = True
        elif self._name:
            self._step = self._in_tag
            return self._in_tag()
        else:
            # "<!-->" is a whole comment.
            self._at -= 2
            self._skip_to(END_OF_COMMENT)
        return True

    def _in_tag(self) -> bool:
        rest = REST_OF_TAG.match(self._text, self._at)
        self._at = rest.end() if rest else self._at
        if self._text[self._at : self._at + 1] == ">":
            self._at += 1
            self._step = self._between
            self._after_tag()
            return True
        if len(self._text) - self._start > MAX_TAG:
            # Nothing of it is looked at twice, or a row of such tags would take quadratic time.
            self._at = self._start = len(self._text)
            self._step = self._between
        return False

    def _after_tag(self) -> None:
        name = self._name
        self._tag_end = self._looked = self._at
        if self._has_items and name not in SKIPPED:
            tag = self._text[self._start : self._at]
            self._item, self._own = self._marks.token(name, tag)
        else:
            self._item, self._own = self._marks.items.number, 0
        if name in KEPT_TAGS:
            self._keep(self._text[self._start : self._at])
        elif name == "script":
            if self._has_json():
                self._take(min(MAX_JSON, MAX_ALL_JSON - self._json))
            else:
                self._skip_to(END_OF_TEXT[name])
        elif name == "noscript" and self._body:
            # What is for readers without scripts is for previews too.
            return
        elif name in KEPT_TEXTS and self._has_room(name):
            self._take(KEPT_TEXTS[name])
        elif name in SKIPPED:
            self._skip_to(END_OF_TEXT[name])
        else:
            self._move(name)

    def _has_json(self) -> bool:
        if self._json >= MAX_ALL_JSON or not self._has_room("script"):
            return False
        return JSON_LD.search(self._text, self._start, self._at) is not None

    def _move(self, name: str) -> None:
        """To another region of the page."""
        if self._own:
            tag = self._text[self._start : self._at]
            self._marks.keep(Piece(name, tag, "", self._region, True, self._item, self._own))
            self._own = 0
        if name in {"/head", "body"}:
            if not self._body:
                self._body = True
                self._region = self._region_here()
                self.done = self._is_enough(self.pieces)
        elif name in {"/html", "plaintext"}:
            self.done = True
        elif name.startswith("/"):
            name = name[1:]
            self._open_regions[name] = max(0, self._open_regions.get(name, 0) - 1)
            self._region = self._region_here()
        elif name in REGIONS:
            self._open_regions[name] = self._open_regions.get(name, 0) + 1
            self._region = self._region_here()

    def _take(self, limit: int) -> None:
        self._end = END_OF_TEXT[self._name]
        self._limit = limit
        self._step = self._in_element

    def _in_element(self) -> bool:
        """Until the end of an element whose content is kept."""
        end = self._end.search(self._text, self._looked)
        room = self._tag_end + self._limit
        if end is None and len(self._text) <= room and not self._final:
            self._looked = max(self._looked, len(self._text) - LONGEST_TOKEN)
            return False
        stop = min(end.start(), room) if end else min(room, len(self._text))
        tag, inner = self._text[self._start : self._tag_end], self._text[self._tag_end : stop]
        self._json += len(inner) if self._name == "script" else 0
        self._keep(tag, inner)
        self._at = stop
        self._step = self._between
        if self._name in {"title", "script", "noscript"}:
            self._skip_to(END_OF_TEXT[self._name])
        else:
            # Metas and images within are found too.
            self._at = self._tag_end
        return True

    def _has_room(self, name: str) -> bool:
        return self._kept.get(name, 0) < MAX_PIECES[name]

    def _keep(self, tag: str, inner: str = "") -> None:
        if not self._has_room(self._name) or len(tag) > MAX_TAG + LONGEST_TOKEN:
            return
        region = self._region
        if self._name == "img" and not _may_show(tag, region):
            return
        self._kept[self._name] = self._kept.get(self._name, 0) + 1
        self._append(Piece(self._name, tag, inner, region, False, self._item, self._own))

    def _append(self, piece: Piece) -> None:
        """Keep a piece if there is room for it; JSON-LD has its own."""
        size = len(piece.tag) + (0 if piece.name == "script" else len(piece.inner))
        if size <= self._room:
            self._room -= size
            self.pieces.append(piece)

    def _region_here(self) -> PageRegion:
        region = PageRegion.BODY if self._body else PageRegion.NONE
        for name, depth in self._open_regions.items():
            if depth:
                region |= REGIONS[name]
        return region

    def _skip_to(self, end: re.Pattern[str]) -> None:
        self._end = end
        self._step = self._in_text

    def _in_text(self) -> bool:
        end = self._end.search(self._text, self._at)
        if end is None:
            self._at = self._start = max(self._at, len(self._text) - LONGEST_TOKEN)
            return False
        self._at = self._start = end.end()
        self._step = self._between
        return True


def _may_show(tag: str, region: PageRegion) -> bool:
    """Whether an image may stand for the page: it says so, or is of the article."""
    return "itemprop" in tag or (PageRegion.ARTICLE in region and PageRegion.ASIDE not in region)
