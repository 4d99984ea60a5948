"""The addresses that the fetch may connect to: public ones, and those the operator allows.

Sources: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890), as Python's `ipaddress`
has them, and the list below. An IPv6 address that carries an IPv4 address is judged by that address
too: a translator or tunnel on the way delivers the packets to the IPv4 address.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: Networks that are never public. Python's tables lack some of them, depending on its release.
SPECIAL = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network, RFC 1122
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "127.0.0.0/8",  # loopback, RFC 1122
        "168.63.129.16/32",  # Azure's platform service, by Microsoft's documentation
        "169.254.0.0/16",  # link-local, RFC 3927; clouds' metadata services
        "172.16.0.0/12",  # private, RFC 1918
        "192.0.0.0/24",  # protocol assignments, RFC 6890
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "192.168.0.0/16",  # private, RFC 1918
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved, RFC 1112, and broadcast
        "::/96",  # unspecified, loopback, and IPv4-compatible, RFC 4291
        "::ffff:0:0/96",  # IPv4-mapped, RFC 4291
        "::ffff:0:0:0/96",  # IPv4-translated, RFC 2765
        "64:ff9b::/96",  # NAT64, RFC 6052
        "64:ff9b:1::/48",  # NAT64 of a site, RFC 8215
        "100::/64",  # discard, RFC 6666
        "2001::/23",  # protocol assignments, RFC 2928, with Teredo, RFC 4380
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4, RFC 3056
        "3fff::/20",  # documentation, RFC 9637
        "5f00::/16",  # segment routing, RFC 9602
        "fc00::/7",  # unique local, RFC 4193
        "fe80::/10",  # link-local, RFC 4291
        "fec0::/10",  # site-local, RFC 3879
        "ff00::/8",  # multicast, RFC 4291
    )
)

#: Parsed hosts in the cache, for the hosts of recent requests.
MAX_PARSED = 1024

#: All of IPv6 that is assigned for public use (RFC 4291, section 2.4; IANA).
GLOBAL_UNICAST = ip_network("2000::/3")

#: Networks of IPv6 addresses with an IPv4 address in the last 32 bits.
_ENDS_WITH_V4 = tuple(
    ip_network(network) for network in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")
)

#: The octets of the IPv4 address in a NAT64 address, by the length of the prefix (RFC 6052, section
#: 2.2). Octet 8 is reserved.
_NAT64_OCTETS = {
    32: (4, 5, 6, 7),
    40: (5, 6, 7, 9),
    48: (6, 7, 9, 10),
    56: (7, 9, 10, 11),
    64: (9, 10, 11, 12),
    96: (12, 13, 14, 15),
}
NAT64_LENGTHS = frozenset(_NAT64_OCTETS)

#: The block for NAT64 prefixes of a site (RFC 8215), whose lengths the site chooses.
_SITE_NAT64 = IPv6Network("64:ff9b:1::/48")

#: Interface identifiers of ISATAP (RFC 5214, section 6.1). The IPv4 address follows.
_ISATAP = frozenset({bytes.fromhex("00005efe"), bytes.fromhex("02005efe")})

_THIS_NETWORK = IPv4Network("0.0.0.0/8")

#: The paths of Splitflap's own page. None of them is the API's, in any spelling.
_OWN_PATH = re.compile(r"/(?:[a-z-]*(?:\.(?:png|svg|txt))?|static/[A-Za-z0-9._/-]*)(?:\?.*)?")


@dataclass(frozen=True, slots=True)
class AddressRules:
    """The operator's networks, beside the public addresses.

    `nat64` are the prefixes of the network's NAT64 translators. An address in them is judged by the
    IPv4 address inside alone. A preview may show the names in `hosts`, and their subdomains, even
    if they are names of private networks. The fetch judges each name by its addresses instead.
    `own_origin` is the one origin whose page the fetch and a preview may use at a private address.
    """

    allowed: tuple[Network, ...] = ()
    nat64: tuple[IPv6Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    own_origin: str | None = None

    def is_own_page(self, origin: str, path: str) -> bool:
        """Whether a URL is of Splitflap's own page: never its API, and no other name or port."""
        return origin == self.own_origin and _OWN_PATH.fullmatch(path) is not None

    def all_may_be_reached(self, addresses: Iterable[Address]) -> bool:
        """Whether all addresses of a name may be reached.

        One forbidden address bars the name. A public name has a private address only in an attack.
        """
        return all(self.may_be_reached(address) for address in addresses)

    def may_be_reached(self, address: Address) -> bool:
        """Whether an address is public or allowed, and so is each IPv4 address inside."""
        inside = self.inside(address)
        if not all(self.may_be_reached(each) for each in inside):
            return False
        if self._translators(address):
            return True
        return any(address in network for network in self.allowed) or _is_public(address)

    def is_in(self, address: Address, networks: Iterable[Network]) -> bool:
        """Whether an address, or an IPv4 address in it, is in one of the networks."""
        every = (address, *self.inside(address))
        return any(each in network for network in networks for each in every)

    def inside(self, address: Address) -> tuple[IPv4Address, ...]:
        """The IPv4 addresses that an IPv6 address may lead to."""
        if isinstance(address, IPv4Address):
            return ()
        if translators := self._translators(address):
            return tuple(_translated(address, each.prefixlen) for each in translators)
        return tuple(_embedded(address))

    def _translators(self, address: Address) -> list[IPv6Network]:
        return [each for each in self.nat64 if address in each]


#: The rules without settings.
PUBLIC_ONLY = AddressRules()


@lru_cache(maxsize=MAX_PARSED)
def parsed(text: str) -> Address | None:
    """Parse a host as an address, or return None. Zones are invalid."""
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def _is_public(address: Address) -> bool:
    # SPECIAL covers the registry of today. Python's table follows later changes.
    if any(address in network for network in SPECIAL) or not address.is_global:
        return False
    return address.version == 4 or address in GLOBAL_UNICAST  # noqa: PLR2004 - IPv4's number


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses in an address outside the operator's NAT64 prefixes."""
    if address.teredo:
        yield from address.teredo  # its server and its client
    if address.sixtofour:
        yield address.sixtofour
    is_loopback = int(address) <= 1
    if not is_loopback and any(address in network for network in _ENDS_WITH_V4):
        yield _translated(address, 96)
    if address.packed[8:12] in _ISATAP:
        yield _translated(address, 96)
    if address in _SITE_NAT64:
        yield from _of_unknown_length(address)


def _of_unknown_length(address: IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 address by each possible length of the site's prefix.

    No translator sends packets to 0.0.0.0/8, so such a result means that the prefix has another
    length. If all results are such, the address leads nowhere, and one of them forbids it.
    """
    lengths = [each for each in NAT64_LENGTHS if each >= _SITE_NAT64.prefixlen]
    found = {_translated(address, length) for length in lengths}
    yield from {each for each in found if each not in _THIS_NETWORK} or found


def _translated(address: IPv6Address, length: int) -> IPv4Address:
    """The IPv4 address in a NAT64 address, by the length of its prefix."""
    packed = address.packed
    return IPv4Address(bytes(packed[octet] for octet in _NAT64_OCTETS[length]))
