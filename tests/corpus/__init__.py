"""Pages modelled on widely used sites, each with its expected preview.

The pages are written for this corpus, after the site or generator in their `models`. README.md has
the rules, and the results for pages written before a change of the program.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from splitflap_core.contracts import PreviewFields
from splitflap_scraper.fetch.http.headers import Headers, media_type
from splitflap_scraper.fetch.http.reader import Head
from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.extract import extract
from splitflap_scraper.preview.readers import (
    AnyReader,
    FileReader,
    PageReader,
    UnknownReader,
    reader_for,
)
from splitflap_scraper.preview.walls.wall import wall

#: Pages written beside the program, and pages by authors who had not read it.
SETS = (Path(__file__).parent / "previews", Path(__file__).parent / "independent")

#: The compared fields of a page.
FIELDS = ("title", "description", "image", "site_name", "author", "published_at", "language",
          "type", "icon")  # fmt: skip

#: Bytes of a piece for the reader, as from the network.
PIECE = 16 * 1024


@dataclass(frozen=True)
class Entry:
    """A page with its expected fields, or its kind of wall."""

    name: str
    models: str
    url: str
    requested: str
    status: int
    headers: Headers
    body: bytes
    expect: dict[str, str | None]
    wall: str | None

    @property
    def content_type(self) -> str:
        """The Content-Type header."""
        return self.headers.get("Content-Type")

    def read(self) -> AnyReader | None:
        """Read the page in pieces, as the scraper does."""
        reader = reader_for(self._head())
        at, done = 0, reader is None
        while reader is not None and not done and at <= len(self.body):
            piece = self.body[at : at + PIECE]
            at += PIECE
            done = reader.feed(piece, final=at >= len(self.body)) or at >= len(self.body)
        return reader

    def preview(self) -> PreviewFields | str:
        """Return the preview, or the kind of wall."""
        reader = self.read()
        if isinstance(reader, UnknownReader):
            reader = reader.reader
        if isinstance(reader, FileReader):
            return reader.fields()
        assert isinstance(reader, PageReader), self.name
        return self.preview_of(reader.document())

    def preview_of(self, page: Document) -> PreviewFields | str:
        """Return the preview, or the kind of wall, from a reader."""
        return wall(page, self.requested, self.status, self.headers) or extract(page)

    def _head(self) -> Head:
        content_type, charset = media_type(self.content_type)
        return Head(self.url, self.status, self.headers, content_type, charset)


def entries(folder: Path) -> Iterator[Entry]:
    """Return the entries of a set by name."""
    for path in sorted(folder.glob("*.yaml")):
        yield _entry(path)


def _entry(path: Path) -> Entry:
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    fields = [("Content-Type", data.get("content_type", "text/html"))]
    headers = Headers([*fields, *data.get("headers", {}).items()])
    return Entry(
        path.stem,
        data["models"],
        data["url"],
        data.get("requested", data["url"]),
        data.get("status", 200),
        headers,
        path.with_suffix(".html").read_bytes(),
        data.get("expect", {}),
        data.get("wall"),
    )
