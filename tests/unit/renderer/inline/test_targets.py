"""A link or an image whose target is not allowed is text as written, in both flavours."""

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour

from tests.posts.visible import visible
from tests.support.undirected import render

each_flavour = pytest.mark.parametrize("flavour", FLAVOURS)

AS_WRITTEN = [
    "call handlers[name](event) first",
    "await hooks[type](payload);",
    "f[0](x) and f[0]() and f[0]( ) and g[1](<>)",
    "[Ann](she/her) said",
    "[docs](docs/readme.md) and [docs](../readme.md 'title')",
    "[f](ftp://h.example/a.tgz)",
    "![diagram](./img/a.png)",
    "![a]() and ![a](mailto:x@y.z) and ![a](#there)",
    "[d] and [x][d] and ![d]\n\n[d]: docs/x.md",
    "<ftp://h.example/a> and <made-up:x>",
    "[j](javascript:x) and <javascript:x>",
    "[x](http://) and [y](http://[a) and [z](https://e.com:99999/)",
    "[x](//e.com/z) and [y](<a b> 'title')",
    "[x](#) and [y](?page=2)",
]

ALLOWED = {
    "[x](https://e.com/a\\)b)": "https://e.com/a)b",
    "[x](HTTPS://e.com)": "https://e.com",
    "[x](mailto:a@b.c)": "mailto:a@b.c",
    "[x](tel:+491234)": "tel:+491234",
    "[x](xmpp:a@b.c)": "xmpp:a@b.c",
    "[x][r]\n\n[r]: tel:1": "tel:1",
    "<tel:1>": "tel:1",
}


@each_flavour
@pytest.mark.parametrize("text", AS_WRITTEN)
def test_a_target_that_is_not_allowed_is_shown_as_written(text: str, flavour: Flavour) -> None:
    """The excerpt has it, too."""
    result = render(text, flavour)
    assert visible(result.html).split() == text.split()
    assert result.excerpt == " ".join(text.split())
    assert "<img" not in result.html


@each_flavour
@pytest.mark.parametrize("text", ALLOWED)
def test_a_target_of_an_allowed_scheme_is_a_link(text: str, flavour: Flavour) -> None:
    """Each scheme of the allow-list."""
    assert f'href="{ALLOWED[text]}"' in render(text, flavour).html


@each_flavour
def test_a_link_of_a_heading_of_the_text_stays(flavour: Flavour) -> None:
    """It needs no scheme."""
    assert 'href="#' in render("# There\n\n[x](#there)", flavour).html


@each_flavour
def test_a_call_within_the_text_of_a_link_leaves_the_link(flavour: Flavour) -> None:
    """CommonMark allows no link in a link, but a call is none."""
    for call in ("f[0](x)", "f[0]()", "![i](a.png)"):
        html = render(f"[see {call} there](https://e.com)", flavour).html
        assert f">see {call} there</a>" in html


@each_flavour
def test_the_target_of_a_link_makes_no_image(flavour: Flavour) -> None:
    """A definition serves links and images."""
    html = render("[m] ![m] ![m][]\n\n[m]: mailto:a@b.c", flavour).html
    assert html.strip().endswith("</a> ![m] ![m][]</p>")
