"""The rules for URLs of both flavours: the end of a bare URL, and links that get a preview."""

import re
from urllib.parse import urlsplit

from splitflap_core.contracts import MAX_URL

#: Punctuation that ends a sentence or an emphasis rather than a URL.
_TRAILING = frozenset("?!.,:;*_~'\"|")
_CLOSING = {")": "(", "]": "[", "}": "{"}

#: The beginning of a URL with a host.
WITH_HOST = re.compile(r"(?i)https?://[\w\[]")
_WHITE_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f]")


def without_trailing(url: str) -> str:
    """The URL without punctuation and unmatched closing brackets at its end."""
    surplus = {close: url.count(close) - url.count(open_) for close, open_ in _CLOSING.items()}
    end = len(url)
    while end:
        last = url[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return url[:end]


def can_have_preview(url: str) -> bool:
    """Whether it is a clean http or https URL with a host, of at most MAX_URL bytes."""
    if len(url.encode()) > MAX_URL or not WITH_HOST.match(url) or _WHITE_OR_CONTROL.search(url):
        return False
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False
