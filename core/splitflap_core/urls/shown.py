"""The URLs that a preview may show: a reader's browser opens them, inside the reader's network."""

from splitflap_core.contracts import MAX_URL
from splitflap_core.urls.addresses import AddressRules
from splitflap_core.urls.web_url import BadUrl, WebUrl, web_url


def shown_url(text: str, rules: AddressRules) -> str:
    """The canonical form of an image, an icon or a page that a preview may show.

    Raises:
        BadUrl: not a short http or https URL, or at an address that the fetch may not reach.
    """
    url = web_url(text)
    if len(url.url) > MAX_URL:
        raise BadUrl(f"more than {MAX_URL} characters")
    if _is_private(url, rules):
        raise BadUrl("a private address")
    return url.url


def _is_private(url: WebUrl, rules: AddressRules) -> bool:
    if url.address is not None:
        return not rules.may_be_reached(url.address)
    return url.host == "localhost" or url.host.endswith(".localhost")
