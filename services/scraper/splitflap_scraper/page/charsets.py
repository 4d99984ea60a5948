"""Decodes the bytes of a page, by byte order mark, HTTP, the page's declaration, or a guess.

The order and the labels are those of the WHATWG's Encoding and HTML Standards.

All encodings of the web but UTF-16 and ISO-2022-JP keep the bytes of tags in ASCII. So the page is
first read as ISO 8859-1 and cut into pieces. The decoder then decodes only these pieces, after it
has seen all declarations.
"""

import codecs
import re
from collections.abc import Iterable, Iterator

import webencodings

from splitflap_scraper.page.charset_guess import SAMPLE, chosen

#: Bytes in which a page must declare an encoding that is not ASCII in its tags.
PRESCAN = 1024

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (b"\xfe\xff", "utf-16-be"))

#: Python's codecs for encodings of the WHATWG, where webencodings names another. The standard
#: decodes GBK as GB 18030, and reads the declaration x-user-defined as windows-1252 (HTML Standard,
#: "prescan"). Its decoder for `replacement` yields no text, so the label counts as unknown.
_CODECS = {"gbk": "gb18030", "x-user-defined": "cp1252", "replacement": None}

#: Characters examined of a declaration: those of a label, and of other attributes before it.
_MAX_DECLARATION = 1000

_DECLARED = re.compile(
    r"""<(?:meta\b[^>]*?\bcharset|\?xml\b[^>]*?\bencoding)\s*+=\s*+["']?\s*+([\w.:-]+)""",
    re.IGNORECASE | re.ASCII,
)
#: Codecs with tags in other bytes than ASCII, or with ASCII bytes for other characters.
_WIDE = frozenset({"utf-16-le", "utf-16-be", "iso2022_jp"})


def codec_of(label: str | None) -> str | None:
    """Return Python's codec for a label of the WHATWG, or None for an unknown one.

    Python's own lookup is unsafe for a page's label: it knows codecs for other data than text, and
    keeps failed lookups in memory.
    """
    if not label or not label.isascii():
        return None
    encoding = webencodings.lookup(label.strip("\t\n\f\r \"'"))
    return _CODECS.get(encoding.name, encoding.codec_info.name) if encoding else None


class TextDecoder:
    """Reads the bytes of a page as text to cut, and decodes the pieces."""

    def __init__(self, http_label: str | None) -> None:
        """`http_label` is the `charset` of the Content-Type, if it has one."""
        self._from_http = codec_of(http_label)
        self._begin = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._bom: str | None = None
        self._xml = ""
        self._is_settled = True
        #: The codec of all pieces, or None if they are text already.
        self._codec: str | None = None

    def feed(self, data: bytes, *, final: bool = False) -> str:
        """Return the text of these bytes, decoded or as ISO 8859-1. Empty before PRESCAN bytes."""
        if self._decoder is None:
            self._begin += data
            if len(self._begin) < PRESCAN and not final:
                return ""
            self._decoder, data = self._decide()
        return self._decoder.decode(data, final)

    def settle(self, declarations: Iterable[str], texts: Iterable[str], language: str = "") -> None:
        """Choose the codec of the pieces by the page's declarations, and by its texts.

        `language` is the page's declared language. It helps the guess.
        """
        if not self._is_settled:
            self._is_settled = True
            sample = _sample(texts)
            labels = [self._bom, self._from_http, *_declared([self._xml, *declarations])]
            self._codec = chosen([each for each in labels if each], sample, language)

    def text(self, piece: str) -> str:
        """Decode a piece. Undecodable bytes become U+FFFD."""
        if self._codec is None or piece.isascii():
            return piece
        return _bytes(piece).decode(self._codec, "replace")

    def _decide(self) -> tuple[codecs.IncrementalDecoder, bytes]:
        for bom, codec in _BOMS:
            if self._begin.startswith(bom):
                self._begin = self._begin[len(bom) :]
                self._bom = codec
        if self._begin.startswith(b"<?xml"):
            self._xml = self._begin[:PRESCAN].partition(b">")[0].decode("latin-1")
        wide = self._bom or self._from_http
        if wide is None and b"iso-2022-jp" in self._begin[:PRESCAN].lower():
            tags = self._begin[:PRESCAN].decode("latin-1").split("<")
            wide = next(_declared(f"<{tag}" for tag in tags), None)
        if wide in _WIDE:
            return codecs.getincrementaldecoder(wide or "")("replace"), self._begin
        self._is_settled = False
        return codecs.getincrementaldecoder("latin-1")(), self._begin


def decoded(data: bytes, http_label: str | None) -> str:
    """Decode a whole file."""
    decoder = TextDecoder(http_label)
    read = decoder.feed(data, final=True)
    decoder.settle([], [read])
    return decoder.text(read)


def _declared(tags: Iterable[str]) -> Iterator[str]:
    """Iterate over the codecs in tags. A declaration in ASCII cannot be UTF-16."""
    for tag in tags:
        lower = tag[:_MAX_DECLARATION].lower()
        if "charset" not in lower and "encoding" not in lower:
            continue
        # From the start of the tag only: a search for starts in a value takes quadratic time.
        if (match := _DECLARED.match(tag, 0, _MAX_DECLARATION)) and (codec := codec_of(match[1])):
            yield "utf-8" if codec.startswith("utf-16") else codec


def _sample(texts: Iterable[str]) -> bytes:
    sample = b""
    for text in texts:
        sample += _bytes(text)
        if len(sample) >= SAMPLE:
            break
    return sample[:SAMPLE]


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")
