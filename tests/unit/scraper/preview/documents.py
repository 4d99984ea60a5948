"""Pages as the scraper reads them, from bytes in memory."""

from splitflap_core.contracts import PreviewFields
from splitflap_scraper.fetch.http.headers import Headers, media_type
from splitflap_scraper.fetch.http.reader import Head
from splitflap_scraper.preview.extract import extract
from splitflap_scraper.preview.readers import PageReader

URL = "https://a.example/dir/page"


def head_of(content_type: str = "text/html", status: int = 200, url: str = URL) -> Head:
    """Make the head of a response."""
    kind, charset = media_type(content_type)
    return Head(url, status, Headers([("Content-Type", content_type)]), kind, charset)


def read(data: bytes, piece: int = 16_384, head: Head | None = None) -> PageReader:
    """Read a page in pieces."""
    reader = PageReader(head or head_of())
    for at in range(0, max(len(data), 1), piece):
        if reader.feed(data[at : at + piece], final=at + piece >= len(data)):
            break
    return reader


def of(page: str) -> PreviewFields:
    """Extract the metadata of a page at URL."""
    return extract(read(page.encode("utf-8", "surrogatepass")).document())


def at(url: str, page: str) -> PreviewFields:
    """Extract the metadata of a page at a URL."""
    return extract(read(page.encode(), head=head_of(url=url)).document())
