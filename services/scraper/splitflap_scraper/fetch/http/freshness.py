"""How long a response is fresh, and when a server allows the next request."""

import re
import time
from email.utils import parsedate_to_datetime

from splitflap_scraper.fetch.http.headers import Headers

#: Bounds of a preview's lifetime in seconds, and its lifetime if the page sets none. They hold for
#: a page that forbids caching too, since it would cost a fetch for each post.
KEEP_LEAST = 600.0
KEEP_MOST = 7 * 86_400.0
KEEP_DEFAULT = 86_400.0

_DIRECTIVE = re.compile(r"(?:^|,)\s*([a-z-]+)(?:\s*=\s*\"?(\d{1,10})\"?)?\s*(?=,|$)")


def fresh_for(headers: Headers) -> float:
    """Return the seconds by Cache-Control and Age (RFC 9111, sections 4.2 and 5.2), bounded.

    The scraper is a shared cache, so s-maxage overrides max-age.
    """
    directives = dict(_DIRECTIVE.findall(", ".join(headers.get_all("Cache-Control")).lower()))
    age = directives.get("s-maxage") or directives.get("max-age")
    if {"no-store", "no-cache", "private"} & directives.keys():
        return KEEP_LEAST
    if not age:
        return KEEP_DEFAULT
    return min(max(float(age) - _seconds(headers.get("Age")), KEEP_LEAST), KEEP_MOST)


def retry_after(headers: Headers) -> float | None:
    """Return the seconds of a Retry-After header (RFC 9110, section 10.2.3), or None."""
    text = headers.get("Retry-After").strip()
    if text.isascii() and text.isdigit():
        return _seconds(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _seconds(text: str | None) -> float:
    text = (text or "").strip()
    # Ten digits are more than a lifetime; very many would overflow a float.
    return float(text[:10]) if text.isascii() and text.isdigit() else 0.0
