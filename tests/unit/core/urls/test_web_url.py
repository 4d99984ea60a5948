"""A URL has one form, whatever the spelling of its host."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_core.urls.web_url import BadUrl, canonical, host_of, joined, web_url

#: Spellings of the host 8.8.8.8 (WHATWG, URL Standard, "host parsing").
SPELLINGS = [
    "8.8.8.8",
    "8.8.8.8.",
    "134744072",
    "134744072.",
    "8.526344",
    "8.8.2056",
    "0x08080808",
    "0X08080808",
    "0x8.0x8.0x8.0x8",
    "0x8.526344",
    "010.010.010.010",
    "01002004010",
    "0000000000000000010.8.8.8",
    "8.0x8.010.8",
    "8.8.0x808",
    "%38.%38.%38.%38",
    "%38%2e8%2E8.8",
    "\uff18.\uff18.\uff18.\uff18",
    "8\u30028\uff0e8\uff618",
    "8.8.8.8:80",
    "user:secret@8.8.8.8",
    "\u2467.8.8.8",
    "%ef%bc%98.8.8.8",
    "8.8.8.\u00ad8",
]


def test_there_are_enough_spellings() -> None:
    """One host, more than twenty times."""
    assert len(set(SPELLINGS)) >= 20


@pytest.mark.parametrize("host", SPELLINGS)
def test_every_spelling_of_an_ipv4_host_is_one_host(host: str) -> None:
    """Numbers, octal and hexadecimal parts, other digits and a final dot have one form."""
    found = web_url(f"http://{host}/a?b")
    assert (found.host, found.port, found.path) == ("8.8.8.8", 80, "/a?b")
    assert str(found.address) == "8.8.8.8"
    assert canonical(f"HTTP://{host}/a?b#c") == "http://8.8.8.8/a?b#c"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("127.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("0x", "0.0.0.0"),
        ("A.Example", "a.example"),
        ("a.example.", "a.example"),
        ("%61.example", "a.example"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("B\u00dcCHER.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("fa\u00df.example", "xn--fa-hia.example"),
        ("\U0001f4a9.example", "xn--ls8h.example"),
        ("a\u3002example", "a.example"),
        ("1.2.3.4.example", "1.2.3.4.example"),
        ("a_b.example", "a_b.example"),
        ("[::1]", "::1"),
        ("[0:0::0001]", "::1"),
        ("[::ffff:127.0.0.1]", "::ffff:7f00:1"),
        ("[2001:DB8::0:1]", "2001:db8::1"),
    ],
)
def test_a_host_is_read_as_browsers_read_it(text: str, host: str) -> None:
    """IDNA (UTS 46), percent-encoding, case, and every form of an address."""
    found = web_url(f"https://{text}/").host
    assert found.replace("::ffff:127.0.0.1", "::ffff:7f00:1") == host
    assert host_of(text).replace("::ffff:127.0.0.1", "::ffff:7f00:1") == host


@pytest.mark.parametrize(
    "host",
    [
        "",
        "256.1.1.1",
        "1.2.3.4.5",
        "4294967296",
        "1..2",
        "0x1.0x100000000",
        "a..example",
        "a b.example",
        "a%00.example",
        "a%2fb.example",
        "a\u2100b.example",
        "xn--a.\u00fc.example",
        "[::1]]",
        "[fe80::1%25eth0]",
        "[1.2.3.4]",
        "a\\b",
        f"{'a' * 64}.example",
        "\ud800.example",
    ],
)
def test_an_invalid_host_is_refused(host: str) -> None:
    """A host that ends in a number is an IPv4 address or nothing."""
    with pytest.raises(BadUrl):
        web_url(f"http://{host}/")
    with pytest.raises(BadUrl):
        host_of(host)


#: Different ideographs: the worst text for Punycode.
IDEOGRAPHS = "".join(chr(0x4E00 + each) for each in range(4000))


@pytest.mark.parametrize(
    "reference",
    [
        f"http://{IDEOGRAPHS}/",
        f"https:{IDEOGRAPHS}",
        f"//{IDEOGRAPHS}/",
        f"\\/{IDEOGRAPHS}/",
        f"ht\ttp:/\n/{IDEOGRAPHS}",
        f"\x01ftp://{IDEOGRAPHS}",
        f"foo://{IDEOGRAPHS}",
        f"http://user:secret@{IDEOGRAPHS}:80?a",
        f"http://{IDEOGRAPHS[:64]}.example/",
        f"http://{IDEOGRAPHS[:64]}\u3002example/",
        f"http://{'.'.join(IDEOGRAPHS[at : at + 50] for at in range(0, 300, 50))}/",
        f"http://{'%E4%B8%80' * 64}.example/",
        f"http://{'%E4%B8%80' * 1000}/",
        f"http://{'%61' * 64}.example/",
    ],
)
def test_a_long_host_is_refused_before_idna(
    monkeypatch: pytest.MonkeyPatch, reference: str
) -> None:
    """IDNA takes quadratic time, so only hosts and labels within the limits of DNS reach it."""

    def read(*_: object) -> None:
        raise AssertionError("the host was read")

    monkeypatch.setattr("splitflap_core.urls.web_url.URL", read)
    with pytest.raises(BadUrl, match="253"):
        joined("http://a.example/", reference)


@pytest.mark.parametrize(
    ("reference", "host"),
    [
        (f"http://{'a' * 63}.example/", f"{'a' * 63}.example"),
        (f"http://{'.'.join(['a' * 62] * 4)}./", ".".join(["a" * 62] * 4)),
        (f"http://{'%62' * 63}.example/", f"{'b' * 63}.example"),
        (f"http://{IDEOGRAPHS[:200]}@b.example/", "b.example"),
        (f"/{IDEOGRAPHS}", "a.example"),
        (f"{IDEOGRAPHS}/x", "a.example"),
        (f"?{IDEOGRAPHS}//x", "a.example"),
        (f"{'a' * 300}", "a.example"),
        (f"c/http://{IDEOGRAPHS}", "a.example"),
    ],
)
def test_only_the_host_of_a_url_must_be_short(reference: str, host: str) -> None:
    """Paths and credentials have no labels."""
    assert joined("http://a.example/", reference).host == host


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "//a/",
        "ftp://a/",
        "javascript:alert(1)",
        "data:,x",
        "http:a",
        "http:///a",
        "http:/a",
    ],
)
def test_only_absolute_http_and_https_urls_are_read(text: str) -> None:
    """A browser would guess a host in some of them."""
    with pytest.raises(BadUrl):
        web_url(text)
    with pytest.raises(BadUrl):
        canonical(text)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("https://A.example:443/a/../B?c=\u00fc#D", "https://a.example/a/../B?c=\u00fc#D"),
        ("HTTP://a.example", "http://a.example"),
        ("http://a.example:0080/", "http://a.example/"),
        ("http://a.example:8080", "http://a.example:8080"),
        ("https://a.example:80?b", "https://a.example:80?b"),
        ("http://google.example@b.example/", "http://b.example/"),
        ("http://[::0:1]:81/", "http://[::1]:81/"),
    ],
)
def test_a_canonical_url_differs_in_its_origin_only(text: str, form: str) -> None:
    """Path, query and fragment are the author's. Credentials are removed."""
    assert canonical(text) == form
    assert canonical(form) == form


@pytest.mark.parametrize(
    "text", ["http://a.example/ b", "http://a.example/\n", " http://a.example/"]
)
def test_a_canonical_url_has_no_white_space(text: str) -> None:
    """It is a key, and a line of a log."""
    with pytest.raises(BadUrl):
        canonical(text)


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("d?e", "http://a.example/b/d?e"),
        ("../d", "http://a.example/d"),
        ("//134744072/d", "http://8.8.8.8/d"),
        ("\\\\0x7f.1\\d", "http://127.0.0.1/d"),
        ("https://B.example#x", "https://b.example/"),
    ],
)
def test_a_reference_is_resolved_as_browsers_do(reference: str, url: str) -> None:
    """Its host gets the same form."""
    assert joined("http://a.example/b/c", reference).url == url


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """BadUrl is the only exception, and a canonical form is stable."""
    for each in (text, f"http://{text}", f"http://{text}/", f"http://a.example/{text}"):
        try:
            form = canonical(each)
        except BadUrl:
            continue
        assert canonical(form) == form
        assert web_url(form) == web_url(each)


@pytest.mark.parametrize(
    ("text", "had"),
    [
        ("http://user:secret@a.example/", True),
        ("http://user@a.example/", True),
        ("http://:secret@a.example/", True),
        ("http://a.example/user@b", False),
        ("http://a.example/?user@b", False),
        ("http://@a.example/", False),
    ],
)
def test_a_url_tells_whether_it_had_credentials(text: str, had: bool) -> None:
    """Its own form has none."""
    assert web_url(text).had_credentials is had
    assert web_url(text).authority == "a.example"
