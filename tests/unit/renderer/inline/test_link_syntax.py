"""Inline links, images and references of the flavour markdown are those of gfm."""

import re

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour

from tests.support.undirected import render
from tests.unit.renderer.inline.paragraph import NAMED

TEXTS = [
    "[x](https://en.wikipedia.org/wiki/Rubik's_Cube_(toy)) is fun, ask @ann",
    "[it's](https://e.com/it's) and [it's](https://e.com/it's)",
    "[x](https://e.com 'its') y \"z\")",
    "[x](https://e.com 'it''s') y",
    '[x](https://e.com "title") y',
    "[x](https://e.com (title)) y",
    '[x](https://e.com "ti\ntle") y',
    '[x](https://e.com\n"title") y',
    "[x](\nhttps://e.com\n) y",
    '[x](https://e.com "a" b) y',
    '[x](https://e.com "a\\"b") y',
    '[x](https://e.com "a&quot;b") y',
    "[x](<https://e.com/a b>) y",
    "[x](<https://e.com/a(b>) y",
    "[x]( https://e.com ) y",
    "[x](https://e.com/a b) y",
    "[x] (https://e.com) y",
    "[x](https://e.com/a_(b)) y (c)",
    "[x](https://e.com/a\\)b) y",
    "[x](https://e.com/(a(b))) y",
    "[x](https://e.com/(a) y",
    "[x]() and [x](<>) y",
    "[x](https://e.com)(y) [x](https://e.com)[y](https://f.com)",
    "[a [b] c](https://e.com) y",
    "[a \\] c](https://e.com) y",
    "[a \\[ c](https://e.com) y",
    "[a ] c](https://e.com) y",
    "[[x]](https://e.com) y",
    "[`]`](https://e.com) y",
    "[a `](x)` b](https://e.com) y",
    "[a\nb](https://e.com) y",
    "[a *b* c](https://e.com) *[d](https://f.com)*",
    "*[a](https://e.com/_b_)* _c_",
    "[a](https://e.com/*b*) *c*",
    '[a](https://e.com "*b*") *c*',
    "[a <b>c</b>](https://e.com) y",
    "[a https://f.com b](https://e.com) y",
    "[https://e.com](https://f.com) https://g.com",
    "[a ![b](https://f.com/i.png) c](https://e.com) y",
    "[![i](https://e.com/i.png \"t\")](https://e.com/l 'u') y",
    "![a (b) [c]](https://e.com/i_(1).png) y",
    "\\[x](https://e.com) !\\[x](https://e.com) [x\\](https://e.com) y",
    "[x](https://e.com/%20%E2%80%AE) y",
    "[x](https://e.com/&amp;b) y",
    '[x](#frag "t") [y](mailto:a@b.c)',
    '[x][r] and [r] and [x][] y\n\n[r]: https://e.com/r_(s) "t\'s"\n[x]: <https://e.com/x>',
    "[R][] [r]\n\n[r]: https://e.com 'a\nb'",
    "[foo bar][Foo   Bar]\n\n[FOO BAR]: https://e.com",
    "[x][nope] [nope] y",
    "![x][r]\n\n[r]: https://e.com/i.png",
    "[a](`x y`) t",
    "[a](https://e.com/`x y`) t",
    "[a](https://e.com '`x` y') t",
    "[a](https://e.com/?q=$x$) and <https://e.com/?q=$x$>",
    "\\``a`b`` c",
    "\\```a``b c",
    "\\\\\\``a` b",
    "\\`\\`a`b`",
    "`a\\`` b",
    "[`a`](https://e.com) \\``b`",
    "\\$`a`$ b $`c`$",
]


def seen(text: str, flavour: Flavour) -> tuple[object, ...]:
    """What a reader gets from a text. The attributes of an element have no order."""
    result = render(text, flavour, NAMED)
    tags = re.findall(r"<[^>]*>|[^<]+", result.html.strip())
    ordered = [sorted(re.findall(r'[\w-]+="[^"]*"|[^\s"=]+', each)) for each in tags]
    return ordered, result.links, result.mentions, result.excerpt


@pytest.mark.parametrize("text", TEXTS)
def test_a_link_of_markdown_is_that_of_gfm(text: str) -> None:
    """The flavour gfm passes CommonMark's examples."""
    assert seen(text, "markdown") == seen(text, "gfm")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_link_ends_at_its_bracket(flavour: Flavour) -> None:
    """The sentence and the mention after it stay."""
    result = render(TEXTS[0], flavour, NAMED)
    assert result.links == ["https://en.wikipedia.org/wiki/Rubik's_Cube_(toy)"]
    assert result.mentions == ["ann"]
    assert ">x</a> is fun, ask " in result.html


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("text", ["[a](https://e.com/`x`)", "<https://e.com/`x`>"])
def test_backticks_in_a_url_make_no_code(text: str, flavour: Flavour) -> None:
    """The flavours write the same URL in two ways."""
    html = render(text, flavour).html
    assert '"https://e.com/`x`"' in html.replace("%60", "`")
    assert "<code>" not in html
