"""A reader sees every word of a post, in both flavours: in the HTML, and in the excerpt."""

import os
import shutil

import pytest
from splitflap_core.contracts import FLAVOURS, MAX_EXCERPT, Flavour
from splitflap_renderer.render import render

from tests.posts import Post, posts
from tests.posts.compared import CMARK_GFM, OWN, losing
from tests.posts.visible import CHECKBOXES, visible, words
from tests.xss.options import OPTIONS

POSTS = posts()

#: Posts that are not yet rendered as expected.
PENDING = {
    "rust with an attribute in the info string",
    "a fence with a file name",
    "escaped mention and mail",
    "spelled with stars",
    "escapes",
    "alert",
    "a snippet of a form",
    "ruby text",
    "bare links with signs around",
    "link in angle brackets",
    "link with encoded signs",
    "link with a script",
    "chinese mention without spaces",
    "find with globs",
}

BOTH = pytest.mark.parametrize("breaks", [True, False], ids=["breaks", "no breaks"])
EACH_POST = pytest.mark.parametrize(
    "post",
    [
        pytest.param(post, id=post.name, marks=[pytest.mark.xfail] * (post.name in PENDING))
        for post in POSTS
    ],
)


def test_names_are_unique_and_posts_are_many() -> None:
    """A post is found by its name: `pytest tests/posts -k "a shrug"`."""
    assert len({post.name for post in POSTS}) == len(POSTS) >= 150


@BOTH
@pytest.mark.parametrize("flavour", FLAVOURS)
@EACH_POST
def test_a_reader_sees_each_word(post: Post, flavour: Flavour, breaks: bool) -> None:
    """The words of the HTML are the expected ones in their order, and no others."""
    result = render(post.text, flavour, OPTIONS, breaks=breaks)
    assert words(visible(result.html)) == words(post.reads + " " + post.notes)
    assert [part for part in post.html if part not in result.html] == []


@BOTH
@pytest.mark.parametrize("flavour", FLAVOURS)
@EACH_POST
def test_the_excerpt_has_the_first_words(post: Post, flavour: Flavour, breaks: bool) -> None:
    """It ends with the last word that has room for the sign `…` behind it."""
    excerpt = render(post.text, flavour, OPTIONS, breaks=breaks).excerpt
    expected = " ".join(words(post.reads.translate(CHECKBOXES)))
    shown = " ".join(words(excerpt))
    if len(expected) <= MAX_EXCERPT:
        assert shown == expected
    else:
        head, more = shown[:-1], shown[-1]
        assert more == "…"
        assert expected.startswith(head)
        assert len(head + expected[len(head) :].split()[0]) + 1 >= MAX_EXCERPT


@pytest.mark.skipif(
    not shutil.which("cmark-gfm") and not os.environ.get("CI"),
    reason="cmark-gfm is missing: make servers",
)
@pytest.mark.xfail
def test_no_flavour_loses_words_and_cmark_gfm_does() -> None:
    """`python -m tests.posts` prints the numbers of posts."""
    assert {name: losing(POSTS, renders) for name, renders in OWN.items()} == {
        name: [] for name in OWN
    }
    assert losing(POSTS, CMARK_GFM)
