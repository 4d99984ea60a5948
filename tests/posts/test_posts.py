"""A reader sees every word of a post, in both flavours: in the HTML, and in the excerpt."""

import os
import shutil
from collections.abc import Callable
from textwrap import indent

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour

from tests.posts import Post, posts
from tests.posts.checks import check_excerpt, check_html
from tests.posts.compared import CMARK_GFM, OWN, losing
from tests.support.undirected import render
from tests.xss.options import OPTIONS

POSTS = posts()

#: Other ways to write a post.
WAYS: dict[str, Callable[[str], str]] = {
    "in a quote": lambda text: indent(text, "> ", lambda _: True),
    "in a list": lambda text: "-\n" + indent(text, "  "),
    "with CRLF": lambda text: text.replace("\n", "\r\n"),
}

BOTH = pytest.mark.parametrize("breaks", [True, False], ids=["breaks", "no breaks"])
EACH_POST = pytest.mark.parametrize("post", POSTS, ids=lambda post: post.name)


def test_names_are_unique_and_posts_are_many() -> None:
    """A post is found by its name: `pytest tests/posts -k "a shrug"`."""
    assert len({post.name for post in POSTS}) == len(POSTS) >= 150


@BOTH
@pytest.mark.parametrize("flavour", FLAVOURS)
@EACH_POST
def test_a_reader_sees_each_word(post: Post, flavour: Flavour, breaks: bool) -> None:
    """The words of the HTML are the expected ones in their order, and no others."""
    result = render(post.text, flavour, OPTIONS, breaks=breaks)
    check_html(result.html, post)
    assert [part for part in post.html if part not in result.html] == []


@BOTH
@pytest.mark.parametrize("flavour", FLAVOURS)
@EACH_POST
def test_the_excerpt_has_the_first_words(post: Post, flavour: Flavour, breaks: bool) -> None:
    """A longer text is cut between words."""
    check_excerpt(render(post.text, flavour, OPTIONS, breaks=breaks).excerpt, post)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("flavour", FLAVOURS)
@EACH_POST
def test_a_post_reads_the_same_another_way(post: Post, flavour: Flavour, way: str) -> None:
    """Replies quote posts, lists contain them, and browsers send Windows' line ends."""
    text = WAYS[way]("\n".join(post.text.splitlines()))
    check_html(render(text, flavour, OPTIONS, breaks=True).html, post)


@pytest.mark.skipif(
    not shutil.which("cmark-gfm") and not os.environ.get("CI"),
    reason="cmark-gfm is missing: make servers",
)
def test_no_flavour_loses_words_and_cmark_gfm_does() -> None:
    """`python -m tests.posts` prints the numbers of posts."""
    assert {name: losing(POSTS, renders) for name, renders in OWN.items()} == {
        name: [] for name in OWN
    }
    assert losing(POSTS, CMARK_GFM)
