"""ETags of posts, and problems as final responses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from splitflap_api.contract.models import Post, PostLink, Preview
from splitflap_api.contract.problems import unavailable
from splitflap_api.domain.final_responses import post_etag, problem_final
from splitflap_api.http.parse import wanted_revisions

from .requests_to_parse import request_with
from .rig import Rig

PENDING = Preview(
    "https://a.example/", "pending", **dict.fromkeys(Preview.__struct_fields__[2:], None)
)
POST = Post(
    id="0192f0c8-0000-7000-8000-000000000001",
    channel="general",
    author="me",
    text="hello",
    html=None,
    state="accepted",
    revision=1,
    links=[PostLink(PENDING.url, PENDING)],
    created_at="2026-01-02T03:04:05.678Z",
    updated_at="2026-01-02T03:04:05.678Z",
    flavour="markdown",
    mentions=[],
    channels=[],
    excerpt=None,
)


@pytest.mark.parametrize(
    "other",
    [
        replace(POST, html="<p>hello</p>"),
        replace(POST, html=""),
        replace(POST, state="rendered"),
        replace(POST, revision=2),
        replace(POST, updated_at="2026-01-02T03:04:05.679Z"),
        replace(POST, links=[]),
        replace(POST, links=[PostLink(PENDING.url, replace(PENDING, state="failed"))]),
        replace(POST, links=[PostLink(PENDING.url, replace(PENDING, title="Title"))]),
    ],
)
def test_the_etag_changes_with_the_shown_post(other: Post) -> None:
    """HTML, state, revision and each preview count."""
    assert post_etag(other) != post_etag(POST)


def test_the_etag_of_an_unchanged_post_stays() -> None:
    """Two reads of the post give the same ETag."""
    assert post_etag(replace(POST, links=list(POST.links))) == post_etag(POST)


@given(st.integers(1, 999_999_999), st.none() | st.text(max_size=50))
def test_if_match_reads_the_revision_of_any_tag(revision: int, html: str | None) -> None:
    """An edit compares the revision at the start of the tag."""
    tag = post_etag(replace(POST, revision=revision, html=html))
    assert re.fullmatch(r'"[1-9][0-9]*-[0-9a-f]{8}"', tag)
    with request_with(headers={"If-Match": tag}):
        assert wanted_revisions() == frozenset({revision})


def test_the_final_response_has_the_posts_tag(rig: Rig) -> None:
    """A client may send it in If-Match or If-None-Match."""
    state = rig.post()
    rig.rendered(rig.row("jobs"))
    final = rig.final(state)
    assert final is not None
    post = rig.read_post(rig.body(state)["id"])
    assert post is not None
    assert dict(final.headers)["ETag"] == post_etag(post)


def test_a_problem_as_a_final_response() -> None:
    """The response keeps its status, media type, own headers and body."""
    final = problem_final(unavailable("later", retry_after=7))
    assert final.status == 503
    assert final.headers == (("Content-Type", "application/problem+json"), ("Retry-After", "7"))
    assert b'"detail":"later"' in final.body
