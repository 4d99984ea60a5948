"""Small pages in the shapes of real ones, from YAML files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from splitflap_core.contracts import PreviewFields
from splitflap_scraper.preview.extract import extract

from tests.unit.scraper.preview.documents import head_of, read

TEXT = "<p>" + "The tide was late, and the ferry left without the mail again. " * 4 + "</p>"
H1 = "<h1>The late ferry</h1>"


class Shape(NamedTuple):
    """A page by its parts, and what a reader would say of it."""

    name: str
    expected: Any
    body: str
    head: str = ""
    lang: str = "en"
    path: str = "/news/the-late-ferry"
    host: str = "a.example"

    @property
    def url(self) -> str:
        """The URL of the page."""
        return f"https://{self.host}{self.path}"

    @property
    def page(self) -> str:
        """The page's HTML."""
        body = self.body.replace("{h1}", H1).replace("{text}", TEXT)
        body = body.replace("{today}", f"{datetime.now(UTC):%A, %B %d, %Y}")
        body = body if "<body" in body else f"<body>{body}"
        lang = f" lang={self.lang}" if self.lang else ""
        title = "" if "<title" in self.head else "<title>The late ferry</title>"
        return f"<!DOCTYPE html><html{lang}><head>{title}{self.head}</head>{body}</body></html>"

    def fields(self) -> PreviewFields:
        """The preview of the page."""
        return extract(read(self.page.encode(), head=head_of(url=self.url)).document())


def shapes(name: str, field: str) -> list[Shape]:
    """Read the shapes of a file; `field` is the key of the expected value."""
    groups = yaml.safe_load((Path(__file__).parent / f"{name}.yaml").read_text("utf-8"))
    return [Shape(expected=each.pop(field), **each) for group in groups.values() for each in group]
