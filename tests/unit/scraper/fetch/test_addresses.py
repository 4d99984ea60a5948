"""Public and forbidden addresses, in every form of IPv6 that carries an IPv4 address."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_scraper.fetch.targets.addresses import all_may_be_reached, may_be_reached, parsed

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
    assert may_be_reached(ip_address(address), ())


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_special_address_is_forbidden(address: str) -> None:
    """Translated and unassigned addresses are forbidden too."""
    assert not may_be_reached(ip_address(address), ())


@pytest.mark.parametrize("address", FORBIDDEN)
def test_an_allowed_network_may_be_reached(address: str) -> None:
    """The address inside an IPv6 address needs its own permission."""
    networks = [ip_network(address), ip_network("0.0.0.0/0")]
    assert may_be_reached(ip_address(address), networks)


@pytest.mark.parametrize(
    "address",
    ["::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::", "::a00:1"],
)
def test_an_allowed_translator_hides_no_forbidden_address(address: str) -> None:
    """NAT64 is such a translator."""
    assert not may_be_reached(ip_address(address), [ip_network("::/0")])
    both = [ip_network("::/0"), ip_network("10.0.0.0/8")]
    assert may_be_reached(ip_address(address), both)


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_a_mapped_address_has_the_rules_of_its_ipv4_address(address: object) -> None:
    """Each form is checked."""
    inner = ip_address(str(address))
    for prefix in ("::ffff:", "64:ff9b::", "::"):
        outer = ip_address(f"{prefix}{inner}")
        assert not may_be_reached(outer, ())
        if may_be_reached(outer, [ip_network("::/0")]) and int(outer) > 1:
            assert may_be_reached(inner, ())


def test_one_forbidden_address_bars_the_name() -> None:
    """The name's public address does not help."""
    public, private = ip_address("8.8.8.8"), ip_address("10.0.0.1")
    assert all_may_be_reached([public], ())
    assert not all_may_be_reached([public, private], ())
    assert all_may_be_reached([public, private], [ip_network("10.0.0.0/8")])


@pytest.mark.parametrize("text", ["fe80::1%eth0", "127.1", "0x7f.1", "2130706433", "", "a.example"])
def test_other_notations_are_names(text: str) -> None:
    """The resolver reads them, and its answer is checked."""
    assert parsed(text) is None
