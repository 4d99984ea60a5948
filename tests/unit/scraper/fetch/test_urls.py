"""URLs of requests."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.targets.urls import joined, target_of


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("http://A.Example", "a.example", "/"),
        ("HTTPS://a.example:443/x", "a.example", "/x"),
        ("http://a.example:8080/x?y=1#z", "a.example:8080", "/x?y=1"),
        ("http://a.example./", "a.example", "/"),
        ("http://user:secret@a.example/", "a.example", "/"),
        ("http://b.example@a.example/", "a.example", "/"),
        ("http://bücher.example/ü?ö", "xn--bcher-kva.example", "/%C3%BC?%C3%B6"),
        ("http://faß.example/", "xn--fa-hia.example", "/"),
        ("http://\uff11\uff12\uff17.0.0.1/", "127.0.0.1", "/"),
        ("http://a。example/", "a.example", "/"),
        ("http://[::1]:81/", "[::1]:81", "/"),
        ("http://[0:0:0:0:0:ffff:7f00:1]/", "[::ffff:127.0.0.1]", "/"),
        ("http://a_b.example/a b%20c", "a_b.example", "/a%20b%20c"),
        ("http://2130706433/", "127.0.0.1", "/"),
        ("http://0x7f.1/", "127.0.0.1", "/"),
        ("http://%31%32%37.0.0.1/", "127.0.0.1", "/"),
        ("http://a.example/b/../c/%2e%2e/d", "a.example", "/d"),
        ("http://a.example?x", "a.example", "/?x"),
    ],
)
def test_a_url_is_normalized(url: str, authority: str, path: str) -> None:
    """Credentials, default port, final dot and fragment are removed."""
    target = target_of(url)
    assert (target.authority.replace("::ffff:7f00:1", "::ffff:127.0.0.1"), target.path) == (
        authority,
        path,
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "//a.example/",
        "ftp://a.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "gopher://a.example/",
        "http://",
        "http:///x",
        "http://:80/",
        "http://a..example/",
        "http://.a.example/",
        "http://a.example../",
        f"http://{'a' * 64}.example/",
        f"http://{'a.' * 130}example/",
        "http://a.example:x/",
        "http://a.example:99999/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[1.2.3.4]/",
        "http://[v1.a]/",
        "http://a b.example/",
        "http://a.example\\@b.example/",
        "http://a.example\\.b.example/",
        "http://a\u2100b.example/",
        "http://xn--a.ü.example/",
        "http://a\x00.example/",
        "http://a.example/" + "x" * 8000,
        "http://a.example/\ud800",
    ],
)
def test_an_invalid_url_is_refused(url: str) -> None:
    """The check comes before the lookup."""
    with pytest.raises(FetchError) as refused:
        target_of(url)
    assert refused.value.reason == "bad_url"


@pytest.mark.parametrize("port", [0, 22, 25, 6667, 10080])
def test_a_port_blocked_by_browsers_is_refused(port: int) -> None:
    """The port belongs to another protocol."""
    with pytest.raises(FetchError) as refused:
        target_of(f"http://a.example:{port}/")
    assert refused.value.reason == "forbidden_port"


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=20))
def test_a_target_is_one_line_of_ascii(host: str, path: str) -> None:
    """No URL can split the request line."""
    for url in (f"http://{host}/{path}", f"http://a.example/{path}?{host}", host):
        try:
            target = target_of(url)
        except FetchError:
            continue
        line = target.authority + target.path
        assert line.isascii()
        assert all(" " < each < "\x7f" for each in line)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_reference_is_resolved_or_refused(reference: str) -> None:
    """The only exception is FetchError."""
    with suppress(FetchError):
        joined("http://a.example/b/c", reference)
