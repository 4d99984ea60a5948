"""A text writes no placeholder of Python-Markdown, and no stand-in for one, in both flavours."""

import re

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.footnote_ids import NO_SALT
from splitflap_renderer.render import render

EACH = pytest.mark.parametrize("flavour", FLAVOURS)

#: How a text may write the signs before and after a placeholder.
SIGNS = {
    "the signs": ("\x02", "\x03"),
    "their stand-ins": ("\ufdd0", "\ufdd1"),
    "private use": ("\ue002", "\ue003"),
    "entities": ("&#2;", "&#x3;"),
    "entities of stand-ins": ("&#xFDD0;", "&#xFDD1;"),
    "entities of private use": ("&#xE002;", "&#xE003;"),
}
WRITTEN = pytest.mark.parametrize("signs", SIGNS.values(), ids=SIGNS)


@EACH
@WRITTEN
def test_a_title_reads_no_stashed_html(flavour: Flavour, signs: tuple[str, str]) -> None:
    """It would close the attribute, and forge a class and an id."""
    forged = f' class=footnote-ref id=fn-{NO_SALT}-1 x="'
    written = f'a <abbr title="{forged[:-1]}">b</abbr> [x](http://a.example/ "%swzxhzdk:0%s")'
    html = render(written % signs, flavour).html
    outside = re.sub('"[^"]*"', "", html)
    assert "class" not in outside
    assert "id=" not in outside
    assert html.count("<abbr") == 1


@EACH
@WRITTEN
@pytest.mark.parametrize("number", ["99999999999999999999", "1114112", "55296", "65"])
def test_a_url_has_no_escapes_by_number(
    flavour: Flavour, signs: tuple[str, str], number: str
) -> None:
    """`chr` refuses the first two numbers, and UTF-8 the third."""
    html = render(
        f'[x](http://a.example/{number.join(signs)} "{number.join(signs)}")', flavour
    ).html
    assert number in html
    assert ">x</a>" in html


@EACH
@WRITTEN
def test_a_url_reads_no_code_of_the_text(flavour: Flavour, signs: tuple[str, str]) -> None:
    """The text of a placeholder is not that of the code."""
    html = render(f"`code` [x](http://a.example/{'klzzwxh:0000'.join(signs)})", flavour).html
    assert html.count("code") == 3
    assert ">x</a>" in html


@EACH
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a&#x2;b", "a\ufffdb"),
        ("a&#3;b", "a\ufffdb"),
        ("a&#0;b", "a\ufffdb"),
        ("a&#xFDD0;b", "a\ufffdb"),
        ("a&#x80;b", "a\ufffdb"),
        ("<kbd>a&#2;b</kbd>", "<kbd>a\ufffdb</kbd>"),
        ("a\x02\x03b", "ab"),
        ("`a\x02\x03b`", "<code>ab</code>"),
        ("a\ufdd0\ufdd1b", "ab"),
        ("a\ue002\ue003&#xE002;b", "a\ue002\ue003\ue002b"),
    ],
    ids=ascii,
)
def test_control_characters_are_alike_in_both_flavours(
    text: str, shown: str, flavour: Flavour
) -> None:
    """An entity that names no character is U+FFFD. Characters for private use stay."""
    assert shown in render(text, flavour).html
