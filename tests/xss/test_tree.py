"""Every vector, in both flavours and several places, leaves only HTML of docs/html.md."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.footnote_ids import NO_SALT
from splitflap_renderer.html.decorate import NotSanitised, decorated
from splitflap_renderer.html.sanitiser import final
from splitflap_renderer.markdown.checks import TextRefused
from splitflap_renderer.render import MIN_HTML, render

from tests.xss.allowed import problems
from tests.xss.options import OPTIONS
from tests.xss.texts import TEXTS
from tests.xss.vectors import VECTORS

PLACES = ("{}", "a {} b", "- {}\n- x", "> {}", "<div>{}</div>", "# {}", "| a |\n|---|\n| {} |")


def test_there_are_at_least_200_vectors() -> None:
    """All are different."""
    assert len(set(VECTORS)) == len(VECTORS) >= 200


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("vector", VECTORS)
def test_a_vector_leaves_only_allowed_html(vector: str, flavour: Flavour) -> None:
    """It is tried alone, and in a paragraph, list, quote, raw HTML, heading and table."""
    for place in PLACES:
        text = place.format(vector)
        html = render(text, flavour, OPTIONS).html
        assert problems(html) == [], html
        # Sanitising a second time changes nothing.
        assert final(html, OPTIONS.heading_prefix, NO_SALT) == html


def test_the_checker_reports_html_beyond_the_allow_list() -> None:
    """One example for each kind."""
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
    """The decorator reads all of the HTML or refuses it."""
    for html in ("<p", "<p onclick=x>", "<!-- x -->", "<a href='x'>", "a < b", "<P>"):
        with pytest.raises(NotSanitised):
            decorated(html, OPTIONS, NO_SALT, MIN_HTML)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(FLAVOURS))
def test_random_texts_leave_only_allowed_html(text: str, flavour: Flavour) -> None:
    """The texts consist of pieces that are difficult for parsers and sanitisers."""
    try:
        html = render(text, flavour, OPTIONS).html
    except TextRefused:
        return
    assert problems(html) == []
    assert final(html, OPTIONS.heading_prefix, NO_SALT) == html
