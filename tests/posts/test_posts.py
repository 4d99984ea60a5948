"""A reader sees every word of a post, in both flavours: in the HTML, and in the excerpt."""

import os
import shutil
from functools import cache
from textwrap import indent

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour, RenderResult

from tests.posts import Post, posts
from tests.posts.checks import check_excerpt, check_html
from tests.posts.compared import CMARK_GFM, OWN, losing
from tests.support.undirected import render
from tests.xss.options import OPTIONS

POSTS = posts()

EACH_POST = pytest.mark.parametrize("post", POSTS, ids=lambda post: post.name)


@cache
def rendered(text: str, flavour: Flavour) -> list[RenderResult]:
    """The results with line breaks and without."""
    return [render(text, flavour, OPTIONS, breaks=breaks) for breaks in (True, False)]


def test_names_are_unique_and_posts_are_many() -> None:
    """A post is found by its name: `pytest tests/posts -k "a shrug"`."""
    assert len({post.name for post in POSTS}) == len(POSTS) >= 150


@pytest.mark.parametrize("flavour", FLAVOURS)
@EACH_POST
def test_a_reader_sees_each_word(post: Post, flavour: Flavour) -> None:
    """The words of the HTML are the expected ones in their order, and no others."""
    for result in rendered(post.text, flavour):
        check_html(result.html, post)
        assert [part for part in post.html if part not in result.html] == []


@pytest.mark.parametrize("flavour", FLAVOURS)
@EACH_POST
def test_the_excerpt_has_the_first_words(post: Post, flavour: Flavour) -> None:
    """A longer text is cut between words."""
    for result in rendered(post.text, flavour):
        check_excerpt(result.excerpt, post)


@pytest.mark.parametrize("flavour", FLAVOURS)
@EACH_POST
def test_a_post_reads_the_same_in_other_ways(post: Post, flavour: Flavour) -> None:
    """Replies quote posts, lists contain them, and browsers send Windows' line ends."""
    text = "\n".join(post.text.splitlines())
    in_a_quote = indent(text, "> ", lambda _: True)
    in_a_list = "-\n" + indent(text, "  ")
    with_crlf = text.replace("\n", "\r\n")
    for other in (in_a_quote, in_a_list, with_crlf):
        check_html(render(other, flavour, OPTIONS, breaks=True).html, post)


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
