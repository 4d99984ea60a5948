"""Every vector, in both flavours and several places, leaves only what docs/html.md allows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.html.decorate import NotSanitised, decorated
from splitflap_renderer.html.sanitiser import final
from splitflap_renderer.markdown.checks import Refused
from splitflap_renderer.render import hash_of, render

from tests.xss.allowed import problems
from tests.xss.options import OPTIONS
from tests.xss.texts import TEXTS
from tests.xss.vectors import VECTORS

PLACES = ("{}", "a {} b", "- {}\n- x", "> {}", "<div>{}</div>", "# {}", "| a |\n|---|\n| {} |")


def test_there_are_enough() -> None:
    """Two hundred are asked for, and none counts twice."""
    assert len(set(VECTORS)) == len(VECTORS) >= 200


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("vector", VECTORS)
def test_vector(vector: str, flavour: Flavour) -> None:
    """Alone, in a paragraph, a list, a quote, raw HTML, a heading and a table."""
    for place in PLACES:
        text = place.format(vector)
        html = render(text, flavour, OPTIONS).html
        assert problems(html) == [], html
        # A second reading finds nothing to take away.
        assert final(html, OPTIONS.heading_prefix, hash_of(text)) == html


def test_the_checker_sees_what_is_wrong() -> None:
    """It would be worth nothing otherwise."""
    for wrong in (
        "<script>x</script>",
        "<p onclick=x>x</p>",
        "<a href=javascript:x>x</a>",
        "<p id=location>x</p>",
        "<h1 id=location>x</h1>",
        "<!-- x -->",
        "<svg></svg>",
        "<p class=modal>x</p>",
        "<img src=http://x.example/x>",
        "<a href=https://x.example rel=opener>x</a>",
        "<a href=//x.example>x</a>",
    ):
        assert problems(wrong)


def test_only_sanitised_html_is_decorated() -> None:
    """The pattern that reads it reads all of it, or nothing."""
    for html in ("<p", "<p onclick=x>", "<!-- x -->", "<a href='x'>", "a < b", "<P>"):
        with pytest.raises(NotSanitised):
            decorated(html, OPTIONS)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(FLAVOURS))
def test_pieces_in_any_order(text: str, flavour: Flavour) -> None:
    """Whatever is put together of what parsers and sanitisers stumble over."""
    try:
        html = render(text, flavour, OPTIONS).html
    except Refused:
        return
    assert problems(html) == []
    assert final(html, OPTIONS.heading_prefix, hash_of(text)) == html
