"""URLs of pages, compared and judged."""

import re
from urllib.parse import unquote, urlsplit

from splitflap_core.urls.addresses import AddressRules
from splitflap_core.urls.shown import shown_form, shown_url
from splitflap_core.urls.web_url import BadUrl

from splitflap_scraper.page.document import Document

#: Characters read of a URL.
MAX_URL = 1000

_SCHEME = re.compile(r"(?i)(?:https?:)?//(?:www\.)?")
#: A query that does not select another page.
_TRACKING = re.compile(r"(?i)\?(?:utm_|fbclid|gclid|amp\b|ref\b|source\b|output=amp)")
_FRONT = re.compile(r"(?i)/(?:(?:index|default|home)(?:\.[a-z]{2,5})?)?\Z")


def shown(url: str | None, rules: AddressRules) -> str | None:
    """Return the canonical form of a URL that the preview may show, or None."""
    try:
        return shown_url(url, rules) if url else None
    except BadUrl:
        return None


def shown_reference(page: Document, reference: str, rules: AddressRules) -> str | None:
    """Return the URL of a reference in a page if the preview may show it, or None."""
    target = page.target(reference)
    try:
        return shown_form(target, rules) if target else None
    except BadUrl:
        return None


def address_key(url: str, home: str = "") -> str | None:
    """Return what identifies the page of a URL, in any spelling; None for no URL."""
    url = url[:MAX_URL].strip().partition("#")[0]
    if url.startswith("/") and not url.startswith("//"):
        url = f"//{home}{url}"
    scheme = _SCHEME.match(url)
    if scheme is None:
        return None
    bare, mark, query = url[scheme.end() :].partition("?")
    host, _, path = bare.partition("/")
    query = "" if _TRACKING.match(mark + query) else mark + query
    path = unquote(path) if "%" in path else path
    return f"{host.lower()}/{path}".rstrip("/") + query


def is_front_page(url: str, language: str = "") -> bool:
    """Whether a URL is that of a front page."""
    rest = url.partition("#")[0].partition("//")[2]
    path, mark, query = rest.partition("/")[2].partition("?")
    if mark and not _TRACKING.match(f"?{query}"):
        return False
    first = path.partition("/")[0].lower().replace("_", "-")
    if first and first in {language.lower(), language.lower().partition("-")[0]}:
        path = path.partition("/")[2]
    return _FRONT.match(f"/{path}") is not None


def have_same_host(first: str, second: str) -> bool:
    """Whether two URLs have the same host, with or without `www.`."""
    one, other = (urlsplit(each).netloc.removeprefix("www.") for each in (first, second))
    return one == other
