"""The addresses that the fetch may connect to: public ones, and the operator's allowed networks.

Sources: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890), as Python's `ipaddress`
has them, and the list below. An IPv6 address that carries an IPv4 address is never public: a
translator or tunnel on the way would deliver the packets to the IPv4 address.
"""

from collections.abc import Iterable, Sequence
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
    ip_network(network)
    for network in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
)


def all_may_be_reached(addresses: Iterable[Address], allowed: Sequence[Network]) -> bool:
    """Whether all addresses of a name may be reached.

    One forbidden address bars the name. A public name has a private address only in an attack.
    """
    return all(may_be_reached(address, allowed) for address in addresses)


def may_be_reached(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether an address is public, or in one of the `allowed` networks.

    If it carries an IPv4 address, the check holds for both.
    """
    inner = _embedded(address)
    if inner is not None and not may_be_reached(inner, allowed):
        return False
    return any(address in network for network in allowed) or _is_public(address)


def is_in(address: Address, networks: Sequence[Network]) -> bool:
    """Whether an address, or the IPv4 address in it, is in one of the networks."""
    inner = _embedded(address)
    return any(address in each or (inner is not None and inner in each) for each in networks)


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


def _embedded(address: Address) -> IPv4Address | None:
    """Return the IPv4 address inside an IPv6 address."""
    if isinstance(address, IPv4Address):
        return None
    if address.teredo:
        return address.teredo[1]
    if address.sixtofour:
        return address.sixtofour
    is_loopback = int(address) <= 1
    if not is_loopback and any(address in network for network in _ENDS_WITH_V4):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None
