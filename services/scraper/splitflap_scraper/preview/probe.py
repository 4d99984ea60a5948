"""Fetches the picture of a preview, to verify that it is one (SPLITFLAP_SCRAPE_PROBE_IMAGES).

A probe is a request of the same visit, with all checks of a page: addresses, the operator's lists,
robots.txt, the limits of hosts, redirects.
"""

from msgspec.structs import replace
from splitflap_core.contracts import MAX_PIXELS, Card, PreviewFields

from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.fetcher import Visit
from splitflap_scraper.fetch.http.reader import OK, Head
from splitflap_scraper.preview.details.card import card_of
from splitflap_scraper.preview.fields.image import MIN_PIXELS
from splitflap_scraper.preview.files.images import dimensions, format_of

#: Seconds of a probe. A slow image must not cost the rest of the preview.
SECONDS = 2.0

#: Bytes read of an image. A JPEG may have a thumbnail and a profile before its size.
MAX_READ = 64 * 1024

#: Largest file (bytes) and largest area (pixels) that a reader's browser should load and decode.
MAX_BYTES = 10 * 1024 * 1024
MAX_AREA = 50_000_000

Size = tuple[int, int]


class ProbeReader:
    """Reads an image until its size is known."""

    max_bytes = MAX_READ

    def __init__(self) -> None:
        self._data = bytearray()
        self._tried = 0
        self.size: Size | None = None

    def feed(self, data: bytes, *, final: bool) -> bool:
        self._data += data
        is_last = final or len(self._data) >= MAX_READ
        # A server may send single bytes. Half of the bytes are new at each try.
        if is_last or len(self._data) >= 2 * self._tried:
            self._tried = len(self._data)
            begin = bytes(self._data[:MAX_READ])
            self.size = dimensions(begin) if format_of(begin) else None
        return is_last or self.size is not None

    @property
    def found(self) -> bool:
        return self.size is not None


def verified(visit: Visit, found: PreviewFields, asked: Card | None = None) -> PreviewFields:
    """Return a preview whose picture was fetched, with its size in pixels, else without picture.

    `asked` is the card that the page asks for.
    """
    size = _probed(visit, found.image) if found.image else None
    if size is None:
        return replace(
            found, image=None, image_width=None, image_height=None, image_alt=None, card=None
        )
    width, height = size
    card = asked or card_of(width, height)
    return replace(found, image_width=width, image_height=height, card=card)


def _probed(visit: Visit, url: str) -> Size | None:
    try:
        size = visit.get(url, _reader, seconds=SECONDS).reader.size
    except FetchError:
        return None
    return size if size and _is_fit(*size) else None


def _reader(head: Head) -> ProbeReader | None:
    length = head.headers.get("Content-Length")
    is_large = length.isdecimal() and int(length) > MAX_BYTES
    return ProbeReader() if head.status == OK and not is_large else None


def _is_fit(width: int, height: int) -> bool:
    is_large_enough = min(width, height) >= MIN_PIXELS
    return is_large_enough and max(width, height) <= MAX_PIXELS and width * height <= MAX_AREA
