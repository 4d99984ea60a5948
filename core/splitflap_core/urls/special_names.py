"""Host names that lead a browser into its own network or to no web site at all.

Sources: the root zone, as the public suffix list has it, IANA's registry of special-use names (RFC
6761), and the manuals of routers and of services whose names all lead to 127.0.0.1. The names of
manuals are the usual ones only: any site may point a name into a private network. A name under no
top-level domain is a name of somebody's network.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address

from splitflap_core.urls.addresses import Address, parsed
from splitflap_core.urls.public_suffixes import is_top_level

#: A last label that leads nowhere (RFC 2606), and which texts use.
_EXAMPLE = "example"

#: Top-level domains without web sites: infrastructure, and Tor's (RFC 7686), which the list has.
_WITHOUT_SITES = frozenset({"arpa", "onion"})

#: Names, with their subdomains, of routers in their own network, and of loopback. `.box` is a
#: top-level domain with sites of others.
_PRIVATE_NAMES = frozenset(
    {
        "fritz.box", "easy.box", "o2.box", "alice.box", "congstar.box", "connect.box",
        "routerlogin.net", "routerlogin.com", "orbilogin.com", "orbilogin.net", "mywifiext.net",
        "mywifiext.com", "tplinkwifi.net", "tplinklogin.net", "tplinkap.net", "tplinkrepeater.net",
        "tplinkextender.net", "tplinkmodem.net", "tplinkdeco.net", "tplinkmifi.net",
        "tplinkeap.net", "tplogin.cn", "melogin.cn", "falogin.cn", "router.asus.com",
        "repeater.asus.com", "asusrouter.com", "miwifi.com", "tendawifi.com", "hi.link",
        "huaweimobilewifi.com", "linksyssmartwifi.com", "extender.linksys.com",
        "my.keenetic.net", "setup.ubnt.com", "setup.ui.com", "gateway.2wire.net",
        "router.synology.com", "my.meraki.com", "setup.meraki.com", "ap.meraki.com",
        "switch.meraki.com", "wired.meraki.com", "instant.arubanetworks.com",
        "setmeup.arubanetworks.com", "mafreebox.freebox.fr", "mabbox.bytel.fr", "aterm.me",
        "mwlogin.net", "zyxelwifi.com", "console.gl-inet.com",
        "lndo.site", "ddev.site", "localdev.me", "lcl.host",
        "localtest.me", "lvh.me", "vcap.me", "lacolhost.com", "fuf.me", "local.gd", "localho.st",
        "smackaho.st", "localhost.domaincontrol.com",
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

#: Groups of an IPv6 address, with an empty one at its begin or end.
MAX_GROUPS = 9

#: Names whose judgement is remembered. The URLs of a page share few hosts.
MAX_JUDGED = 256


@lru_cache(maxsize=MAX_JUDGED)
def is_private(name: str) -> bool:
    """Whether a name, in the form of `WebUrl.host`, is no name of the public web.

    A name of one label is none: a browser finds it by its search domains.
    """
    _, dot, end = name.rpartition(".")
    is_public = end == _EXAMPLE or (end not in _WITHOUT_SITES and is_top_level(end))
    return not dot or not is_public or suffix_in(name, _PRIVATE_NAMES) is not None


@lru_cache(maxsize=MAX_JUDGED)
def addresses_in(name: str) -> tuple[Address, ...]:
    """The addresses in a name of a service that resolves names to them."""
    service = suffix_in(name, _WITH_ADDRESS)
    return tuple(_before(service, name)) if service else ()


def _before(service: str, name: str) -> Iterator[Address]:
    rest = name.removesuffix(service).rstrip(".")
    yield from filter(None, map(_of_numbers, _DECIMAL.findall(rest)))
    yield from (IPv4Address(int(each, 16)) for each in _HEXADECIMAL.findall(rest))
    for label in rest.split("."):
        yield from _of_six(label.split("-"))


def _of_six(groups: list[str]) -> Iterator[Address]:
    """The IPv6 addresses with dashes for their colons, between any other parts of a label.

    The service finds the first one. The rest of an address is none, as in `2606-4700--1`.
    """
    begin = 0
    while begin < len(groups):
        ends = range(begin + 1, min(begin + MAX_GROUPS, len(groups)) + 1)
        found = [(each, parsed(":".join(groups[begin:each]))) for each in ends]
        yield from filter(None, (address for _, address in found))
        begin = max((end for end, address in found if address), default=begin + 1)


def _of_numbers(numbers: tuple[str, ...]) -> Address | None:
    return parsed(".".join(str(int(each)) for each in numbers))


def suffix_in(name: str, names: frozenset[str]) -> str | None:
    """The one of these names that a name is, or is a subdomain of."""
    while name not in names:
        _, dot, name = name.partition(".")
        if not dot:
            return None
    return name
