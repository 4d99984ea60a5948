"""Previews of what is no page: images, PDF, text, audio, video, as far as their first bytes say."""

import re
import struct
from email.message import Message
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.page.charsets import TextDecoder
from splitflap_scraper.preview.fields.dates import rfc3339
from splitflap_scraper.preview.metadata import Metadata
from splitflap_scraper.preview.texts import MAX_PARAGRAPH, MAX_TITLE, clean

#: Bytes read of a file of each kind. A PDF has its title at its end, or its begin if it was made
#: for the web; a JPEG may have a thumbnail and a profile before its size.
MAX_BYTES = {
    "image": 128 * 1024,
    "document": 1024 * 1024,
    "text": 16 * 1024,
    "audio": 1,
    "video": 1,
}

#: Begins of files, where a server has no word for them.
_MAGIC = (
    (b"%PDF-", "document"), (b"\x89PNG\r\n", "image"), (b"GIF8", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"ID3", "audio"), (b"OggS", "audio"), (b"fLaC", "audio"), (b"\x1aE\xdf\xa3", "video"),
)  # fmt: skip

_TEXTS = frozenset(
    {
        "application/json",
        "application/yaml",
        "application/x-yaml",
        "application/toml",
        "application/javascript",
        "application/x-sh",
        "application/sql",
    }
)

#: Marks of a JPEG frame that has a size (ITU T.81, table B.1).
_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})

#: A PDF's dictionary of information has one of these, and stands so near (bytes) to it.
_PDF_INFORMATION = re.compile(rb"/(?:Producer|CreationDate|ModDate|Creator)\b")
_PDF_NEAR = 4096
_PDF_LOOKS = 8
_PDF_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b"", b"\n": b""}
_MADE_BY = re.compile(
    r"(?i)^(?:microsoft (?:word|powerpoint|excel) - |print of )|\.(?:docx?|pptx?|xlsx?|dvi"
    r"|indd|tex|odt|pdf|ps|qxd|fm)$"
)
_XMP_TITLE = re.compile(
    rb"<dc:title>.{0,300}?<rdf:li[^>]{0,100}>([^<]{1,1000})</rdf:li>", re.DOTALL
)
_SVG_SIZE = re.compile(rb"""\s(width|height)\s*=\s*["']\s*(\d{1,5})(?:\.\d+)?(?:px)?\s*["']""")
_SVG_BOX = re.compile(
    rb"""\sviewBox\s*=\s*["']\s*[-\d.]+[\s,]+[-\d.]+[\s,]+(\d{1,5})[\d.]*[\s,]+(\d{1,5})"""
)


def kind_of(content_type: str, begin: bytes = b"") -> str | None:
    """What a preview calls a file of a media type, or one that begins so; None for other files."""
    top = content_type.partition("/")[0]
    if content_type == "application/pdf":
        return "document"
    if top in {"image", "audio", "video"}:
        return top
    if top == "text" or content_type in _TEXTS or content_type.endswith(("+json", "+yaml")):
        return "text"
    if begin[4:8] == b"ftyp":
        return "image" if begin[8:12] in {b"avif", b"heic", b"mif1"} else "video"
    if begin[:4] == b"RIFF":
        return {b"WEBP": "image", b"WAVE": "audio"}.get(begin[8:12], "video")
    return next((kind for magic, kind in _MAGIC if begin.startswith(magic)), None)


def preview(kind: str, data: bytes, url: str, headers: Headers, charset: str | None) -> Metadata:
    """What is known of a file by its name and its first bytes."""
    name = file_name(url, headers)
    if kind == "image":
        width, height = dimensions(data) or (None, None)
        return Metadata(name, image=url, type=kind, image_width=width, image_height=height)
    if kind == "document":
        said = pdf_information(data)
        title = _MADE_BY.sub("", said.get("Title", "")).strip()
        made = said.get("CreationDate", "").removeprefix("D:")[:14]
        return Metadata(
            clean(title, MAX_TITLE) if title.lower() not in {"", "untitled"} else name,
            author=clean(said.get("Author", ""), 200),
            published_at=rfc3339(made),
            type=kind,
        )
    if kind == "text":
        heading, description = _text(data, charset)
        return Metadata(heading or name, description, type=kind)
    return Metadata(name, type=kind)


def file_name(url: str, headers: Headers) -> str | None:
    """The name that a file has: as the server would have it saved, or as its URL ends."""
    disposition = Message()
    disposition["Content-Disposition"] = headers.get("Content-Disposition")
    said = disposition.get_filename()
    parts = urlsplit(url)
    path = unquote(parts.path, errors="replace")
    return clean(
        PurePosixPath((said or path).replace("\\", "/")).name or parts.hostname or "", MAX_TITLE
    )


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Width and height of an image in pixels, if its begin says them."""
    try:
        size = _dimensions(data)
    except (struct.error, IndexError):
        return None
    return size if size and size[0] > 0 and size[1] > 0 else None


def _dimensions(data: bytes) -> tuple[int, int] | None:  # noqa: PLR0911 - a format each
    if data.startswith(b"\x89PNG\r\n"):
        return struct.unpack(">II", data[16:24])
    if data.startswith(b"GIF8"):
        return struct.unpack("<HH", data[6:10])
    if data.startswith(b"BM"):
        width, height = struct.unpack("<ii", data[18:26])
        return width, abs(height)
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data[4:8] == b"ftyp":
        at = data.find(b"ispe")
        return struct.unpack(">II", data[at + 8 : at + 16]) if at >= 0 else None
    if data.startswith(b"\0\0\1\0"):
        return data[6] or 256, data[7] or 256
    return _svg(data) if b"<svg" in data[:4096] else None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 - begins each marker
        marker = data[at + 1]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        # A fill byte, or a segment by its length.
        at += 1 if marker == 0xFF else 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))  # noqa: PLR2004 - see above
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    """The three forms of WebP (RFC 9649, section 2)."""
    form = data[12:16]
    if form == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if form == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _svg(data: bytes) -> tuple[int, int] | None:
    begin = data.find(b"<svg")
    tag = data[begin : data.find(b">", begin) + 1][:4096]
    said = {name: int(value) for name, value in _SVG_SIZE.findall(tag)}
    if len(said) == 2:  # noqa: PLR2004 - both
        return said[b"width"], said[b"height"]
    box = _SVG_BOX.search(tag)
    return (int(box[1]), int(box[2])) if box else None


def pdf_information(data: bytes) -> dict[str, str]:
    """Title, author and time of a PDF (ISO 32000, "document information"), if they can be read."""
    found: dict[str, str] = {}
    for number, match in enumerate(_PDF_INFORMATION.finditer(data)):
        if number >= _PDF_LOOKS:
            break
        begin = max(data.rfind(b"obj", max(0, match.start() - _PDF_NEAR), match.start()), 0)
        end = data.find(b"endobj", match.start(), match.start() + _PDF_NEAR)
        part = data[begin : end if end >= 0 else match.start() + _PDF_NEAR]
        for name in ("Title", "Author", "CreationDate"):
            if (value := _pdf_string(part, name.encode())) and name not in found:
                found[name] = value
    if "Title" not in found and (xmp := _XMP_TITLE.search(data)):
        found["Title"] = xmp[1].decode("utf-8", "replace")
    return found


def _pdf_string(part: bytes, name: bytes) -> str | None:
    match = re.search(rb"/" + name + rb"\s{0,9}([(<])", part)
    if not match:
        return None
    if match[1] == b"<":
        digits = re.sub(rb"\s", b"", part[match.end() :].partition(b">")[0])
        try:
            return _pdf_text(bytes.fromhex(digits.decode("ascii", "replace")))
        except ValueError:
            return None
    return _pdf_text(_pdf_literal(part, match.end()))


def _pdf_literal(part: bytes, at: int) -> bytes:
    """The bytes between balanced parentheses, escapes undone."""
    out, depth = bytearray(), 1
    while at < len(part):
        byte = part[at : at + 1]
        if byte == b"\\":
            octal = re.match(rb"[0-7]{1,3}", part[at + 1 : at + 4])
            escaped = part[at + 1 : at + 2]
            out += bytes([int(octal[0], 8) & 0xFF]) if octal else _PDF_ESCAPES.get(escaped, escaped)
            at += 1 + (len(octal[0]) if octal else 1)
            continue
        depth += (byte == b"(") - (byte == b")")
        if not depth:
            break
        out += byte
        at += 1
    return bytes(out)


def _pdf_text(data: bytes) -> str:
    if data.startswith(b"\xfe\xff"):
        return data[2:].decode("utf-16-be", "replace")
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8", "replace")
    return data.decode("latin-1")


def _text(data: bytes, charset: str | None) -> tuple[str | None, str | None]:
    """A text's heading, if it has one in the way of Markdown, and how it begins."""
    decoder = TextDecoder(charset)
    passed = decoder.feed(data, final=True)
    decoder.settle([], [passed])
    lines = decoder.text(passed).splitlines()
    heading = next((line for line in lines[:20] if re.match(r"#\s+\S", line)), None)
    words = " ".join(line for line in lines if line is not heading)[: MAX_PARAGRAPH * 4]
    return clean(heading.lstrip("# "), MAX_TITLE) if heading else None, clean(words, MAX_PARAGRAPH)
