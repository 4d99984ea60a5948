"""Finds the target of a meta refresh."""

import re

from splitflap_scraper.page.document import Document

#: Longest delay (seconds) of a meta refresh that redirects. A longer one reloads the page.
MAX_REFRESH = 10

_REFRESH = re.compile(
    r"""\s*(\d{1,5})(?:\.\d*)?\s*[;,]?\s*(?:url\s*=\s*)?["']?\s*([^"']+)""", re.IGNORECASE
)


def refresh(page: Document) -> str | None:
    """Return the target of a page's meta refresh, or None for a page with content of its own."""
    if page.meta("og:title"):
        return None
    title = " ".join(page.titles).strip()
    # In a page with scripts, a refresh within <noscript> leads to a notice about scripts.
    is_bare = not title or "://" in title
    content = page.refresh or (page.refresh_without_scripts if is_bare else None)
    match = _REFRESH.match(content or "")
    if not match or int(match[1]) > MAX_REFRESH:
        return None
    target = page.resolved(match[2])
    return target if target and target != page.resolved(page.url) else None
