"""Public and forbidden addresses, in every form of IPv6 that carries an IPv4 address."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_core.urls.addresses import PUBLIC_ONLY, Address, AddressRules, parsed


def allowing(*networks: str, nat64: str = "") -> AddressRules:
    """The rules of an operator with these networks and NAT64 prefixes."""
    prefixes = tuple(IPv6Network(each) for each in nat64.split())
    return AddressRules(tuple(map(ip_network, networks)), prefixes)


PUBLIC = [
    "8.8.8.8",
    "93.184.215.14",
    "100.128.0.1",
    "172.32.0.1",
    "2606:4700::1111",
    "2a00:1450::5",
]

FORBIDDEN = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_reached(address: str) -> None:
    """No setting is needed."""
    assert PUBLIC_ONLY.may_be_reached(ip_address(address))


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_special_address_is_forbidden(address: str) -> None:
    """Translated and unassigned addresses are forbidden too."""
    assert not PUBLIC_ONLY.may_be_reached(ip_address(address))


@pytest.mark.parametrize("address", FORBIDDEN)
def test_an_allowed_network_may_be_reached(address: str) -> None:
    """The address inside an IPv6 address needs its own permission."""
    assert allowing(address, "0.0.0.0/0").may_be_reached(ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::", "::a00:1"],
)
def test_an_allowed_translator_hides_no_forbidden_address(address: str) -> None:
    """NAT64 is such a translator."""
    assert not allowing("::/0").may_be_reached(ip_address(address))
    assert allowing("::/0", "10.0.0.0/8").may_be_reached(ip_address(address))


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_a_mapped_address_has_the_rules_of_its_ipv4_address(address: object) -> None:
    """Each form is checked."""
    inner = ip_address(str(address))
    for prefix in ("::ffff:", "64:ff9b::", "::"):
        outer = ip_address(f"{prefix}{inner}")
        assert not PUBLIC_ONLY.may_be_reached(outer)
        if allowing("::/0").may_be_reached(outer) and int(outer) > 1:
            assert PUBLIC_ONLY.may_be_reached(inner)


def test_one_forbidden_address_bars_the_name() -> None:
    """The name's public address does not help."""
    public, private = ip_address("8.8.8.8"), ip_address("10.0.0.1")
    assert PUBLIC_ONLY.all_may_be_reached([public])
    assert not PUBLIC_ONLY.all_may_be_reached([public, private])
    assert allowing("10.0.0.0/8").all_may_be_reached([public, private])


@pytest.mark.parametrize("text", ["fe80::1%eth0", "127.1", "0x7f.1", "2130706433", "", "a.example"])
def test_other_notations_are_names(text: str) -> None:
    """The resolver reads them, and its answer is checked."""
    assert parsed(text) is None


#: The examples of RFC 6052, section 2.4, for 192.0.2.33, with other IPv4 addresses inside.
LAYOUTS = {
    "2001:db8::/32": "2001:db8:{0:02x}{1:02x}:{2:02x}{3:02x}::",
    "2001:db8:100::/40": "2001:db8:1{0:02x}:{1:02x}{2:02x}:{3:02x}::",
    "2001:db8:122::/48": "2001:db8:122:{0:02x}{1:02x}:{2:02x}:{3:02x}00::",
    "2001:db8:122:300::/56": "2001:db8:122:3{0:02x}:{1:02x}:{2:02x}{3:02x}::",
    "2001:db8:122:344::/64": "2001:db8:122:344:{0:02x}:{1:02x}{2:02x}:{3:02x}00::",
    "2001:db8:122:344::/96": "2001:db8:122:344::{0:02x}{1:02x}:{2:02x}{3:02x}",
    "64:ff9b::/96": "64:ff9b::{0:02x}{1:02x}:{2:02x}{3:02x}",
    "64:ff9b:1::/48": "64:ff9b:1:{0:02x}{1:02x}:{2:02x}:{3:02x}00::",
    "64:ff9b:1:fffe::/64": "64:ff9b:1:fffe:{0:02x}:{1:02x}{2:02x}:{3:02x}00::",
    "64:ff9b:1:fffe::/96": "64:ff9b:1:fffe::{0:02x}{1:02x}:{2:02x}{3:02x}",
}


def translated(layout: str, inner: str) -> Address:
    """The NAT64 address of an IPv4 address."""
    return ip_address(layout.format(*IPv4Address(inner).packed))


@pytest.mark.parametrize("prefix", LAYOUTS)
def test_a_nat64_address_is_judged_by_the_address_inside(prefix: str) -> None:
    """The length of the configured prefix says where the IPv4 address is (RFC 6052)."""
    rules = allowing(nat64=prefix)
    for inner in ("8.8.8.8", "93.184.215.14", "1.0.0.1"):
        outer = translated(LAYOUTS[prefix], inner)
        assert rules.inside(outer) == (IPv4Address(inner),)
        assert rules.may_be_reached(outer), outer
    for inner in ("10.0.0.1", "127.0.0.1", "169.254.169.254", "0.0.0.0", "192.168.1.1"):
        assert not rules.may_be_reached(translated(LAYOUTS[prefix], inner)), inner


@pytest.mark.parametrize("prefix", LAYOUTS)
def test_an_allowed_network_is_allowed_inside_a_nat64_address_too(prefix: str) -> None:
    """The IPv4 address decides."""
    rules = allowing("10.0.0.0/8", nat64=prefix)
    assert rules.may_be_reached(translated(LAYOUTS[prefix], "10.0.0.1"))


def test_the_bits_after_the_address_do_not_hide_it() -> None:
    """A translator ignores the suffix, which may look like a public address."""
    outer = ip_address("64:ff9b:1:a00:0:100:808:808")
    assert not allowing("64:ff9b:1::/48").may_be_reached(outer)
    assert not allowing(nat64="64:ff9b:1::/48").may_be_reached(outer)


@pytest.mark.parametrize("length", [48, 56, 64, 96])
@pytest.mark.parametrize("inner", ["10.0.0.1", "127.0.0.1", "192.168.1.1", "169.254.169.254"])
def test_a_prefix_of_unknown_length_hides_no_forbidden_address(length: int, inner: str) -> None:
    """In the site's block each possible length is judged. Only `nat64` names the length."""
    layout = {
        48: LAYOUTS["64:ff9b:1::/48"],
        56: "64:ff9b:1:{0:02x}:{1:02x}:{2:02x}{3:02x}::",
        64: "64:ff9b:1:0:{0:02x}:{1:02x}{2:02x}:{3:02x}00::",
        96: "64:ff9b:1::{0:02x}{1:02x}:{2:02x}{3:02x}",
    }[length]
    assert not allowing("64:ff9b:1::/48").may_be_reached(translated(layout, inner))
    assert allowing("64:ff9b:1::/48").may_be_reached(translated(layout, "8.8.8.8"))


@pytest.mark.parametrize("address", ["2a00::5efe:10.0.0.1", "2a00::200:5efe:192.168.0.1"])
def test_an_isatap_address_is_judged_by_the_address_inside(address: str) -> None:
    """The tunnel would deliver the packets to the IPv4 address."""
    assert not PUBLIC_ONLY.may_be_reached(ip_address(address))
    assert PUBLIC_ONLY.may_be_reached(ip_address("2a00::5efe:8.8.8.8"))
    assert allowing("10.0.0.0/8").may_be_reached(ip_address("2a00::5efe:10.0.0.1"))


def test_both_addresses_of_teredo_are_judged() -> None:
    """Its server is in the first half, its client in the second."""
    server = IPv6Address("2001:0:a00:1:8000:63bf:f7f7:f7f7")
    assert [str(each) for each in PUBLIC_ONLY.inside(server)] == ["10.0.0.1", "8.8.8.8"]
    assert not allowing("2001::/32").may_be_reached(server)
    assert allowing("2001::/32", "10.0.0.0/8").may_be_reached(server)


def test_a_denied_network_bars_the_address_inside() -> None:
    """A list of networks means the host behind a translator too."""
    outer = translated(LAYOUTS["2001:db8:122::/48"], "8.8.8.8")
    denied = [ip_network("8.8.8.0/24")]
    assert allowing(nat64="2001:db8:122::/48").is_in(outer, denied)
    assert not allowing(nat64="2001:db8:123::/48").is_in(outer, denied)
