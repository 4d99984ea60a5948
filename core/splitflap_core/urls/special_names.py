"""Host names that lead a browser into its own network or to no web site at all.

Sources: IANA's registries of special-use names (RFC 6761) and of the root zone, RFC 6762 appendix
G, and ICANN's reserved names. `example` is not among them: it leads nowhere, and texts use it.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address

from splitflap_core.urls.addresses import Address, parsed

#: Last labels that are never a public web site's.
_PRIVATE_ENDS = frozenset(
    {
        "localhost",  # loopback, RFC 6761
        "test", "invalid",  # RFC 6761
        "local",  # multicast DNS, RFC 6762
        "arpa",  # `home.arpa`, RFC 8375; `service`, `resolver` and the reverse zones
        "onion",  # RFC 7686
        "alt",  # RFC 9476
        "internal",  # reserved by ICANN in 2024; clouds' metadata services, Docker
        "intranet", "private", "corp", "home", "lan",  # RFC 6762, appendix G
        "mail",  # withheld by ICANN, with `corp` and `home`
        "localdomain", "localdomain6", "localhost4", "localhost6",  # in files of hosts
        "domain", "workgroup", "intra", "localnet", "gateway", "router", "modem", "dhcp",
        "svc", "cluster", "consul", "docker", "kubernetes",  # inside of clusters
        "belkin", "ip", "cpe",  # routers, such as `speedport.ip`
        "i2p", "exit", "bit",  # other networks than the internet
    }
)  # fmt: skip

#: Names, with their subdomains, of routers in their own network, and of loopback.
_PRIVATE_NAMES = frozenset(
    {
        "fritz.box", "easy.box", "o2.box", "routerlogin.net", "routerlogin.com", "orbilogin.com",
        "orbilogin.net", "mywifiext.net", "tplinkwifi.net", "tplinklogin.net", "tplinkap.net",
        "tplinkrepeater.net", "router.asus.com", "repeater.asus.com", "asusrouter.com",
        "localtest.me", "lvh.me", "vcap.me", "lacolhost.com", "fuf.me", "local.gd", "localho.st",
    }
)  # fmt: skip

#: Services whose names contain their address: `10.0.0.1.nip.io`, `a-10-0-0-1.sslip.io`.
_WITH_ADDRESS = frozenset(
    {
        "nip.io", "sslip.io", "xip.io", "xip.name", "traefik.me", "backname.io", "plex.direct",
        "local-ip.co", "local-ip.sh", "local-ip.dev", "localip.dev", "rbndr.us", "1u.ms",
    }
)  # fmt: skip

#: Four decimal numbers after dots or dashes. The lookahead finds overlapping ones too.
_DECIMAL = re.compile(
    r"(?<![0-9])(?=([0-9]{1,3})[.-]([0-9]{1,3})[.-]([0-9]{1,3})[.-]([0-9]{1,3})(?![0-9]))"
)
_HEXADECIMAL = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?![0-9a-f])")


#: Names whose judgement is remembered. The URLs of a page share few hosts.
MAX_JUDGED = 256


@lru_cache(maxsize=MAX_JUDGED)
def is_private(name: str) -> bool:
    """Whether a name, in the form of `WebUrl.host`, is special or common in private networks.

    A name of one label is one: a browser finds it by its search domains.
    """
    return (
        "." not in name
        or name.rpartition(".")[2] in _PRIVATE_ENDS
        or suffix_in(name, _PRIVATE_NAMES) is not None
    )


@lru_cache(maxsize=MAX_JUDGED)
def addresses_in(name: str) -> tuple[Address, ...]:
    """The addresses in a name of a service that resolves names to them."""
    service = suffix_in(name, _WITH_ADDRESS)
    return tuple(_before(service, name)) if service else ()


def _before(service: str, name: str) -> Iterator[Address]:
    rest = name.removesuffix(service).rstrip(".")
    yield from filter(None, map(_of_numbers, _DECIMAL.findall(rest)))
    yield from (IPv4Address(int(each, 16)) for each in _HEXADECIMAL.findall(rest))
    # IPv6 has dashes for its colons, in a label.
    of_six = (parsed(label.replace("-", ":")) for label in rest.split(".") if "-" in label)
    yield from filter(None, of_six)


def _of_numbers(numbers: tuple[str, ...]) -> Address | None:
    return parsed(".".join(str(int(each)) for each in numbers))


def suffix_in(name: str, names: frozenset[str]) -> str | None:
    """The one of these names that a name is, or is a subdomain of."""
    while name not in names:
        _, dot, name = name.partition(".")
        if not dot:
            return None
    return name
