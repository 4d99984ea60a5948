"""The header fields of a response, and the parts of a Content-Type."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

#: Parsed Content-Types in the cache. A few dozen are in use.
MAX_TYPES = 256

#: A media type (RFC 9110, section 8.3.1), and its charset, quoted or not.
_TYPE = re.compile(r"\s*([\w!#$&^.+-]{1,100}/[\w!#$&^.+-]{1,100})\s*(?:[;,]|\Z)", re.ASCII)
_CHARSET = re.compile(r"""(?:;|^)\s*charset\s*=\s*["']?([^\s"';,]{1,40})""", re.IGNORECASE)

#: Characters of all Content-Types together, and one of several values.
MAX_CONTENT_TYPE = 1000
_VALUE = re.compile(r'(?:[^,"]|"[^"]*"?)+')


class Headers:
    """Fields by their case-insensitive names. The values of one name keep their order.

    Values are decoded as ISO 8859-1.
    """

    __slots__ = ("_values",)

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in fields:
            self._values.setdefault(name.lower(), []).append(value)

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of a name."""
        values = self._values.get(name.lower())
        return values[0] if values else default

    def text(self, name: str) -> str:
        """Return the first value of a name, as UTF-8 (WHATWG, Fetch Standard)."""
        return self.get(name).encode("latin-1", "replace").decode("utf-8", "replace")

    def get_all(self, name: str) -> Sequence[str]:
        """Return all values of a name."""
        return self._values.get(name.lower(), ())


@lru_cache(maxsize=MAX_TYPES)
def media_type(content_type: str) -> tuple[str, str | None]:
    """Return the media type in lower case, empty if there is none, and its charset.

    `content_type` has all values of the header. The last valid one counts, with the charset of an
    earlier one of the same type (WHATWG, Fetch Standard, "extract a MIME type").
    """
    kind, charset = "", None
    for value in _VALUE.findall(content_type[:MAX_CONTENT_TYPE]):
        type_, label = _TYPE.match(value), _CHARSET.search(value.strip())
        if type_ and type_[1] != "*/*":
            charset = charset if type_[1].lower() == kind else None
            kind = type_[1].lower()
        if label:
            charset = label[1]
    return kind, charset
