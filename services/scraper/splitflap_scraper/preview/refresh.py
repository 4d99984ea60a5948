"""Finds the target of a refresh: of a meta element or of a header (WHATWG, HTML Standard)."""

import re
from collections.abc import Callable

from splitflap_scraper.fetch.http.reader import SUCCESS, Head
from splitflap_scraper.page.document import Document

#: Longest delay (seconds) of a meta refresh that redirects. A longer one reloads the page.
MAX_REFRESH = 10

#: Characters of the header.
MAX_HEADER = 8192

_REFRESH = re.compile(
    r"""\s*(\d{1,5})(?:\.\d*)?\s*[;,]?\s*(?:url\s*=\s*)?["']?\s*([^"']+)""", re.IGNORECASE
)


def refresh(page: Document, head: Head, is_new: Callable[[str], bool]) -> str | None:
    """Return the target of a page's refresh, or None for a page with content of its own.

    `is_new`: whether a request to a URL would differ from those so far. A page may set a cookie and
    refresh itself.
    """
    if page.meta("og:title"):
        return None
    title = " ".join(page.titles).strip()
    # In a page with scripts, a refresh within <noscript> leads to a notice about scripts.
    is_bare = not title or "://" in title
    content = (
        page.refresh or _of_header(head) or (page.refresh_without_scripts if is_bare else None)
    )
    match = _REFRESH.match(content or "")
    if not match or int(match[1]) > MAX_REFRESH:
        return None
    target = page.resolved(match[2])
    is_self = target == page.resolved(page.url)
    return target if target and (not is_self or is_new(target)) else None


def _of_header(head: Head) -> str:
    """Return the header of a success. That of an error leads to the check of a wall."""
    return head.headers.text("Refresh")[:MAX_HEADER] if head.status in SUCCESS else ""
