"""Both flavours find the same links and names in running text."""

# ruff: noqa: RUF001 - the texts have the punctuation of many scripts

from hypothesis import example, given, settings
from hypothesis import strategies as st
from splitflap_core.contracts import FLAVOURS
from splitflap_renderer.render import render

from tests.unit.renderer.inline.paragraph import NAMED

_PIECES = [
    *("https://e.com", "https://e.com/a_b", "www.e.com", "a@b.c", "mailto:a@b.c", "https://"),
    *("<https://e.com/%20>", "[x](https://f.com)", "@ann", "@all", "@dev/x"),
    *(
        "@李雷",
        "#gen",
        ":tada:",
        "\\@",
        "\\#",
        "\\",
        "&amp;",
        "&#64;",
        "&lt;",
        "<br>",
        "看",
        "处理",
    ),
    *("*", "**", "_", "(", ")", "[", "]", "，", "。", "“", "”", " ", "\n", ".", ":", "'", '"', "/"),
    *("|", "{", "}", "-", "!", "x", "1", "é", "u\u0308"),
]


@settings(deadline=None, max_examples=400, derandomize=True)
@example("https://e.com/a[x](https://f.com)")
@example("\\https://e.com \\www.e.com \\@www.e.com")
@example("https://e.com/a\\_b\\*c*")
@given(st.lists(st.sampled_from(_PIECES), max_size=8).map("".join))
def test_both_flavours_find_the_same(text: str) -> None:
    """Links, mentions and channels, in the same order."""
    markdown, gfm = (render(text, flavour, NAMED) for flavour in FLAVOURS)
    assert markdown.links == gfm.links
    assert (markdown.mentions, markdown.channels) == (gfm.mentions, gfm.channels)
