"""Bare links and e-mail addresses in a text: both flavours find the same ones.

They follow section 6.9 of GitHub's specification. In four places they follow people instead:
quotation marks and the punctuation of other scripts end a URL, `www.` may follow any punctuation,
a host ends before Chinese or Japanese text, and brackets of all kinds enclose a URL. Each pattern
takes linear time.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from splitflap_renderer.markdown.entities import ENTITY
from splitflap_renderer.scripts import MARKS, SPACED, SPACELESS

#: Punctuation that ends a sentence or an emphasis rather than a URL.
_TRAILING = frozenset("?!.,:;*_~'\"|")
_CLOSING = {")": "(", "]": "[", "}": "{"}

#: Characters that no URL has. Some are quotation marks and the punctuation of scripts beyond ASCII,
#: others invisible, or control the direction of the text.
_NO_URL = (
    r"\s<>\"`\\\x00-\x1f\x7f-\x9f\u00ab\u00bb\u060c\u061b\u061f\u06d4\u0964\u0965"
    r"\u200b\u200e\u200f\u2014\u2015\u2018-\u201f\u2026\u202a-\u202e\u2039\u203a\u2060-\u2069\ufeff"
    r"\u3001-\u3004\u3008-\u3020\u3030\u303d\ufe10-\ufe19\ufe30-\ufe4f\ufe50-\ufe6f"
    r"\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
_LABEL = rf"[\w{MARKS}\u200c\u200d-]"

#: A name: in ASCII before Chinese or Japanese text, or of any letters.
_NAME = (
    rf"(?:(?:[a-z0-9_-]++\.)++[a-z0-9-]++(?=[{SPACELESS}]++(?!\.\w))"
    rf"|[^\W_]{_LABEL}*+(?:\.{_LABEL}++)*+)"
)
_CREDENTIALS = r"(?:[\w.~%$&+=-]++(?::[\w.~%!$&'*+=-]++)?@)?"

#: An entity of a character that no URL has, a comma or a bar before another URL, or a link.
_NEXT = (
    r"&(?:quot|apos|lt|gt|nbsp|#34|#39|#60|#62|#x22|#x27);|[|,;]++(?:https?|ftp)://"
    r"|!?\[[^\[\]\s]{0,100}\]\("
)
_MORE = rf"(?:(?!{_NEXT})[^{_NO_URL}])*+"
_REST = rf"(?:\.(?=[/?#]|:[0-9]))?(?::[0-9]{{1,5}}+)?(?P<path>[/?#]{_MORE})?"

_LOCAL = rf"(?:{SPACED}|[{MARKS}.+-])"
_DOMAIN_LABEL = rf"(?:{SPACED}|[{MARKS}-])++"
_ADDRESS = rf"{_LOCAL}++@{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})++(?!@)"

#: The beginning of a bare link, for a search. An e-mail address is found later.
BEGINNING_RE = r"(?i)(?<![a-z])(?:(?:https?|ftp)://|(?:mailto|xmpp):|www\.)"

#: A bare link, without the rule for its end.
_BARE = re.compile(
    rf"(?i)(?:(?<![a-z])(?:https?|ftp)://{_CREDENTIALS}(?P<host>{_NAME}|\[[0-9a-f:.]{{2,45}}+\])"
    rf"|(?<![^\W_{SPACELESS}])(?:(?<=\\[/.@-])|(?<![/.@-]))www\.(?P<www>{_NAME})){_REST}"
    rf"|(?<![a-z])mailto:(?P<mail>{_ADDRESS})"
    rf"|(?<![a-z])xmpp:(?P<xmpp>{_ADDRESS})(?:/[\w@.]++)?"
)
_PATH = re.compile(rf"(?i){_MORE}")

#: An e-mail address in a text. Scripts without spaces may enclose it.
_EMAIL = re.compile(rf"(?<![/@])(?<!{_LOCAL}){_ADDRESS}")

#: Longest entity that may end a URL, in characters.
_MAX_ENTITY = 34


class BareLink(NamedTuple):
    """A link in a text: its place, and its URL. Entities of the text stay encoded in the URL."""

    start: int
    end: int
    url: str


def bare_link(
    text: str, start: int, after_escape: Callable[[str, int], int] = lambda _text, place: place
) -> BareLink | None:
    """The link that begins exactly here, unless it is an e-mail address.

    Editors escape `_` even in a path. `after_escape` returns the place after an escape of a text,
    or the same place.
    """
    found = _BARE.match(text, start)
    if found is None:
        return None
    if address := found["mail"] or found["xmpp"]:
        return None if address.endswith(("-", "_")) else BareLink(start, found.end(), found[0])
    if not _is_host(found["host"] or found["www"]):
        return None
    end = found.end()
    while found["path"] and (after := after_escape(text, end)) > end:
        more = _PATH.match(text, after)
        end = more.end() if more else after
    written = without_trailing(text[start:end])
    return BareLink(start, start + len(written), f"http://{written}" if found["www"] else written)


def emails(text: str) -> Iterator[BareLink]:
    """The e-mail addresses of a text in reading order."""
    if "@" not in text:
        return
    for found in _EMAIL.finditer(text):
        if not found[0].endswith(("-", "_")):
            yield BareLink(found.start(), found.end(), f"mailto:{found[0]}")


def _is_host(host: str) -> bool:
    """GitHub's rule: the last two labels of a name have no underscore."""
    return "_" not in "".join(host.split(".")[-2:])


def without_trailing(url: str) -> str:
    """The URL without punctuation, entities and unmatched closing brackets at its end."""
    surplus = {close: url.count(close) - url.count(open_) for close, open_ in _CLOSING.items()}
    end = len(url)
    while end:
        last = url[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        elif last == ";":
            begin = url.rfind("&", max(0, end - _MAX_ENTITY), end)
            if begin >= 0 and ENTITY.fullmatch(url, begin, end):
                end = begin + 1
        end -= 1
    return url[:end]
