"""The links that get a preview, in both flavours."""

import re

from splitflap_core.contracts import MAX_URL
from splitflap_core.urls.web_url import BadUrl, canonical

#: The beginning of a URL with a host.
_WITH_HOST = re.compile(r"(?i)https?://[\w\[]")


def preview_key(url: str) -> str | None:
    """The canonical form of a link that gets a preview, of at most MAX_URL bytes, or None."""
    if not _WITH_HOST.match(url):
        return None
    try:
        key = canonical(url)
    except BadUrl:
        return None
    return key if len(key.encode()) <= MAX_URL else None
