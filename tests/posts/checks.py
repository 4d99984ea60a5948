"""The comparison of a result with the words that a reader must see."""

from splitflap_core.contracts import MAX_EXCERPT

from tests.posts import Post
from tests.posts.visible import CHECKBOXES, visible, words

#: The sign for more text.
_MORE = "…"


def check_html(html: str, post: Post) -> None:
    """The visible words are the expected ones in their order, and no others."""
    assert words(visible(html)) == words(post.reads + " " + post.notes)


def check_excerpt(excerpt: str, post: Post) -> None:
    """It is the visible text without notes and secrets, or as many of its words as have room."""
    expected = " ".join(words(post.excerpt.translate(CHECKBOXES)))
    shown = " ".join(words(excerpt))
    if len(expected) <= MAX_EXCERPT:
        assert shown == expected
        return
    head = shown.removesuffix(_MORE)
    assert shown == head + _MORE
    assert expected.startswith(head)
    rest = expected[len(head) :]
    assert len(head + rest.split()[0]) + len(_MORE) >= MAX_EXCERPT
