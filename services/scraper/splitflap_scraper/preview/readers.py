"""Readers of response bodies by media type. Each decides when it has enough."""

import re
from itertools import islice

from splitflap_core.contracts import PreviewFields

from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.http.reader import SUCCESS, Head
from splitflap_scraper.fetch.http.sniffing import is_markup, is_text
from splitflap_scraper.page.assembly import document_of
from splitflap_scraper.page.charsets import TextDecoder
from splitflap_scraper.page.document import Document
from splitflap_scraper.page.markup import attributes
from splitflap_scraper.page.pace import Pace
from splitflap_scraper.page.scan import PageScanner
from splitflap_scraper.page.vocabulary import Piece
from splitflap_scraper.preview.fields.description_text import is_no_description
from splitflap_scraper.preview.files.feed import has_root, is_feed
from splitflap_scraper.preview.files.file_preview import file_name, file_preview
from splitflap_scraper.preview.files.images import dimensions
from splitflap_scraper.preview.files.kinds import MAX_BYTES, kind_of
from splitflap_scraper.preview.structured.jsonld import OWNERS, PARTS, preview_type
from splitflap_scraper.preview.walls.words import signs_in

#: Media types of XML. Such a response is a feed or a page, as its first tag says.
XML_TYPES = frozenset({"application/xml", "text/xml", "application/rss+xml", "application/atom+xml",
                       "application/rdf+xml", "application/x-rss+xml", "text/rss+xml"})  # fmt: skip
#: Media types of pages (RFC 2854; RFC 3236).
HTML_TYPES = XML_TYPES | {"text/html", "application/xhtml+xml"}
#: Types in place of a missing one. The first bytes tell a page, a feed, a text and a file apart.
MISSING_TYPES = frozenset({"", "unknown/unknown", "application/unknown",
                           "application/x-unknown-content-type"})  # fmt: skip
#: Types of any file.
BINARY_TYPES = frozenset({"application/octet-stream", "binary/octet-stream"})
SNIFFED_TYPES = XML_TYPES | MISSING_TYPES | BINARY_TYPES

#: The values of Content-Type that old servers send for a file of an unknown type (WHATWG, MIME
#: Sniffing Standard, "check-for-apache-bug flag").
DOUBTFUL_TEXTS = frozenset({"text/plain", "text/plain; charset=ISO-8859-1",
                            "text/plain; charset=iso-8859-1",
                            "text/plain; charset=UTF-8"})  # fmt: skip

#: Statuses of responses that may be a wall. The kind of wall is a better reason than the status.
WALL_STATUSES = frozenset({401, 403, 405, 406, 429, 503, 999})

#: Bytes of a whole page with its scripts, and of a possible wall. The scanner has limits too.
MAX_PAGE = 4 * 1024 * 1024
MAX_WALL = 128 * 1024

#: Bytes that tell a page, a feed, a text and a file apart.
_BEGIN = 1024

#: Bytes that may hold the size of an image, at the start of its file.
_IMAGE_HEAD = 4096

#: The name of a meta.
_META_NAME = re.compile(
    r"""\s(?:property|name|itemprop)\s*=\s*["']?\s*([^\s"'<>]{1,60})""", re.IGNORECASE
)

#: Metas without which the body is read.
_CARD = frozenset({"og:title", "og:description", "og:image"})

#: Dates in JSON-LD, and types of it. A page that has only these types may show its date.
_DATES = ('"datePublished"', '"uploadDate"', '"datePosted"', '"dateCreated"', '"startDate"')
_TYPE = re.compile(r'"@type"\s{0,9}:\s{0,9}\[?\s{0,9}"(\w{1,40})"')
_DATED_TYPES = frozenset({"article", "profile"})
_OTHER_TYPES = PARTS | OWNERS | {"WebPage", "Photograph"}
MAX_TYPES = 40

#: Characters of a short step.
_SHORT_STEP = 4096

#: Bytes that a page that takes long gathers for one turn (`page/pace.py`): a turn lets all other
#: threads run, and 16 KiB of most pages take only a tenth of one.
_TURN = 64 * 1024

#: Characters of a piece that are searched again with the next one, for signs of walls across both.
_OVERLAP = 40


class PageReader:
    """Reads a page until it has all fields, or has reached a limit."""

    def __init__(self, head: Head, max_bytes: int = MAX_PAGE) -> None:
        self.head = head
        self.max_bytes = max_bytes
        self._pace = Pace()
        self._decoder = TextDecoder(head.charset)
        self._scanner = PageScanner(is_enough=_is_enough)
        self._signs: set[str] = set()
        self._tail = ""
        #: The pieces of the network that wait for a turn.
        self._waiting: list[bytes] = []

    def feed(self, data: bytes, *, final: bool) -> bool:
        self._waiting.append(data)
        if self._pace.is_heavy and not final and sum(map(len, self._waiting)) < _TURN:
            return False
        return self._scan(final=final)

    def _scan(self, *, final: bool) -> bool:
        waiting, self._waiting = self._waiting, []
        with self._pace:
            for number, data in enumerate(waiting, 1):
                self._scan_piece(data, final=final and number == len(waiting))
                # The bytes after the end of the scan do not count, although they have arrived.
                if self._scanner.done:
                    break
        return self._scanner.done

    def _scan_piece(self, data: bytes, *, final: bool) -> None:
        pace = self._pace
        text = pace.after(self._decoder.feed(data, final=final))
        self._signs |= signs_in(self._tail + text)
        self._tail = text[-_OVERLAP:]
        # A page that takes long is read in shorter steps.
        size = _SHORT_STEP if pace.is_heavy else max(len(text), 1)
        for at in range(0, max(len(text), 1), size):
            is_last = at + size >= len(text)
            self._scanner.feed(text[at : at + size], final=final and is_last)
            pace.after(None)
            if self._scanner.done:
                break

    @property
    def found(self) -> bool:
        self._catch_up()
        return any(each.name != "html" for each in self._scanner.pieces)

    def document(self) -> Document:
        """Return the page as read so far."""
        self._catch_up()
        pieces = [*self._scanner.pieces, *self._scanner.excerpts]
        signs = frozenset(self._signs)
        return document_of(pieces, self._decoder, self.head.url, signs, self._pace)

    def _catch_up(self) -> None:
        """Scan the bytes before the end of a truncated page."""
        if self._waiting:
            self._scan(final=False)


class FileReader:
    """Reads the start of a file."""

    def __init__(self, head: Head, kind: str) -> None:
        self.head = head
        self.kind = kind
        self.max_bytes = MAX_BYTES[kind]
        self._data = bytearray()

    def feed(self, data: bytes, *, final: bool) -> bool:
        self._data += data
        is_image = self.kind == "image" and not final
        has_size = is_image and dimensions(bytes(self._data[:_IMAGE_HEAD])) is not None
        return has_size or len(self._data) >= self.max_bytes

    @property
    def found(self) -> bool:
        return True

    def fields(self) -> PreviewFields:
        """Return the preview of the file as read so far."""
        head = self.head
        return file_preview(self.kind, bytes(self._data), head.url, head.headers, head.charset)


class UnknownReader:
    """Chooses the reader of a response by its first bytes: for a page, a feed or a file."""

    max_bytes = MAX_PAGE

    def __init__(self, head: Head) -> None:
        self._head = head
        self._begin = b""
        self.reader: PageReader | FileReader | None = None

    def feed(self, data: bytes, *, final: bool) -> bool:
        if self.reader is None:
            self._begin += data
            if len(self._begin) < _BEGIN and not final and not self._has_root():
                return False
            self.reader, data = self._chosen(), self._begin
        return self.reader.feed(data, final=final)

    @property
    def found(self) -> bool:
        # A few bytes of no known kind are not enough to call them a text.
        if isinstance(self.reader, FileReader) and self.reader.kind == "text":
            return len(self._begin) >= _BEGIN
        return self.reader is not None and self.reader.found

    def _has_root(self) -> bool:
        """Whether a page shows by its first tag that it is no feed. Some feeds are text/html."""
        return self._head.content_type in HTML_TYPES and has_root(self._begin)

    def _chosen(self) -> PageReader | FileReader:
        head, begin = self._head, self._begin
        is_missing = head.content_type in MISSING_TYPES
        if head.content_type in HTML_TYPES or (is_missing and _may_be_page(begin)):
            return FileReader(head, "feed") if is_feed(begin) else PageReader(head)
        if _is_doubtful(head) and is_text(begin):
            return FileReader(head, "text")
        kind = kind_of("", begin, _name(head))
        if kind is None and is_missing and is_text(begin):
            kind = "text"
        if kind is None:
            raise FetchError("not_html", head.content_type[:100])
        return FileReader(head, kind)


AnyReader = PageReader | FileReader | UnknownReader


def reader_for(head: Head) -> AnyReader | None:
    """Return the reader of a response, or None for a useless body.

    Raises:
        FetchError: `not_html` for a successful response with an unsupported type.
    """
    is_page = head.content_type in HTML_TYPES
    if head.status not in SUCCESS:
        may_be_wall = is_page and head.status in WALL_STATUSES
        return PageReader(head, MAX_WALL) if may_be_wall else None
    if is_page or head.content_type in SNIFFED_TYPES or _is_doubtful(head):
        return UnknownReader(head)
    kind = kind_of(head.content_type, name=_name(head))
    if kind is None and head.headers.get("Content-Disposition").lower().startswith("attachment"):
        kind = "file"
    if kind is None:
        raise FetchError("not_html", head.content_type[:100])
    return FileReader(head, kind)


def _name(head: Head) -> str:
    return file_name(head.url, head.headers) or ""


def _may_be_page(begin: bytes) -> bool:
    return is_markup(begin) or not begin.strip()


def _is_doubtful(head: Head) -> bool:
    """Whether the server may have called any file a text."""
    is_sure = head.headers.get("X-Content-Type-Options").strip().lower() == "nosniff"
    return not is_sure and ", ".join(head.headers.get_all("Content-Type")) in DOUBTFUL_TEXTS


def _is_enough(pieces: list[Piece]) -> bool:
    """Whether a head has all fields, so the body is unnecessary."""
    metas = [each.tag for each in pieces if each.name == "meta"]
    if not _CARD.issubset(_names(metas)):
        return False
    names = _names([each for each in metas if not _is_empty(each)])
    if "og:description" not in names:
        return False
    has_date = any("published" in each for each in names)
    scripts = [each.inner for each in pieces if each.name == "script"]
    if not scripts:
        return has_date and any("author" in each for each in names)
    return has_date or any(map(_is_of_topic, scripts))


def _names(metas: list[str]) -> set[str]:
    return {each.lower() for each in _META_NAME.findall("".join(metas))}


def _is_of_topic(script: str) -> bool:
    """Whether JSON-LD has a date, or a topic that has none."""
    if any(each in script for each in _DATES):
        return True
    types = {found[1] for found in islice(_TYPE.finditer(script), MAX_TYPES)}
    return any(preview_type({"@type": each}) not in _DATED_TYPES for each in types - _OTHER_TYPES)


def _is_empty(tag: str) -> bool:
    """Whether a meta has a content that is no description, or that is no name of an author."""
    lower = tag.lower()
    if "og:description" in lower:
        return is_no_description(attributes(tag).get("content", ""))
    return "author" in lower and "://" in attributes(tag).get("content", "")
