"""The fields of a page."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_scraper.preview.texts import clean

from tests.unit.scraper.preview.documents import of


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>T</title>", "T"),
        ("<title>T</title><meta name=twitter:title content=W>", "W"),
        ("<meta name=twitter:title content=W><meta property=og:title content=O>", "O"),
        ("<meta name=og:title content=O>", "O"),
        ("<meta property=twitter:title content=W>", "W"),
        ("<meta property=OG:Title content=O>", "O"),
        ("<meta property=og:title content=A><meta property=og:title content=B>", "A"),
        ("<meta property=og:title content=' '><title>T</title>", "T"),
        ("<meta property=og:title content='\u202e'><title>T</title>", "T"),
        ("<meta property=og:title><title>T</title>", "T"),
        ("<title> a\n\tb&nbsp;c </title>", "a b c"),
        ("<title>&lt;dialog&gt; &amp;amp; &#39;</title>", "<dialog> & '"),
        ("<title><b>x</b></title>", "x"),
        ("<title>The <b> element</title>", "The <b> element"),
        ("<title>React App</title><h1>Real</h1>", "Real"),
        ("<title>T</title><svg><title>icon</title></svg>", "T"),
        ("<svg><title>icon</title></svg><title>T</title>", "T"),
        ("<!-- <title>no</title> --><title>T</title>", "T"),
        ("<title>Sky | Acme</title><meta property=og:site_name content=Acme>", "Sky"),
        ("<title>A: T</title><meta property=og:site_name content=A>", "A: T"),
        ("<title>Acme: Sky</title><meta property=og:site_name content=Acme>", "Sky"),
        (
            (
                "<meta property=og:title content=Acme><meta property=og:site_name content=Acme>"
                "<title>Sky - Acme</title>"
            ),
            "Sky",
        ),
        ("<title></title><title>U</title>", "U"),
        ("<meta property=og:title content='a&#0;b&#xD800;c'>", "a\ufffdb\ufffdc"),
        ("", None),
    ],
)
def test_the_first_title_with_content_wins(head: str, title: str | None) -> None:
    """The order is Open Graph, Twitter, HTML."""
    assert of(head).title == title


def test_description_and_site_name_have_the_same_order() -> None:
    """The first source with content wins."""
    plain = "<meta name=description content=D><meta name=application-name content=N>"
    assert of(plain).description == "D"
    assert of(plain).site_name == "N"
    rich = "<meta name=twitter:description content=W><meta property=og:site_name content=S>" + plain
    assert of(rich).description == "W"
    assert of(rich).site_name == "S"
    assert of(rich + "<meta property=og:description content=O>").description == "O"


@pytest.mark.parametrize(
    ("head", "image"),
    [
        ("<meta property=og:image content=https://i.example/a.png>", "https://i.example/a.png"),
        ("<meta property=og:image content=/a.png>", "https://a.example/a.png"),
        ("<meta property=og:image content=a.png>", "https://a.example/dir/a.png"),
        ("<meta property=og:image content=//i.example/a>", "https://i.example/a"),
        ("<base href=/b/><meta property=og:image content=a.png>", "https://a.example/b/a.png"),
        ("<base href=javascript:x><meta name=og:image content=/a>", "https://a.example/a"),
        ("<meta property=og:image content='/a b.png'>", "https://a.example/a%20b.png"),
        ("<meta property=og:image content=https://u:p@i.example/a>", None),
        ("<meta property=og:image content=//u:p@i.example/a>", None),
        ("<meta property=og:image content=http://i.example:6379/a>", None),
        ("<meta property=og:image content=http://router.local/a>", None),
        ("<base href=http://router.local/><meta property=og:image content=a.png>", None),
        (
            "<meta property=og:image content=/a><meta property=og:image:secure_url content=/s>",
            "https://a.example/s",
        ),
        ("<meta name=twitter:image content=/w>", "https://a.example/w"),
        ("<link rel='x image_src' href=/l>", "https://a.example/l"),
        (
            "<meta property=og:image content=javascript:alert(1)><link rel=image_src href=/l>",
            "https://a.example/l",
        ),
        ("<meta property=og:image content=data:image/png;base64,AAAA>", None),
        ("<meta property=og:image content='http://[::1'>", None),
        ("<meta property=og:image content=http://192.168.1.1/reboot>", None),
        ("<meta property=og:image content='" + "a" * 2001 + "'>", None),
        ("<link rel=image_src>", None),
        ("", None),
    ],
)
def test_an_image_is_an_absolute_public_url(head: str, image: str | None) -> None:
    """A URL into the reader's own network is refused."""
    assert of(head).image == image


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b\x07c", "abc"),
        ("a\u0085b\u2028c", "a b c"),
        ("a\U000e0041\U000e0042b", "ab"),
        ("e" + "\u0301" * 9, "e\u0301\u0301\u0301"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),
        ("a\u200bb\ufeffc", "abc"),
        ("a\ud800b", "ab"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
        ("x" * 10, "x" * 10),
        ("x" * 11, "x" * 9 + "\u2026"),
        ("\U0001f600" * 11, "\U0001f600" * 9 + "\u2026"),
        ("xxxxxxxx yyy", "xxxxxxxx\u2026"),
        (" \u202e ", None),
    ],
)
def test_a_text_is_one_line_of_visible_characters(text: str, cleaned: str | None) -> None:
    """A cut text ends with an ellipsis."""
    assert clean(text, 10) == cleaned


@settings(deadline=None)
@given(st.text(), st.integers(2, 20))
def test_any_text_becomes_short_and_visible(text: str, limit: int) -> None:
    """The result can be encoded in UTF-8."""
    cleaned = clean(text, limit)
    if cleaned is not None:
        assert 0 < len(cleaned) <= limit
        cleaned.encode()
        assert "\x00" not in cleaned
        assert cleaned == cleaned.strip()


def test_each_text_has_its_limit() -> None:
    """Longer texts are cut."""
    long = "x" * 5000
    found = of(
        f"<meta name=og:title content={long}><meta name=og:description content={long}>"
        f"<meta name=og:site_name content={long}>"
    )
    assert [len(text or "") for text in (found.title, found.description, found.site_name)] == [
        300,
        1000,
        100,
    ]
