"""The URLs that a preview may show: none leads a reader's browser into a private network."""

import re
from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_core.urls import shown
from splitflap_core.urls.addresses import PUBLIC_ONLY, AddressRules
from splitflap_core.urls.shown import Withheld, shown_url
from splitflap_core.urls.special_names import MAX_GROUPS, addresses_in, is_private
from splitflap_core.urls.web_url import BadUrl

from tests.integration.scraper.ssrf.cases import barred, neighbours

#: Names of private networks, of routers, and of services that resolve to an address in the name.
NAMES = (
    # Loopback (RFC 6761), in several spellings.
    "localhost", "LOCALHOST.", "foo.localhost", "a.b.localhost.", "\u24dbocalhost",
    "foo.loc\u00adalhost", "localhost%2elocaldomain", "localhost.localdomain",
    "localhost6.localdomain6", "localhost4", "ip6-localhost", "foo%2elocalhost",
    # One label: a browser tries its search domains.
    "intranet", "wiki", "router", "metadata", "kubernetes", "ai", "a_b", "xn--bcher-kva",
    # Special-use names and reserved ones.
    "printer.local", "PRINTER.LOCAL.", "printer\u3002local", "printer\uff0elocal",
    "_http._tcp.local",
    "a.internal", "metadata.google.internal", "host.docker.internal", "ip-10-0-0-1.ec2.internal",
    "nas.home.arpa", "home.arpa", "1.0.0.127.in-addr.arpa", "ipv4only.arpa", "resolver.arpa",
    "service.arpa", "a.onion", "a.test", "a.invalid", "a.alt",
    # Last labels in wide use (RFC 6762, appendix G; ICANN).
    "nas.lan", "nas.home", "wiki.corp", "wiki.intranet", "wiki.private", "mx.mail", "a.localdomain",
    "wiki.intra", "pc.workgroup", "a.domain", "livebox.home", "a.gateway",
    # Last labels that no registry has: the rule needs no list of them.
    "nas.intern", "a.priv", "wiki.loc", "pi.hole", "fritz.nas", "fritz.repeater", "a.homenet",
    "a.localdomain4", "web.setup", "a.wifi", "a.lokal", "a.bbrouter", "a.unheard-of", "a.xn--lokal",
    "vodafone.station", "telekom.zuhause", "a.123x", "a.b_c",
    # Clusters.
    "kubernetes.default.svc", "api.default.svc.cluster.local", "web.service.consul",
    # Routers.
    "fritz.box", "www.fritz.box", "routerlogin.net", "tplinkwifi.net", "router.asus.com",
    "mwlogin.net", "console.gl-inet.com", "zyxelwifi.com",
    "speedport.ip", "homerouter.cpe", "miwifi.com", "tendawifi.com", "hi.link", "www.hi.link",
    "linksyssmartwifi.com", "my.keenetic.net", "setup.ubnt.com", "gateway.2wire.net",
    # Public names with private addresses.
    "127.0.0.1.nip.io", "app.10.0.0.1.nip.io", "app-192-168-1-1.nip.io", "7f000001.nip.io",
    "a-c0a80101.nip.io", "169-254-169-254.sslip.io", "www.172.16.0.1.sslip.io", "--1.sslip.io",
    "fe80--1.sslip.io", "fd00-ec2--254.sslip.io", "--ffff-10-0-0-1.sslip.io", "10.0.0.1.xip.io",
    "www-fd00--1.sslip.io", "fd00--1-www.sslip.io", "x-y-fd00--1-d-e.sslip.io",
    "www---1.sslip.io", "2606--1-x-fd00--1.sslip.io",
    "a.www-fe80--1-2-3.b.sslip.io",
    "8.8.8.8.10.0.0.1.nip.io", "8.8.8.127.0.0.1.nip.io", "10.8.8.8.8.nip.io",
    "192-168-1-2.0123456789abcdef.plex.direct", "127-0-0-1.my.local-ip.co", "NIP.10.0.0.1.NIP.IO.",
    "7f000001.08080808.rbndr.us", "make-8-8-8-8-rebind-127-0-0-1-rr.1u.ms",
    "app.lndo.site", "app.ddev.site", "demo.localdev.me", "app.lcl.host",
    "localtest.me", "app.localtest.me", "lvh.me", "a.lvh.me", "vcap.me", "local.gd",
)  # fmt: skip

#: Addresses with a private meaning.
ADDRESSES = (
    "2130706433", "0xc0a80001", "127.1", "0177.0.0.1", "0x7f.1", "10.1", "192.168.257", "0",
    "017700000001", "3232235777", "169.254.169.254", "0xa9fea9fe", "100.64.0.1", "172.31.255.255",
    "[::1]", "[::]", "[::ffff:10.0.0.1]", "[::ffff:a00:1]", "[::10.0.0.1]", "[64:ff9b::a00:1]",
    "[64:ff9b:1::a00:1]", "[2002:a00:1::]", "[2a00::5efe:10.0.0.1]", "[fd00::1]", "[fe80::1]",
    "[fe80::1%25eth0]", "[fec0::1]", "[ff02::1]", "\u2460\u2461\u2466.1", "127%2e1",
)  # fmt: skip

#: Public neighbours of all of these.
PUBLIC = (
    "localhost.example.com", "notlocalhost.com", "localhost.com", "local-host.org", "mylocal.com",
    "foo.local.example", "local.com", "lan.com", "www.lan.de", "internal.com", "a.internal.example",
    "home.arpa.example", "arpa.com", "onion.com", "theonion.com", "test.com", "a.test.example",
    "corp.com", "intranet.org", "private.com", "home.pl", "a.homes", "a.host", "a.network",
    "a.zone",
    "a.link", "www.link.example", "keenetic.net", "ubnt.com", "2wire.net", "fritz.box.de",
    "a.priv.no", "nas.international", "a.bd", "www.gov.bd", "www.ck", "a.b.kawasaki.jp",
    "xn--e1afmkfd.xn--p1ai", "a.xn--fiqs8s", "a.google", "a.app", "a.dev", "a.zip", "a.mov",
    "www-2606-4700--1111.sslip.io", "www-2606-4700--1111-a-b.sslip.io",
    "mail.google.com", "mail.ru", "a.email", "svc.de", "a.box", "a.fritz.box.example",
    "myrouterlogin.net", "asus.com", "www.asus.com", "localtest.me.example", "alvh.me",
    "nip.io", "www.nip.io", "sslip.io", "8.8.8.8.nip.io", "a-8-8-8-8.sslip.io", "08080808.nip.io",
    "2606-4700--1111.sslip.io", "10.0.0.1.example.com", "127-0-0-1.example.com", "10-0-0-1.de",
    "127.0.0.1.nip.io.example", "mynip.io", "8-8-8-8.0123456789abcdef.plex.direct",
    "a.example", "xn--bcher-kva.example", "b\u00fccher.example", "a_b.example.com",
    "11.0.0.1", "9.255.255.255", "172.15.255.255", "172.32.0.1", "192.167.1.1", "192.169.0.1",
    "126.255.255.255", "128.0.0.1", "100.63.255.255", "100.128.0.1", "169.253.1.1", "169.255.1.1",
    "8.8.8.8", "134744072", "0x08080808", "223.255.255.255", "[2606:4700::1111]",
    "[2a00:1450:4001::1]", "[2400:cb00::1]",
)  # fmt: skip

#: A URL around each host.
FORMS = ("http://{}/x.png", "https://{}:443/", "HTTP://{}:8080/a?b=c#d", "https://{}")


def test_there_are_enough_cases() -> None:
    """Each is a different host."""
    assert len({*NAMES, *ADDRESSES}) >= 100
    assert len(set(PUBLIC)) >= 60


@pytest.mark.parametrize("host", [*NAMES, *ADDRESSES])
def test_no_form_of_a_private_host_is_shown(host: str) -> None:
    """With any scheme, port and path."""
    for form in FORMS:
        with pytest.raises(BadUrl):
            shown_url(form.format(host), PUBLIC_ONLY)


@pytest.mark.parametrize("host", barred())
def test_what_the_fetch_refuses_is_not_shown(host: str) -> None:
    """The cases of the fetch. A host that the text only seems to name may be public."""
    try:
        found = shown_url(f"http://{host.format(p=80)}/", PUBLIC_ONLY)
    except BadUrl:
        return
    assert found.startswith("http://8.8.8.8")


@pytest.mark.parametrize("host", [*PUBLIC, *neighbours()])
def test_a_public_neighbour_is_shown(host: str) -> None:
    """A preview loses nothing by the rule."""
    for form in FORMS:
        assert shown_url(form.format(host), PUBLIC_ONLY)


@pytest.mark.parametrize("end", ["com", "de", "ck", "box", "xn--p1ai", "google", "zone", "example"])
def test_a_name_under_a_top_level_domain_is_public(end: str) -> None:
    """Old and new ones, of countries and companies, and in other scripts."""
    assert not is_private(f"a.{end}")
    assert is_private(f"a.{end}-x")
    assert is_private(end)


def test_the_addresses_in_a_long_name_are_bounded() -> None:
    """An attacker chooses the name. Each of its parts begins few addresses."""
    name = ".".join(["-".join("12345678" * 4)[:63]] * 3) + ".sslip.io"
    assert len(addresses_in(name)) < MAX_GROUPS * len(name)


@pytest.mark.parametrize(
    "text",
    [
        "http://user:secret@a.example/x.png",
        "http://user@a.example/",
        "https://:secret@a.example/",
        "https://a.example@b.example/x.png",
        "https://a.example%40b@8.8.8.8/",
    ],
)
def test_a_url_with_credentials_is_not_shown(text: str) -> None:
    """It spoofs a host or asks for a log-in. Without them it is another resource."""
    with pytest.raises(BadUrl):
        shown_url(text, PUBLIC_ONLY)


@pytest.mark.parametrize(
    "port", [1, 21, 22, 23, 25, 81, 88, 445, 631, 3000, 3306, 5000, 5601, 6379, 8081, 9090, 9200]
)
def test_a_port_that_is_none_of_the_web_is_not_shown(port: int) -> None:
    """The name of a public host may have a private address when a reader looks it up."""
    with pytest.raises(Withheld):
        shown_url(f"http://a.example:{port}/x.png", PUBLIC_ONLY)
    with pytest.raises(Withheld):
        shown_url(f"http://8.8.8.8:{port}/x.png", PUBLIC_ONLY)


@pytest.mark.parametrize("port", [80, 443, 8080, 8443])
def test_a_port_of_the_web_is_shown(port: int) -> None:
    """Of either scheme."""
    for scheme in ("http", "https"):
        assert shown_url(f"{scheme}://a.example:{port}/x.png", PUBLIC_ONLY).endswith("/x.png")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://10.1.2.3:9000/a", True),
        ("http://0xa010203/a", True),
        ("http://10.1.2.3.nip.io/a", True),
        ("http://wiki.corp/a", True),
        ("http://wiki.corp:9000/a", True),
        ("http://img.wiki.corp/a", True),
        ("http://nas/a", True),
        ("http://NAS./a", True),
        ("http://10.2.0.1/a", False),
        ("http://10.2.0.1.nip.io/a", False),
        ("http://wikis.corp/a", False),
        ("http://corp/a", False),
        ("http://nas.lan/a", False),
        ("http://printer.local/a", False),
        ("http://a.example:9000/a", False),
    ],
)
def test_the_operators_own_networks_and_hosts_are_shown(url: str, shown: bool) -> None:
    """Networks by their addresses, hosts by their names. Neither opens anything else."""
    rules = AddressRules((ip_network("10.1.0.0/16"),), (), frozenset({"wiki.corp", "nas"}))
    if shown:
        assert shown_url(url, rules)
    else:
        with pytest.raises(BadUrl):
            shown_url(url, rules)
    with pytest.raises(BadUrl):
        shown_url(url, PUBLIC_ONLY)


def test_an_address_among_the_hosts_is_judged_by_the_networks() -> None:
    """The fetch does not reach it either."""
    with pytest.raises(BadUrl):
        shown_url("http://10.1.2.3/", AddressRules((), (), frozenset({"10.1.2.3"})))


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "data:image/png;base64,x",
        "file:///etc/passwd",
        "blob:https://a.example/1",
        "https://a.example/" + "x" * 2000,
        "https://a.example/" + "/.." * 4000,
    ],
)
def test_only_short_urls_of_the_web_are_shown(text: str) -> None:
    """Others run scripts, or read the reader's files."""
    with pytest.raises(BadUrl):
        shown_url(text, PUBLIC_ONLY)


def test_a_preview_shows_the_canonical_url() -> None:
    """A reader sees the host that the browser opens."""
    assert shown_url("HTTPS://0x08.8.8.8:443/ü", PUBLIC_ONLY) == "https://8.8.8.8/%C3%BC"


@settings(deadline=None)
@given(st.text("aZ09-._~:/?#[]@!$&'()*+,;=%|^`{}<>\\\" é\U0001f600", max_size=40))
def test_a_preview_shows_a_uri(path: str) -> None:
    """Browsers accept more characters than RFC 3986, but strict clients do not."""
    shown = shown_url(f"https://a.example/{path}", PUBLIC_ONLY)
    assert re.fullmatch(
        r"https://a\.example/(?:[\w\-.~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*", shown, re.ASCII
    )
    assert shown_url(shown, PUBLIC_ONLY) == shown


@settings(deadline=None)
@given(st.text("a1.-:@[]%/\\l\u24db\u3002", max_size=20), st.sampled_from(["", "local", "nip.io"]))
def test_a_shown_url_is_stable(host: str, end: str) -> None:
    """The API reads it as the scraper does."""
    try:
        shown = shown_url(f"http://{host}{end}/x", PUBLIC_ONLY)
    except BadUrl:
        return
    assert shown_url(shown, PUBLIC_ONLY) == shown


def test_a_long_path_is_refused_before_it_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Escapes only make it longer."""
    escaped: list[str] = []

    def counted(found: re.Match[str]) -> str:
        escaped.append(found[0])
        return "%7C"

    monkeypatch.setattr(shown, "_escaped", counted)
    with pytest.raises(BadUrl, match="more than 2000 characters"):
        shown_url("http://a.example/" + "|" * 3000, PUBLIC_ONLY)
    assert escaped == []
    with pytest.raises(BadUrl, match="more than 2000 characters"):
        shown_url("http://a.example/" + "|" * 1000, PUBLIC_ONLY)
    assert len(escaped) == 1000
