"""What is read of a response's body, by its type, and when it is enough."""

from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.http.reader import Head
from splitflap_scraper.page.charsets import TextDecoder
from splitflap_scraper.page.document import Document, document_of
from splitflap_scraper.page.markup import attributes
from splitflap_scraper.page.scan import PageScanner
from splitflap_scraper.page.vocabulary import Piece
from splitflap_scraper.preview import files
from splitflap_scraper.preview.fields.title_text import is_no_description
from splitflap_scraper.preview.metadata import Metadata
from splitflap_scraper.preview.walls import marks_in

#: Types of pages (RFC 2854; RFC 3236), and of feeds, whose titles are tags too. A response without
#: a type is taken for a page unless it begins as a file does.
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/xml", "text/xml",
                        "application/rss+xml", "application/atom+xml"})  # fmt: skip
UNKNOWN_TYPES = frozenset({"", "application/octet-stream", "binary/octet-stream",
                           "application/x-unknown-content-type"})  # fmt: skip

#: Statuses of which the body may be a wall: it says more than the status does.
WALL_STATUSES = frozenset({401, 403, 405, 406, 429, 503, 999})

#: Bytes that a page may have in all, after its head, and where it is a wall.
MAX_PAGE = 1024 * 1024
MAX_BODY = 256 * 1024
MAX_WALL = 128 * 1024

#: Bytes of a JSON answer of oEmbed.
MAX_JSON = 64 * 1024

#: Bytes by which a file without a type is known.
_SNIFFED = 16

#: Characters of a piece that are looked at again with the next, for marks that were cut in two.
_OVERLAP = 40


class PageReader:
    """Reads a page until its head says enough, or its body has."""

    def __init__(self, head: Head, max_bytes: int = MAX_PAGE) -> None:
        self.head = head
        self.max_bytes = max_bytes
        self._decoder = TextDecoder(head.charset)
        self._scanner = PageScanner(is_enough=_is_enough)
        self._marks: set[str] = set()
        self._tail = ""
        self._body_left = MAX_BODY

    def feed(self, data: bytes, *, final: bool) -> bool:
        text = self._decoder.feed(data, final=final)
        self._marks |= marks_in(self._tail + text)
        self._tail = text[-_OVERLAP:]
        self._scanner.feed(text, final=final)
        if self._scanner.in_body:
            self._body_left -= len(data)
        return self._scanner.done or self._body_left <= 0

    @property
    def found(self) -> bool:
        return any(each.name != "html" for each in self._scanner.pieces)

    def document(self) -> Document:
        """What was read."""
        return document_of(
            self._scanner.pieces, self._decoder, self.head.url, frozenset(self._marks)
        )


class FileReader:
    """Reads the begin of a file."""

    def __init__(self, head: Head, kind: str) -> None:
        self.head = head
        self.kind = kind
        self.max_bytes = files.MAX_BYTES[kind]
        self._data = bytearray()

    def feed(self, data: bytes, *, final: bool) -> bool:
        self._data += data
        has_size = self.kind == "image" and not final and files.dimensions(bytes(self._data[:4096]))
        return bool(has_size) or len(self._data) >= self.max_bytes

    @property
    def found(self) -> bool:
        return True

    def metadata(self) -> Metadata:
        """What is known of the file."""
        head = self.head
        return files.preview(self.kind, bytes(self._data), head.url, head.headers, head.charset)


class JsonReader:
    """Reads a small answer in JSON."""

    max_bytes = MAX_JSON

    def __init__(self, head: Head) -> None:
        self.head = head
        self.data = b""

    def feed(self, data: bytes, *, final: bool) -> bool:
        self.data += data
        return final or len(self.data) >= self.max_bytes

    @property
    def found(self) -> bool:
        return False


class UnknownReader:
    """Reads what has no type, and decides by its first bytes how."""

    max_bytes = MAX_PAGE

    def __init__(self, head: Head) -> None:
        self._head = head
        self._begin = b""
        self.reader: PageReader | FileReader | None = None

    def feed(self, data: bytes, *, final: bool) -> bool:
        if self.reader is None:
            self._begin += data
            if len(self._begin) < _SNIFFED and not final:
                return False
            self.reader, data = self._chosen(), self._begin
        return self.reader.feed(data, final=final)

    @property
    def found(self) -> bool:
        return self.reader is not None and self.reader.found

    def _chosen(self) -> PageReader | FileReader:
        kind = files.kind_of("", self._begin)
        if kind is not None:
            return FileReader(self._head, kind)
        if self._head.content_type:
            raise FetchError("not_html", self._head.content_type[:100])
        return PageReader(self._head)


AnyReader = PageReader | FileReader | UnknownReader


def reader_for(head: Head) -> AnyReader | None:
    """What reads a response; None where its body is of no use.

    Raises:
        FetchError: `not_html` for a successful response of a type that has no preview.
    """
    is_page = head.content_type in HTML_TYPES
    if not 200 <= head.status < 300:  # noqa: PLR2004 - the class of success
        wanted = is_page and head.status in WALL_STATUSES
        return PageReader(head, MAX_WALL) if wanted else None
    if is_page:
        return PageReader(head)
    if head.content_type in UNKNOWN_TYPES:
        return UnknownReader(head)
    kind = files.kind_of(head.content_type)
    if kind is None:
        raise FetchError("not_html", head.content_type[:100])
    return FileReader(head, kind)


def _says_something(meta: Piece) -> bool:
    content = attributes(meta.tag).get("content", "")
    return not is_no_description(content)


def _is_enough(pieces: list[Piece]) -> bool:
    """Whether a head has all that the body could add."""
    metas = [each for each in pieces if each.name == "meta"]
    tags = "".join([each.tag for each in metas]).lower()
    if not ("og:title" in tags and "og:description" in tags and "og:image" in tags):
        return False
    if not any("og:description" in each.tag and _says_something(each) for each in metas):
        return False
    has_json = any(each.name == "script" for each in pieces)
    return has_json or ("published" in tags and "author" in tags)
