"""The URLs that a webhook may have: the same fetch reaches them that reaches the URLs of posts.

The API checks a URL when it is saved, so that its owner learns of a wrong one. The scraper judges
the addresses of its host again at each try: a name may lead elsewhere by then.
"""

from ipaddress import ip_address

from splitflap_core.contracts import MAX_URL
from splitflap_core.urls.addresses import AddressRules
from splitflap_core.urls.ports import BLOCKED_PORTS
from splitflap_core.urls.special_names import addresses_in, is_private, suffix_in
from splitflap_core.urls.web_url import BadUrl, web_url

_LOOPBACK = ip_address("127.0.0.1")


def receiver_url(text: str, rules: AddressRules) -> str:
    """The canonical form of a webhook's URL.

    Raises:
        BadUrl: not a short http or https URL, with credentials, or at a host or a port that the
            scraper may not reach.
    """
    if len(text) > MAX_URL:
        raise BadUrl(f"more than {MAX_URL} characters")
    url = web_url(text)
    if url.had_credentials:
        raise BadUrl("a user or a password")
    if len(url.url) > MAX_URL:
        raise BadUrl(f"more than {MAX_URL} characters")
    if url.port in BLOCKED_PORTS:
        raise BadUrl(f"port {url.port} is of another protocol")
    if url.address is not None:
        if not rules.may_be_reached(url.address):
            raise BadUrl("a private address")
    else:
        _check_name(url.host, rules)
    return url.url


def _check_name(name: str, rules: AddressRules) -> None:
    """Refuse a name that can have no allowed address."""
    if name == "localhost" or name.endswith(".localhost"):
        if not rules.may_be_reached(_LOOPBACK):
            raise BadUrl("a private address: loopback")
        return
    if not rules.all_may_be_reached(addresses_in(name)):
        raise BadUrl("a name with a private address in it")
    if is_private(name) and not rules.allowed and suffix_in(name, rules.hosts) is None:
        raise BadUrl("a name of private networks")
