"""How long a page may be taken as fresh, and when a server wants to be asked again."""

import re
import time
from email.utils import parsedate_to_datetime

from splitflap_scraper.fetch.http.headers import Headers

#: Seconds that a preview is kept at least and at most, whatever the page says, and where it says
#: nothing: a page that forbids caching is not worth a fetch for each post.
KEEP_LEAST = 600.0
KEEP_MOST = 7 * 86_400.0
KEEP_DEFAULT = 86_400.0

_DIRECTIVE = re.compile(r"(?:^|,)\s*([a-z-]+)(?:\s*=\s*\"?(\d{1,10})\"?)?\s*(?=,|$)")


def fresh_for(headers: Headers) -> float:
    """Seconds, by Cache-Control and Age (RFC 9111, sections 4.2 and 5.2), within the limits.

    Ours is a shared cache, so s-maxage counts before max-age.
    """
    said = dict(_DIRECTIVE.findall(", ".join(headers.get_all("Cache-Control")).lower()))
    age = said.get("s-maxage") or said.get("max-age")
    if {"no-store", "no-cache", "private"} & said.keys():
        return KEEP_LEAST
    if not age:
        return KEEP_DEFAULT
    return min(max(float(age) - _seconds(headers.get("Age")), KEEP_LEAST), KEEP_MOST)


def retry_after(headers: Headers) -> float | None:
    """Seconds until the Retry-After (RFC 9110, section 10.2.3); None where there is none."""
    text = headers.get("Retry-After").strip()
    if text.isascii() and text.isdigit():
        return _seconds(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _seconds(text: str | None) -> float:
    text = (text or "").strip()
    # Ten digits are more than a lifetime, and more would be more than a float.
    return float(text[:10]) if text.isascii() and text.isdigit() else 0.0
