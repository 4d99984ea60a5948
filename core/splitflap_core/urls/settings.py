"""The settings of the scraper's addresses. The API has them too: it checks what a preview shows."""

import re
from ipaddress import IPv6Network
from typing import Annotated

from msgspec import Meta

from splitflap_core.settings import PREFIX, BadSettings, networks
from splitflap_core.urls.addresses import NAT64_LENGTHS, AddressRules
from splitflap_core.urls.web_url import BadUrl, host_of, web_url

AllowNets = Annotated[
    str,
    Meta(
        description="Networks in CIDR notation, such as `10.1.0.0/16`, separated by commas. The "
        "scraper may reach them although they are not public, so any posted URL can. Give the API "
        "and the scraper the same value.",
    ),
]
Nat64 = Annotated[
    str,
    Meta(
        description="The prefixes of your network's NAT64, such as `64:ff9b::/96`, separated by "
        "commas. Their length is 32, 40, 48, 56, 64 or 96 (RFC 6052). The scraper reaches an "
        "address in them if it may reach the IPv4 address inside. Give the API and the scraper the "
        "same value.",
    ),
]

AllowHosts = Annotated[
    str,
    Meta(
        description="Host names, separated by commas. The scraper requests only these and their "
        "subdomains, redirects included. Empty allows all. Previews may show these names, as those "
        "of PREVIEW_HOSTS. Give the API and the scraper the same value.",
    ),
]
PreviewHosts = Annotated[
    str,
    Meta(
        description="Host names of your own network, such as `wiki.corp` or `internal`, separated "
        "by commas. Previews may show URLs of them and their subdomains, on any port. They never "
        "show other names of private networks. Give the API and the scraper the same value.",
    ),
]

OwnOrigin = Annotated[
    str | None,
    Meta(
        description="Origin of the page that this Splitflap serves, such as "
        "`http://127.0.0.1:8000`; its host is an address. The scraper may fetch the page, and "
        "previews may show it, although the address is private. The API below `/v1`, other ports "
        "and names of the address stay refused. `make run` sets it. Give the API and the scraper "
        "the same value.",
    ),
]


def host_names(text: str, variable: str) -> frozenset[str]:
    """Parse a list of host names into their form in DNS.

    Raises:
        BadSettings: one of them is invalid.
    """
    names = set()
    for each in filter(None, re.split(r"[\s,]+", text)):
        try:
            names.add(host_of(each))
        except BadUrl as error:
            raise BadSettings(f"{PREFIX}{variable}: {each[:100]!r}: {error}") from error
    return frozenset(names)


def address_rules(
    allow_nets: str,
    nat64: str,
    allow_hosts: str = "",
    preview_hosts: str = "",
    own_origin: str | None = None,
) -> AddressRules:
    """The rules of these settings.

    Raises:
        BadSettings: one of them is invalid.
    """
    prefixes = []
    for each in networks(nat64, "SCRAPER_NAT64"):
        if not isinstance(each, IPv6Network) or each.prefixlen not in NAT64_LENGTHS:
            lengths = ", ".join(map(str, sorted(NAT64_LENGTHS)))
            raise BadSettings(
                f"{PREFIX}SCRAPER_NAT64: {each}: expected IPv6 prefixes with a length of {lengths}"
            )
        prefixes.append(each)
    hosts = host_names(allow_hosts, "SCRAPER_ALLOW_HOSTS") | host_names(
        preview_hosts, "PREVIEW_HOSTS"
    )
    allowed = networks(allow_nets, "SCRAPER_ALLOW_NETS")
    return AddressRules(allowed, tuple(prefixes), hosts, _own_origin(own_origin))


def _own_origin(text: str | None) -> str | None:
    """The canonical form of an origin whose host is an address. A name could lead elsewhere."""
    if text is None:
        return None
    expected = f"{PREFIX}SCRAPER_OWN_ORIGIN: expected an origin such as http://127.0.0.1:8000"
    try:
        url = web_url(text)
    except BadUrl as error:
        raise BadSettings(f"{expected}: {error}") from error
    if url.address is None or url.path != "/" or url.had_credentials:
        raise BadSettings(f"{expected}, with an address and without a path")
    return url.origin
