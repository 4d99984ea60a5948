"""Reads title, author and time of a PDF, as far as the read bytes contain them."""

import re

#: Keys near the document information of a PDF, and the longest distance to it in bytes.
_INFORMATION = re.compile(rb"/(?:Producer|CreationDate|ModDate|Creator)\b")
_NEAR = 4096

#: Matches of these keys that are examined.
_MAX_MATCHES = 8

_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b"", b"\n": b""}
#: Bytes read of a string, and the next piece of one.
_MAX_STRING = 2048
_PIECE = re.compile(rb"[^\\()]++|\\(?:[0-7]{1,3}|.)?+|[()]", re.DOTALL)

#: Titles of XMP that are examined, and the longest distance to their text.
_MAX_TITLES = 4
_XMP_NEAR = 400


def pdf_information(data: bytes) -> dict[str, str]:
    """Return Title, Author and CreationDate (ISO 32000, "document information"), if readable."""
    found: dict[str, str] = {}
    for number, match in enumerate(_INFORMATION.finditer(data)):
        if number >= _MAX_MATCHES:
            break
        begin = max(data.rfind(b"obj", max(0, match.start() - _NEAR), match.start()), 0)
        end = data.find(b"endobj", match.start(), match.start() + _NEAR)
        part = data[begin : end if end >= 0 else match.start() + _NEAR]
        for name in ("Title", "Author", "CreationDate"):
            if name not in found and (value := _string(part, name.encode())):
                found[name] = value
    if "Title" not in found and (title := _xmp_title(data)):
        found["Title"] = title
    return found


def _xmp_title(data: bytes) -> str | None:
    """Return the title in XMP: the text of the first item."""
    at = 0
    for _ in range(_MAX_TITLES):
        at = data.find(b"<dc:title>", at) + 1
        begin = data.find(b"<rdf:li", at, at + _XMP_NEAR) if at else -1
        start = data.find(b">", begin, begin + _XMP_NEAR) if begin >= 0 else -1
        text, tag, _ = data[start + 1 : start + _MAX_STRING].partition(b"</rdf:li>")
        if start >= 0 and tag and text and b"<" not in text:
            return text.decode("utf-8", "replace")
        if not at:
            break
    return None


def _string(part: bytes, name: bytes) -> str | None:
    match = re.search(rb"/" + name + rb"\s{0,9}([(<])", part)
    if not match:
        return None
    if match[1] == b"<":
        digits = re.sub(
            rb"\s", b"", part[match.end() : match.end() + 2 * _MAX_STRING].partition(b">")[0]
        )
        try:
            return _text(bytes.fromhex(digits.decode("ascii", "replace")))
        except ValueError:
            return None
    return _text(_literal(part, match.end()))


def _literal(part: bytes, at: int) -> bytes:
    """Return the bytes between balanced parentheses, with escapes undone."""
    out, depth = bytearray(), 1
    for piece in _PIECE.finditer(part, at, at + _MAX_STRING):
        text = piece[0]
        depth += (text == b"(") - (text == b")")
        if not depth:
            break
        out += _unescaped(text[1:]) if text[:1] == b"\\" else text
    return bytes(out)


def _unescaped(escape: bytes) -> bytes:
    is_octal = escape[:1].isdigit() and escape[0] < ord("8")
    return bytes([int(escape, 8) & 0xFF]) if is_octal else _ESCAPES.get(escape, escape)


def _text(data: bytes) -> str:
    if data.startswith(b"\xfe\xff"):
        return data[2:].decode("utf-16-be", "replace")
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8", "replace")
    return data.decode("latin-1")
