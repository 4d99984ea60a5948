"""Only an entity with its whole name and its semicolon has a character, in both flavours."""

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour

from tests.posts.visible import visible
from tests.support.undirected import render

each_flavour = pytest.mark.parametrize("flavour", FLAVOURS)

AS_WRITTEN = [
    "x &notify; &copyright; &region; &gte; &copy &#xZ;",
    "https://e.com/?x=1&notify;y=2 z",
    "https://e.com/?x=1&copy=2&reg=3 z",
    "www.e.com/?a&regiona;=1",
    "a `&notify; &copy;` b",
    "<foo a='&notify;'> b",
]

READS = {
    "# &notify; x": "&notify; x",
    "| &region; |\n|--|\n| &copyright; |": "&region; &copyright;",
    "<https://e.com/?x=1&notify;y=&copy;>": "https://e.com/?x=1&notify;y=&copy;",
    "<b>&notify;</b> &copy;\n\n<div>\n&notify; &copy;\n</div>": "&notify; © &notify; ©",
    "![&region; &copy;](https://e.com/a.png)": "&region; ©",
    "&amp;copy; &#38;copy; \\&copy; &copy;": "&copy; &copy; &copy; ©",
    "[^1]\n\n[^1]: a &notify;": "1. a &notify;",
}

TARGETS = [
    "https://e.com/?x=1&notify;y=2",
    "[a](https://e.com/?x=1&notify;y=2)",
    "<https://e.com/?x=1&notify;y=2>",
    "[r]\n\n[r]: https://e.com/?x=1&notify;y=2",
    '<a href="https://e.com/?x=1&notify;y=2">a</a>',
]


@each_flavour
@pytest.mark.parametrize("text", AS_WRITTEN)
def test_a_word_that_begins_as_an_entity_is_shown_as_written(text: str, flavour: Flavour) -> None:
    """HTML decodes `&not` in it."""
    result = render(text, flavour)
    assert result.excerpt == text.replace("`", "")
    assert visible(result.html).split() == text.replace("`", "").split()


@each_flavour
@pytest.mark.parametrize("text", READS)
def test_entities_are_the_same_in_all_places(text: str, flavour: Flavour) -> None:
    """Headings, tables, raw HTML, names of images, and footnotes."""
    assert visible(render(text, flavour).html).split() == READS[text].split()


@each_flavour
@pytest.mark.parametrize("text", TARGETS)
def test_a_parameter_that_begins_as_an_entity_stays_in_a_url(text: str, flavour: Flavour) -> None:
    """Also in the links for previews."""
    result = render(text, flavour)
    assert 'href="https://e.com/?x=1&amp;notify;y=2"' in result.html
    assert set(result.links) <= {"https://e.com/?x=1&notify;y=2"}


@each_flavour
def test_a_heading_has_its_word_as_anchor(flavour: Flavour) -> None:
    """The anchor is made of the text."""
    assert '-notify-x"' in render("# &notify; x", flavour).html
