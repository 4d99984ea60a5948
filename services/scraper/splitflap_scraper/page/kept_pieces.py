"""The pieces kept of a page, within limits of number and size."""

from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.page.vocabulary import (
    IMAGES,
    LONGEST_TOKEN,
    MAX_ALL,
    MAX_ALL_JSON,
    MAX_JSON,
    MAX_PIECES,
    MAX_TAG,
    Piece,
)


class KeptPieces:
    """Keeps pieces until a limit, and drops the rest."""

    def __init__(self) -> None:
        #: In the order of the page.
        self.pieces: list[Piece] = []
        self._counts: dict[str, int] = {}
        self._characters_left = MAX_ALL
        self._json_left = MAX_ALL_JSON

    def has_room(self, name: str) -> bool:
        """Whether the limit of pieces with this name allows another one."""
        return self._counts.get(name, 0) < MAX_PIECES[name]

    @property
    def json_left(self) -> int:
        """Characters that the next script of JSON-LD may have; 0 or less to skip it."""
        return min(MAX_JSON, self._json_left) if self.has_room("script") else 0

    def add(self, piece: Piece) -> None:
        """Keep a piece with a relevant name."""
        kind = piece.name
        if kind == "script":
            self._json_left -= len(piece.inner)
        if kind in IMAGES and self.has_room(kind) and not _is_of_article(piece):
            if piece.region & (PageRegion.ASIDE | PageRegion.HEADER):
                return
            kind = "other images"
        count = self._counts.get(kind, 0)
        if count < MAX_PIECES[kind] and len(piece.tag) <= MAX_TAG + LONGEST_TOKEN:
            self._counts[kind] = count + 1
            self.add_marked(piece)

    def add_text(self, markup: str, region: int) -> None:
        """Keep a text outside of paragraphs."""
        self.add_marked(Piece("text", "", markup, region))

    def add_marked(self, piece: Piece) -> None:
        """Keep a piece if the limit of characters allows it. JSON-LD has its own limit."""
        size = len(piece.tag) + (0 if piece.name == "script" else len(piece.inner))
        if size <= self._characters_left:
            self._characters_left -= size
            self.pieces.append(piece)


def _is_of_article(image: Piece) -> bool:
    """Whether an image is marked, or in the article."""
    is_in_text = image.region & (PageRegion.ARTICLE | PageRegion.CONTENT)
    return "itemprop" in image.tag or (is_in_text > 0 and not image.region & PageRegion.ASIDE)
