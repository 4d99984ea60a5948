"""The rules for URLs of both flavours: the end of a bare URL, and links that get a preview."""

import re

from splitflap_core.contracts import MAX_URL
from splitflap_core.urls.web_url import BadUrl, canonical

#: Punctuation that ends a sentence or an emphasis rather than a URL.
_TRAILING = frozenset("?!.,:;*_~'\"|")
_CLOSING = {")": "(", "]": "[", "}": "{"}

#: The beginning of a URL with a host.
WITH_HOST = re.compile(r"(?i)https?://[\w\[]")


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


def preview_key(url: str) -> str | None:
    """The canonical form of a link that gets a preview, of at most MAX_URL bytes, or None."""
    if not WITH_HOST.match(url):
        return None
    try:
        key = canonical(url)
    except BadUrl:
        return None
    return key if len(key.encode()) <= MAX_URL else None
