"""The name of a file by its Content-Disposition (RFC 6266), as browsers read it.

The search is linear, and a name in an unknown charset is no name.
"""

import binascii
import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

#: Characters read of the header.
MAX_HEADER = 2048

#: Names in the cache. A response asks for its name several times.
_MAX_NAMES = 64

#: The next parameter. Each part is possessive and may be empty, so a match never fails.
_PARAMETER = re.compile(
    r"""[;\s]*+([^\s;="]*+)\s*+(?:=\s*+("[^"\\]*+(?:\\.[^"\\]*+)*"?|[^;]*+))?[^;]*+""", re.DOTALL
)
_ESCAPED = re.compile(r'\\(["\\])')
#: A word of MIME (RFC 2047), and the space between two of them.
_WORD = re.compile(r"=\?([\w-]{1,40})(?:\*[\w-]{0,20})?\?([BbQq])\?([^?\s]*+)\?=\s*+", re.ASCII)
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")

#: Charsets of names. Browsers read ISO 8859-1 as windows-1252 (WHATWG, Encoding Standard).
_CHARSETS = {"utf-8": "utf-8", "utf8": "utf-8", "iso-8859-1": "cp1252", "windows-1252": "cp1252"}


def saved_name(header: str) -> str | None:
    """Return the name that a browser would save a file with, or None.

    Fields are decoded as ISO 8859-1, and servers write UTF-8.
    """
    return _saved_name(header[:MAX_HEADER]) if header else None


@lru_cache(maxsize=_MAX_NAMES)
def _saved_name(header: str) -> str | None:
    values: dict[str, str] = {}
    for match in _PARAMETER.finditer(header):
        if match[2] is not None:
            values.setdefault(match[1].lower(), _unquoted(match[2].strip()))
    return _extended(values.get("filename*", "")) or _plain(values.get("filename", ""))


def _unquoted(value: str) -> str:
    # A path of Windows is often quoted without escapes.
    return _ESCAPED.sub(r"\1", value[1:].removesuffix('"')) if value[:1] == '"' else value


def _extended(value: str) -> str | None:
    """Decode the value of `filename*` (RFC 8187)."""
    charset, _, rest = value.partition("'")
    _, mark, escaped = rest.partition("'")
    return _decoded(unquote_to_bytes(_bytes(escaped)), charset) if mark else None


def _plain(value: str) -> str | None:
    """Decode the value of `filename`: raw UTF-8, words of MIME, or percent escapes."""
    data = _bytes(value)
    text = _decoded(data, "utf-8") or _decoded(data, "windows-1252") or ""
    if "=?" in text and (words := list(_WORD.finditer(text))):
        return _decoded(b"".join(map(_word, words)), words[0][1]) or None
    if _PERCENT.search(text):
        text = _decoded(unquote_to_bytes(text), "utf-8") or text
    return text or None


def _word(found: re.Match[str]) -> bytes:
    if found[2] in "Qq":
        return binascii.a2b_qp(found[3], header=True)
    try:
        return binascii.a2b_base64(found[3])
    except ValueError:
        return b""


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _decoded(data: bytes, charset: str) -> str | None:
    try:
        return data.decode(_CHARSETS[charset.lower()], "strict")
    except (KeyError, UnicodeDecodeError):
        return None
