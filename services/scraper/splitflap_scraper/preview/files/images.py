"""Reads the size of an image from the start of its file."""

import re
import struct

#: Markers of a JPEG frame with a size (ITU T.81, table B.1).
_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})

#: The byte before each marker of a JPEG, with more of them to fill.
_JPEG_FILL = re.compile(rb"\xff+")

#: Segments of a JPEG before its size. Profiles and previews of cameras have up to a hundred.
_MAX_SEGMENTS = 1000

#: First bytes of the formats that all browsers show, without SVG, WebP, AVIF and BMP.
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"\0\0\1\0", "icon"),
)

#: First characters of an SVG. A page may begin as XML too, or contain an SVG.
_SVG_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,99}<(?:svg[\s>]|\?xml[\s]|!--|!DOCTYPE svg)")

_SVG_SIZE = re.compile(rb"""\s(width|height)\s*=\s*["']\s*(\d{1,5})(?:\.\d+)?(?:px)?\s*["']""")
_SVG_BOX = re.compile(
    rb"""\sviewBox\s*=\s*["']\s*[-\d.]+[\s,]+[-\d.]+[\s,]+(\d{1,5})[\d.]*[\s,]+(\d{1,5})"""
)


def format_of(data: bytes) -> str | None:
    """Return the format of an image by its first bytes, or None if no browser shows it."""
    if data[:4] == b"RIFF":
        return "webp" if data[8:12] == b"WEBP" else None
    if data[4:8] == b"ftyp":
        return "avif" if b"avif" in data[8:64] or b"avis" in data[8:64] else None
    # A text may begin with the same two letters.
    if data[:2] == b"BM" and data[6:10] == b"\0\0\0\0":
        return "bmp"
    if _SVG_BEGIN.match(data):
        begin = data[:4096]
        is_page = b"<html" in begin.partition(b"<svg")[0].lower()
        return "svg" if b"<svg" in begin and not is_page else None
    return next((name for begin, name in _BEGINNINGS if data.startswith(begin)), None)


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels, or None if the data lack them."""
    try:
        size = _dimensions(data)
    except (struct.error, IndexError):
        return None
    return size if size and size[0] > 0 and size[1] > 0 else None


def _dimensions(data: bytes) -> tuple[int, int] | None:  # noqa: PLR0911 - a format each
    match format_of(data):
        case "png":
            return struct.unpack(">II", data[16:24])
        case "gif":
            return struct.unpack("<HH", data[6:10])
        case "bmp":
            width, height = struct.unpack("<ii", data[18:26])
            return width, abs(height)
        case "jpeg":
            return _jpeg(data)
        case "webp":
            return _webp(data)
        case "icon":
            return data[6] or 256, data[7] or 256
        case "svg":
            return _svg(data)
        case _:
            return _heif(data) if data[4:8] == b"ftyp" else None


def _heif(data: bytes) -> tuple[int, int] | None:
    """Read the size of an AVIF or a HEIC."""
    at = data.find(b"ispe")
    return struct.unpack(">II", data[at + 8 : at + 16]) if at >= 0 else None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    for _ in range(_MAX_SEGMENTS):
        fill = _JPEG_FILL.match(data, at)
        if not fill or fill.end() + 8 > len(data):
            break
        at = fill.end()
        if data[at] in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", data[at + 4 : at + 8])
            return width, height
        # Skip the segment by its length.
        at += 1 + max(2, int.from_bytes(data[at + 1 : at + 3], "big"))
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    """Read the size of the three forms of WebP (RFC 9649, section 2)."""
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
    sizes = {name: int(value) for name, value in _SVG_SIZE.findall(tag)}
    if sizes.keys() == {b"width", b"height"}:
        return sizes[b"width"], sizes[b"height"]
    box = _SVG_BOX.search(tag)
    return (int(box[1]), int(box[2])) if box else None
