"""The URLs that a preview may show: a reader's browser opens them, inside the reader's network.

One rule for the image, the icon, the canonical URL and all others (docs/adr/0025). The scraper
applies it to a page, and the API to each outcome of a worker and to each stored preview.
"""

import re

from splitflap_core.contracts import MAX_URL
from splitflap_core.urls.addresses import AddressRules
from splitflap_core.urls.special_names import addresses_in, is_private, suffix_in
from splitflap_core.urls.web_url import BadUrl, WebUrl, known_url

#: Ports of public hosts: those of http and https, and their usual alternatives, which CDNs serve
#: too. Behind other ports there is more often a program without a log-in than a picture.
PORTS = frozenset({80, 443, 8080, 8443})

#: Characters of a text that are read. Dot segments and escapes change its length.
_MAX_READ = 4 * MAX_URL

#: Characters of a path or query that browsers accept and RFC 3986 does not, and a `%` without its
#: two digits. Strict clients cannot read such a URL.
_NO_URI = re.compile(r"[^!$&-;=?-Z_a-z~%]|%(?![0-9A-Fa-f]{2})")


class Withheld(BadUrl):
    """A URL that a preview must not show, although the fetch may request it."""


def shown_url(text: str, rules: AddressRules) -> str:
    """The canonical form of a URL that a preview may show, as a URI.

    Raises:
        BadUrl: not a short http or https URL, or at an address that the fetch may not reach.
        Withheld: its host is a name of private networks, or its port is none of the web's.
    """
    if len(text) > _MAX_READ:
        raise BadUrl(f"more than {_MAX_READ} characters")
    return shown_form(known_url(text), rules)


def shown_form(url: WebUrl, rules: AddressRules) -> str:
    """The canonical form of a URL that a preview may show, as a URI.

    Raises:
        BadUrl: as `shown_url`.
    """
    if url.had_credentials:
        raise BadUrl("a user or a password")
    # Escapes only make it longer.
    uri = _bounded(url.origin + _NO_URI.sub(_escaped, _bounded(url.path)))
    _check_host(url, rules)
    return uri


def _bounded(text: str) -> str:
    if len(text) > MAX_URL:
        raise BadUrl(f"more than {MAX_URL} characters")
    return text


def _escaped(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"


def _check_host(url: WebUrl, rules: AddressRules) -> None:
    if rules.is_own_page(url.origin, url.path):
        return
    address = url.address
    if address is not None:
        if not rules.may_be_reached(address):
            raise BadUrl("a private address")
        is_own = rules.is_in(address, rules.allowed)
    else:
        is_own = suffix_in(url.host, rules.hosts) is not None
        if not is_own:
            _check_name(url.host, rules)
    if not is_own and url.port not in PORTS:
        raise Withheld(f"port {url.port}")


def _check_name(name: str, rules: AddressRules) -> None:
    if name == "localhost" or name.endswith(".localhost"):
        raise BadUrl("a private address: loopback")
    if is_private(name):
        raise Withheld("a name of private networks")
    if not rules.all_may_be_reached(addresses_in(name)):
        raise Withheld("a name with a private address in it")
