"""Every vector, in both flavours and several places, leaves only what docs/html.md allows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.checks import Refused
from splitflap_renderer.decorate import NotSanitised, decorated
from splitflap_renderer.render import render
from splitflap_renderer.sanitiser import final

from tests.xss.allowed import problems
from tests.xss.options import OPTIONS
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
        html = render(place.format(vector), flavour, OPTIONS).html
        assert problems(html) == [], html
        # A second reading finds nothing to take away.
        assert final(html, OPTIONS.heading_prefix) == html


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


PIECES = st.sampled_from(
    [
        *(
            "<",
            ">",
            "/",
            '"',
            "'",
            "=",
            "&",
            ";",
            "#",
            "@",
            ":",
            "!",
            "[",
            "]",
            "(",
            ")",
            "`",
            "\n",
        ),
        *(
            "```",
            "\n\n",
            "    ",
            "- ",
            "> ",
            "# ",
            "|",
            "[^1]",
            "[^1]: ",
            "<b>",
            "</b>",
            "<a href=",
        ),
        *("<img src=x onerror=alert(1)>", "<script>", "</script>", "<style>", "<svg>", "<math>"),
        *("<!--", "-->", "<![CDATA[", "]]>", "javascript:", "https://x.example/", "onclick=x "),
        *("@ann", "#general", ":tada:", "a", " ", "\t", "&lt;", "&#106;", "\x00", "\x02", "\u200b"),
        *("<table>", "<td>", "<select>", "<template>", "<noscript>", "<p>", "</p>", "<pre><code>"),
        *("<code class=language-html>", "</code></pre>", "<h1>", "</h1>", "<li id=fn-00000000-1>"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join), st.sampled_from(FLAVOURS))
def test_pieces_in_any_order(text: str, flavour: Flavour) -> None:
    """Whatever is put together of what parsers and sanitisers stumble over."""
    try:
        html = render(text, flavour, OPTIONS).html
    except Refused:
        return
    assert problems(html) == []
    assert final(html, OPTIONS.heading_prefix) == html
