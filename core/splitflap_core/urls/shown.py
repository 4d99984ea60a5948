"""The URLs that a preview may show: a reader's browser opens them, inside the reader's network."""

import re

from splitflap_core.contracts import MAX_URL
from splitflap_core.urls.addresses import AddressRules
from splitflap_core.urls.web_url import BadUrl, WebUrl, web_url

#: Characters of a path or query that browsers accept and RFC 3986 does not, and a `%` without its
#: two digits. Strict clients cannot read such a URL.
_NO_URI = re.compile(r"[^!$&-;=?-Z_a-z~%]|%(?![0-9A-Fa-f]{2})")


def shown_url(text: str, rules: AddressRules) -> str:
    """The canonical form of an image, an icon or a page that a preview may show, as a URI.

    Raises:
        BadUrl: not a short http or https URL, or at an address that the fetch may not reach.
    """
    url = web_url(text)
    uri = url.origin + _NO_URI.sub(_escaped, url.path)
    if len(uri) > MAX_URL:
        raise BadUrl(f"more than {MAX_URL} characters")
    if _is_private(url, rules):
        raise BadUrl("a private address")
    return uri


def _escaped(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"


def _is_private(url: WebUrl, rules: AddressRules) -> bool:
    if url.address is not None:
        return not rules.may_be_reached(url.address)
    return url.host == "localhost" or url.host.endswith(".localhost")
