"""Ways to reach forbidden addresses, and the public neighbours of these addresses.

A case is a URL with some spelling of its host. In the test's network every address of the Internet
is the machine's own (run.py).
"""

from ipaddress import IPv4Address, IPv6Address, ip_network

from splitflap_core.settings import Network

#: Hosts with a private address in some interpretation. `{p}` is the port.
SPELLINGS = (
    # Loopback: decimal, octal, hexadecimal, short, mixed, with zeros, and beyond 32 bits.
    "127.0.0.1", "127.0.0.2", "127.1", "127.0.1", "127.255.255.254", "127.127", "2130706433",
    "0x7f000001", "0x7F.0x0.0x0.0x1", "0x7f.1", "017700000001", "0177.0.0.1", "0177.1",
    "0177.0x0.0.01", "127.0x1", "00000177.0.0.1", "0x0000007f.0.0.1", "127.000.000.001",
    "6425673729", "0x17f000001", "127.0.0.1.", "127.1.", "2130706433.",
    # This host.
    "0.0.0.0", "0", "0x0", "00", "0.0", "0.0.0.0.", "0.0.0.1",
    "localhost", "LOCALHOST", "localhost.", "LocalHost.",
    # Clouds' metadata and private networks, as numbers.
    "169.254.169.254", "2852039166", "0xa9fea9fe", "0xA9.254.0xA9.254", "0251.0376.0251.0376",
    "169.254.43518", "100.100.100.200", "192.0.0.192", "168.63.129.16",
    "2822734096", "10.0.0.1", "167772161", "012.1", "0xa.1", "3232235777", "0xc0a80101",
    "172.16.1", "0xac100001",
    # IDNA: full-width digits and dots, circled digits, other scripts' digits, ideographic stops.
    "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "127\uff0e0\uff0e0\uff0e1",
    "127\uff610\uff610\uff611", "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", "\uff10x7f.1",
    "\u0661\u0662\u0667.0.0.1", "\U0001d7cf\U0001d7d0\U0001d7d5.0.0.1", "1\u00b2\u2077.0.0.1",
    "\uff4cocalhost", "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3", "loc\u00adalhost",
    "127.0.0.1\u200b", "l\u200cocalhost", "\u2488\u2488\u2488\u2488",
    # Percent-encoding, invalid in a host name.
    "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "127.0.0.%31", "%6c%6f%63alhost", "127.0.0.1%00",
    "127.0.0.1%20", "127.0.0.1%09",
    # IPv6: loopback and unspecified, in full and short; zones; mapped, compatible, translated.
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::0.0.0.1]",
    "[::127.0.0.1]", "[::7f00:1]", "[::ffff:127.0.0.1]", "[::FFFF:7F00:1]", "[::ffff:0:127.0.0.1]",
    "[0:0:0:0:0:ffff:7f00:0001]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]",
    "[::ffff:10.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001:0:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]",
    "[::1%25lo]", "[::1%lo]", "[::1%1]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]", "[ff01::1]",
    "[fc00::1]", "[127.0.0.1]", "[::1", "::1]", "[[::1]]", "[::1].", "[::ffff:127.1]",
    "[v1.127.0.0.1]", "[::ffff:0x7f.0.0.1]",
    # Credentials, backslashes, fragments and queries, some of them repeated.
    "8.8.8.8@127.0.0.1", "user:8.8.8.8@127.0.0.1", "a@b@127.0.0.1", "8.8.8.8:80@127.0.0.1",
    "8.8.8.8%40127.0.0.1", "8.8.8.8%23@127.0.0.1", "8.8.8.8\\@127.0.0.1", "127.0.0.1\\@8.8.8.8",
    "127.0.0.1:{p}\\@8.8.8.8", "8.8.8.8 127.0.0.1", "127.0.0.1 .example", "127.0.0.1,8.8.8.8",
    "127.0.0.1;8.8.8.8", "127.0.0.1\t", "127.0.\t0.1", "127.0.\n0.1", "[::1]@127.0.0.1",
)  # fmt: skip

#: Special networks (IANA's special-purpose registries and RFCs, see addresses.py).
NETWORKS = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32",
    "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64",
    "2001::/32", "2001:2::/48", "2001:10::/28", "2001:20::/28", "2001:db8::/32", "2002::/16",
    "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)  # fmt: skip

#: Names of the test's resolver, with the addresses of each lookup.
NAMES = {
    "private.test": ["10.0.0.1"],
    "mixed.test": ["93.184.215.14 10.0.0.1"],
    "mixed6.test": ["2606:2800:21f:cb07::1 ::1"],
    "metadata.test": ["169.254.169.254"],
    "mapped.test": ["::ffff:127.0.0.1"],
    "nat64.test": ["64:ff9b::7f00:1"],
    "rebind.test": ["93.184.215.14", "127.0.0.1"],
    "rebind6.test": ["2606:2800:21f:cb07::1", "::1"],
}

#: The public address of a case.
PUBLIC = "93.184.215.14"


def written(address: IPv4Address | IPv6Address) -> str:
    """Return an address as the host of a URL."""
    return str(address) if address.version == 4 else f"[{address}]"


def barred() -> list[str]:
    """Return forbidden hosts: spellings, both ends of each network, and names."""
    ends = [
        written(address)
        for network in map(ip_network, NETWORKS)
        for address in (network[0], network[network.num_addresses // 2], network[-1])
    ]
    names = [name for name in NAMES if not name.startswith("rebind")]
    return [*dict.fromkeys([*SPELLINGS, *ends, *names])]


#: Ways of a public page to lead to another host. Each is a path of the server in run.py.
REDIRECTS = ("301", "302", "303", "307", "308")
LEADS = (*REDIRECTS, "refresh", "oembed", "robots")

#: The targets, one of each kind: each hop passes the same checks.
LED_TO = ("127.0.0.1", "[::1]", "2130706433", "[::ffff:169.254.169.254]", "private.test")


def neighbours() -> list[str]:
    """Return the public addresses just before and after each network."""
    networks = [ip_network(each) for each in (*NETWORKS, "2001::/23")]
    found = [
        type(each[0])(number)
        for each in networks
        for number in (int(each[0]) - 1, int(each[-1]) + 1)
        if 0 < number < 2**each.max_prefixlen
    ]
    public = [each for each in found if _is_public(each, networks)]
    return [written(each) for each in dict.fromkeys(public)]


def _is_public(address: IPv4Address | IPv6Address, networks: list[Network]) -> bool:
    if any(address in network for network in networks):
        return False
    return address.version == 4 or address in ip_network("2000::/3")
