"""No visible character of a random post is lost: `make fuzz` tries more of them."""

import pytest
from hypothesis import HealthCheck, given, note, settings
from splitflap_core.contracts import FLAVOURS, Flavour

from tests.posts import Post
from tests.posts.checks import check_excerpt, check_html
from tests.posts.generated import GENERATED
from tests.support.undirected import render
from tests.xss.options import OPTIONS


# Hypothesis describes the strategy in a long text.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.parametrize("breaks", [True, False], ids=["breaks", "no breaks"])
@pytest.mark.parametrize("flavour", FLAVOURS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(post=GENERATED)
def test_a_reader_sees_each_word_of_a_generated_post(
    post: Post, flavour: Flavour, breaks: bool
) -> None:
    """The words are known from how the post is built."""
    note(post.text)
    result = render(post.text, flavour, OPTIONS, breaks=breaks)
    check_html(result.html, post)
    check_excerpt(result.excerpt, post)
