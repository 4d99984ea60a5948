"""Headings have the anchors that GitHub gives them, and links within a text lead to them."""

# ruff: noqa: RUF001 - the headings have letters of many scripts

import re
from urllib.parse import quote

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_core.rendered_html import check_html
from splitflap_renderer.html.headings import MAX_SLUG, slug

from tests.support.undirected import render

#: Headings and the anchors that github.com makes of them.
ANCHORS = {
    "简介": "简介",
    "Fish & chips": "fish--chips",
    "C++": "c",
    "1. Intro": "1-intro",
    "What is new?": "what-is-new",
    "bravoCharlieDelta": "bravocharliedelta",
    "__proto__x": "__proto__x",
    "heading with a - dash": "heading-with-a---dash",
    "heading with an _ underscore": "heading-with-an-_-underscore",
    "heading with a period.txt": "heading-with-a-periodtxt",
    "bind_headers(exchange, routing)": "bind_headersexchange-routing",
    "apostrophe’s should be trimmed": "apostrophes-should-be-trimmed",
    "I ♥ unicode": "i--unicode",
    "en–dash": "endash",
    "😄 unicode emoji": "-unicode-emoji",
    "😄_😄 unicode emoji": "_-unicode-emoji",
    ":smile: - a gemoji": "smile---a-gemoji",
    ":ok_hand: Single": "ok_hand-single",
    ":ok_hand::hatched_chick: Two": "ok_handhatched_chick-two",
    "Привет non-latin 你好": "привет-non-latin-你好",
    "Über die Größe": "über-die-größe",
    "हिन्दी भाषा": "हिन्दी-भाषा",
    "x² and ½": "x-and-",
    "Ⅷ Ⓐ": "ⅷ-ⓐ",
    "a\u00a0b": "ab",
    "`code` and *emphasis*": "code-and-emphasis",
    "[a link](https://e.com) here": "a-link-here",
    "v1.2.3 (2024-01-31)": "v123-2024-01-31",
    "@ann and #general": "ann-and-general",
    "A \\# sign": "a--sign",
    "a/b: c, d; e": "ab-c-d-e",
}


def anchors(text: str, flavour: Flavour) -> list[str]:
    """The names of the headings of a text, without prefix and salt."""
    html = render(text, flavour, salt="0" * 8).html
    check_html(html, lambda: None)
    return re.findall('id="user-content-0{8}-([^"]*)"', html)


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(("words", "anchor"), ANCHORS.items(), ids=list(ANCHORS))
def test_a_heading_has_the_anchor_of_github(words: str, anchor: str, flavour: Flavour) -> None:
    """Lower case, without punctuation, with a dash for each space."""
    assert anchors(f"## {words}", flavour) == [anchor]


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(
    "link", ["#{}", "#user-content-{}", "#user-content-00000000-{}", "#{upper}", "#{quoted}"]
)
@pytest.mark.parametrize(("words", "anchor"), ANCHORS.items(), ids=list(ANCHORS))
def test_a_link_leads_to_the_heading(words: str, anchor: str, link: str, flavour: Flavour) -> None:
    """Also percent-encoded, in capitals, and with the prefix of GitHub."""
    target = link.format(anchor, upper=anchor.title(), quoted=quote(anchor))
    html = render(f"[x]({target})\n\n## {words}", flavour, salt="0" * 8).html
    assert f'<a href="#user-content-00000000-{anchor}"' in html


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_repeated_headings_get_numbers(flavour: Flavour) -> None:
    """A number that another heading has is left out."""
    text = "\n\n".join(f"# {words}" for words in ("echo", "echo", "echo 1", "echo-1", "echo"))
    assert anchors(text, flavour) == ["echo", "echo-1", "echo-1-1", "echo-1-2", "echo-2"]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_heading_without_words_has_no_anchor(flavour: Flavour) -> None:
    """It takes no name from another heading."""
    assert anchors("# !\n\n# 🎉\n\n# Section", flavour) == ["section"]


def test_an_anchor_is_bounded() -> None:
    """A long heading keeps its first characters."""
    assert slug("a " * 60_000) == "a-" * (MAX_SLUG // 2)


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("words", ["a" * 300, "简" * 1_000, "two words " * 40])
def test_a_link_leads_to_a_heading_whose_name_is_cut(words: str, flavour: Flavour) -> None:
    """A writer makes the link of all words."""
    name = words.strip().replace(" ", "-")
    for written in (name, quote(name), name[:MAX_SLUG]):
        html = render(f"# {words}\n\n[x](#{written})", flavour, salt="0" * 8).html
        assert f'<a href="#user-content-00000000-{name[:MAX_SLUG]}"' in html
