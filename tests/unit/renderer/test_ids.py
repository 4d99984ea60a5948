"""Ids of headings and footnotes: their salt keeps the posts of one page apart."""

import re

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.options import Options
from splitflap_renderer.render import render

pytestmark = pytest.mark.parametrize("flavour", FLAVOURS)

TEXT = "# Fish and more\n\nSee [there](#fish-and-more), and a note[^1].\n\n[^1]: The note."


def ids(html: str) -> set[str]:
    """All ids."""
    return set(re.findall(r' id="([^"]*)"', html))


def targets(html: str) -> set[str]:
    """All places that links of the text lead to."""
    return set(re.findall(r' href="#([^"]*)"', html))


def test_two_posts_of_the_same_text_have_different_ids(flavour: Flavour) -> None:
    """Each link leads to a place in its own post."""
    one, two = (render(TEXT, flavour, salt=salt).html for salt in ("0123abcd", "89abcdef"))
    assert ids(one)
    assert not ids(one) & ids(two)
    assert targets(one) <= ids(one)
    assert targets(two) <= ids(two)
    assert all("0123abcd" in each for each in ids(one))


def test_the_same_salt_gives_the_same_ids(flavour: Flavour) -> None:
    """Rendering is pure. So an edit of a post keeps the ids of what it leaves."""
    before = render(TEXT, flavour, salt="0123abcd").html
    assert render(TEXT, flavour, salt="0123abcd").html == before
    after = render("An introduction.\n\n" + TEXT, flavour, salt="0123abcd").html
    assert ids(after) == ids(before)


@pytest.mark.parametrize(
    "name",
    [
        "fish-and-more",
        "Fish-And-More",
        "user-content-fish-and-more",
        "user-content-0123abcd-fish-and-more",
    ],
)
def test_a_link_names_a_heading_with_and_without_prefix_and_salt(
    name: str, flavour: Flavour
) -> None:
    """A reader may copy the address of a heading from the page."""
    html = render(f"# Fish and more\n\n[x](#{name})", flavour, salt="0123abcd").html
    assert targets(html) == {"user-content-0123abcd-fish-and-more"}


@pytest.mark.parametrize(
    "text",
    [
        "[x](#user-content-89abcdef-fish-and-more)\n\n# Fish and more",
        '<h1 id="user-content-89abcdef-a">a</h1>\n<a id="fnref-89abcdef-1">b</a>',
        "# user-content-89abcdef-a",
        "x[^89abcdef-1]\n\n[^89abcdef-1]: y",
    ],
)
def test_a_text_writes_no_id_and_no_link_of_another_salt(text: str, flavour: Flavour) -> None:
    """A text that knows another post's salt can take no place in it."""
    html = render(text, flavour, Options(), salt="0123abcd").html
    taken = re.compile("(user-content|fn|fnref)-89abcdef-")
    assert not any(taken.match(each) for each in ids(html) | targets(html))
