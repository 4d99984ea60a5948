"""Reads title, author and time of a PDF, as far as the read bytes contain them."""

import re

#: Keys near the document information of a PDF, and the longest distance to it in bytes.
_INFORMATION = re.compile(rb"/(?:Producer|CreationDate|ModDate|Creator)\b")
_NEAR = 4096

#: Matches of these keys that are examined.
_MAX_MATCHES = 8

_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b"", b"\n": b""}
_XMP_TITLE = re.compile(
    rb"<dc:title>.{0,300}?<rdf:li[^>]{0,100}>([^<]{1,1000})</rdf:li>", re.DOTALL
)


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
            if (value := _string(part, name.encode())) and name not in found:
                found[name] = value
    if "Title" not in found and (xmp := _XMP_TITLE.search(data)):
        found["Title"] = xmp[1].decode("utf-8", "replace")
    return found


def _string(part: bytes, name: bytes) -> str | None:
    match = re.search(rb"/" + name + rb"\s{0,9}([(<])", part)
    if not match:
        return None
    if match[1] == b"<":
        digits = re.sub(rb"\s", b"", part[match.end() :].partition(b">")[0])
        try:
            return _text(bytes.fromhex(digits.decode("ascii", "replace")))
        except ValueError:
            return None
    return _text(_literal(part, match.end()))


def _literal(part: bytes, at: int) -> bytes:
    """Return the bytes between balanced parentheses, with escapes undone."""
    out, depth = bytearray(), 1
    while at < len(part):
        byte = part[at : at + 1]
        if byte == b"\\":
            octal = re.match(rb"[0-7]{1,3}", part[at + 1 : at + 4])
            escaped = part[at + 1 : at + 2]
            out += bytes([int(octal[0], 8) & 0xFF]) if octal else _ESCAPES.get(escaped, escaped)
            at += 1 + (len(octal[0]) if octal else 1)
            continue
        depth += (byte == b"(") - (byte == b")")
        if not depth:
            break
        out += byte
        at += 1
    return bytes(out)


def _text(data: bytes) -> str:
    if data.startswith(b"\xfe\xff"):
        return data[2:].decode("utf-16-be", "replace")
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8", "replace")
    return data.decode("latin-1")
