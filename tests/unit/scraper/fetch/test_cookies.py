"""Cookies of a visit (RFC 6265bis)."""

import pytest
from splitflap_scraper.fetch.cookies.jar import MAX_COOKIES, MAX_HEADER, CookieJar
from splitflap_scraper.fetch.targets.urls import target_of


def sent(url: str, *lines: str, by: str = "https://www.example.com/a/b?c") -> str:
    """Return the Cookie header for a URL after a response with these Set-Cookie headers."""
    jar = CookieJar()
    jar.store(target_of(by), lines)
    return jar.header(target_of(url))


@pytest.mark.parametrize(
    ("line", "there", "elsewhere"),
    [
        ("a=b", "https://www.example.com/a/", "https://example.com/a/"),
        ("a=b", "https://www.example.com:8443/a/", "https://x.www.example.com/a/"),
        ("a=b; Domain=example.com", "https://example.com/a/", "https://example.com.evil.com/a/"),
        ("a=b; domain=.EXAMPLE.com", "https://x.y.example.com/a/", "https://badexample.com/a/"),
        ("a=b; Domain=www.example.com", "https://x.www.example.com/a/", "https://example.com/a/"),
        ("a=b; Path=/", "https://www.example.com/", "https://other.com/"),
        ("a=b; Path=/x", "https://www.example.com/x", "https://www.example.com/xy"),
        ("a=b; Path=/x/", "https://www.example.com/x/y", "https://www.example.com/x"),
        ("a=b; Path=x", "https://www.example.com/a/z", "https://www.example.com/x"),
        ("a=b", "https://www.example.com/a", "https://www.example.com/"),
        ("a=b; Secure", "https://www.example.com/a", "http://www.example.com/a"),
        ("a=b; Domain=", "https://www.example.com/a", "https://x.www.example.com/a"),
        ("a=b; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "https://www.example.com/a",
         "https://evil.org/"),
    ],
)  # fmt: skip
def test_a_cookie_goes_only_where_it_belongs(line: str, there: str, elsewhere: str) -> None:
    """Its domain, path and scheme must match."""
    assert sent(there, line) == "a=b"
    assert sent(elsewhere, line) == ""


@pytest.mark.parametrize(
    ("by", "domain"),
    [
        ("https://www.example.com/", "com"),
        ("https://www.example.com/", ".com"),
        ("https://www.example.co.uk/", "co.uk"),
        ("https://a.github.io/", "github.io"),
        ("https://a.blogspot.com/", "blogspot.com"),
        ("https://shop.xn--p1ai/", "xn--p1ai"),
        ("https://a.unheard-of/", "unheard-of"),
        ("https://www.example.com/", "other.com"),
        ("https://example.com/", "www.example.com"),
        ("https://badexample.com/", "example.com"),
        ("http://93.184.216.34/", "184.216.34"),
        ("http://93.184.216.34/", "216.34"),
        ("http://[2606:2800::1]/", "[2606:2800::1]"),
        ("http://0x5db8d822/", "0x5db8d822"),
        ("https://www.example.com/", "www.example.com:443"),
        ("https://www.example.com/", "..example.com"),
        ("https://www.xn--mnchen-3ya.de/", "m\u00fcnchen.de"),
        ("https://www.k.example/", "\u212a.example"),
        ("https://www.example.com/", "x" * 2000 + ".com"),
    ],
)
def test_a_cookie_for_another_domain_is_refused(by: str, domain: str) -> None:
    """A public suffix and an address belong to several owners."""
    jar = CookieJar()
    jar.store(target_of(by), [f"a=b; Path=/; Domain={domain}"])
    # An attribute beyond its limit is ignored, so the cookie is for the host alone.
    assert len(jar) == (1 if len(domain) > 1000 else 0)
    for other in ("https://example.com/", "https://x.www.example.com/", "https://b.github.io/"):
        assert jar.header(target_of(other)) == ""


@pytest.mark.parametrize(
    ("host", "domain"),
    [("github.io", "github.io"), ("93.184.216.34", "93.184.216.34"), ("localhost", "localhost")],
)
def test_a_public_suffix_may_set_a_cookie_for_itself_alone(host: str, domain: str) -> None:
    """Some of them are sites too. An address has no subdomains either."""
    for name in ("a", "__Host-a"):
        line = f"{name}=b; Domain={domain}; Secure; Path=/"
        assert sent(f"https://{host}/", line, by=f"https://{host}/") == f"{name}=b"
    assert sent("https://x.github.io/", line, by=f"https://{host}/") == ""


@pytest.mark.parametrize(
    "line",
    [
        "",
        ";",
        "=",
        "=; Path=/",
        "a=\x01",
        "a\x7f=b",
        "a=" + "b" * 4096,
        "a" * 70_000,
        "a=b; Max-Age=0",
        "a=b; Max-Age=-1",
        "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "a=b; expires=Thu, 01-Jan-1970 00:00:10 GMT",
        "__Secure-a=b",
        "__Host-a=b; Secure",
        "__Host-a=b; Secure; Path=/; Domain=www.example.com",
        "__host-a=b; Secure; Path=/x",
        "__Host-a; Secure; Path=/",
        "a=b; SameSite=None",
        "a=b; samesite=NONE; Path=/",
    ],
)
def test_an_invalid_or_expired_cookie_is_ignored(line: str) -> None:
    """Other cookies of the response stay."""
    assert sent("https://www.example.com/a", line) == ""
    assert sent("https://www.example.com/a", line, "c=d") == "c=d"


@pytest.mark.parametrize(
    ("line", "pair"),
    [
        ("a", "a"),
        ("=a", "a"),
        ("a=", "a="),
        (' a = "b=c" ; HttpOnly', 'a="b=c"'),
        ("a=b; Expires=nonsense", "a=b"),
        ("a=b; Expires=" + "1" * 5000, "a=b"),
        ("a=b; Expires=Thu, 01 Jan 9999999999 00:00:00 GMT", "a=b"),
        ("a=b; Max-Age=" + "9" * 900, "a=b"),
        ("a=b; Path=/a; Path=/", "a=b"),
        ("a=b; Partitioned; SameSite=None; Secure; Priority=High", "a=b"),
        ("a=b; SameSite=Strict", "a=b"),
        ("__Secure-a=b; Secure", "__Secure-a=b"),
        ("__Host-a=b; Secure; Path=/", "__Host-a=b"),
        ("a=\xe9", "a=\xe9"),
    ],
)
def test_odd_cookies_are_sent(line: str, pair: str) -> None:
    """As browsers send them."""
    assert sent("https://www.example.com/a/b", line) == pair


def test_a_later_cookie_replaces_an_earlier_one() -> None:
    """A cookie that has expired removes it."""
    assert sent("https://www.example.com/a/", "a=1", "c=d", "a=2") == "a=2; c=d"
    assert sent("https://www.example.com/a/", "a=1", "c=d", "a=; Max-Age=0") == "c=d"
    assert sent("https://www.example.com/a/", "a=1; Path=/", "a=2") == "a=2; a=1"


def test_a_response_over_http_changes_no_cookie_for_https() -> None:
    """Anybody on the way may write such a response."""
    jar = CookieJar()
    jar.store(target_of("https://example.com/"), ["a=1; Secure"])
    jar.store(target_of("http://example.com/"), ["a=2", "c=3; Secure", "__Secure-d=4; Secure"])
    assert jar.header(target_of("https://example.com/")) == "a=1"
    assert jar.header(target_of("http://example.com/")) == ""


@pytest.mark.parametrize(
    ("kept", "new"),
    [
        ("s=1; Secure; Path=/; Domain=example.com", "s=2; Path=/"),
        ("s=1; Secure; Path=/; Domain=example.com", "s=2; Path=/x; Domain=a.example.com"),
        ("s=1; Secure; Path=/", "s=2; Path=/; Domain=example.com"),
        ("s=1; Secure; Path=/x", "s=2; Path=/x/y"),
        ("s=1; Secure; Path=/x", "s=; Path=/x; Max-Age=0"),
    ],
)
def test_a_response_over_http_adds_no_cookie_beside_one_for_https(kept: str, new: str) -> None:
    """A site cannot tell two cookies of one name apart. Domains count both ways."""
    jar = CookieJar()
    jar.store(target_of("https://a.example.com/"), [kept])
    jar.store(target_of("http://a.example.com/"), [new])
    assert jar.header(target_of("https://a.example.com/x/y")) == "s=1"


@pytest.mark.parametrize(
    ("kept", "new"),
    [
        ("s=1; Secure; Path=/x", "s=2; Path=/"),
        ("s=1; Secure; Path=/x", "s=2; Path=/xy"),
        ("s=1; Secure; Path=/; Domain=b.example.com", "s=2; Path=/"),
        ("s=1; Path=/; Domain=example.com", "s=2; Path=/"),
        ("t=1; Secure; Path=/", "s=2; Path=/"),
    ],
)
def test_a_response_over_http_may_set_the_neighbours_of_a_cookie_for_https(
    kept: str, new: str
) -> None:
    """Another path, another domain or another name overlays nothing."""
    jar = CookieJar()
    for host in ("a.example.com", "b.example.com"):
        jar.store(target_of(f"https://{host}/"), [kept])
    jar.store(target_of("http://a.example.com/"), [new])
    assert "s=2" in jar.header(target_of("http://a.example.com/xy"))


def test_a_cookie_for_https_leaves_a_full_jar_last() -> None:
    """A response over http must not push it out."""
    jar = CookieJar()
    jar.store(target_of("https://example.com/"), ["a=1; Secure"])
    jar.store(target_of("http://example.com/"), [f"n{number}=1" for number in range(100)])
    assert len(jar) == MAX_COOKIES
    assert jar.header(target_of("https://example.com/")).startswith("a=1")


def test_number_and_size_of_cookies_are_bounded() -> None:
    """The oldest ones leave the jar, and a header has 6 KiB."""
    lines = [f"n{number}=1" for number in range(1000)]
    pairs = sent("https://www.example.com/a", *lines).split("; ")
    assert pairs == [f"n{number}=1" for number in range(1000 - MAX_COOKIES, 1000)]
    large = [f"n{number}={'x' * 1000}" for number in range(1000)]
    assert len(sent("https://www.example.com/a", *large)) <= MAX_HEADER
