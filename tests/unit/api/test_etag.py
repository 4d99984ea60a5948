"""ETags of posts, and problems as final responses."""

import re

import pytest
from msgspec.structs import replace
from splitflap_api.contract.models import Post, PostLink, Preview
from splitflap_api.contract.problems import unavailable
from splitflap_api.domain.final_responses import problem_final
from splitflap_api.domain.posts.representation import represent

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
    breaks=True,
    mentions=[],
    channels=[],
    excerpt=None,
    parent=None,
    key_id=None,
)


@pytest.mark.parametrize(
    "other",
    [
        replace(POST, html="<p>hello</p>"),
        replace(POST, html=""),
        replace(POST, state="rendered"),
        replace(POST, revision=2),
        replace(POST, updated_at="2026-01-02T03:04:05.679Z"),
        replace(POST, text="Hello"),
        replace(POST, excerpt="hello"),
        replace(POST, breaks=False),
        replace(POST, links=[]),
        replace(POST, links=[PostLink(PENDING.url, replace(PENDING, state="failed"))]),
        replace(POST, links=[PostLink(PENDING.url, replace(PENDING, title="Title"))]),
    ],
)
def test_the_etag_changes_with_the_shown_post(other: Post) -> None:
    """Each byte of the JSON counts."""
    assert represent(other)[1] != represent(POST)[1]


def test_the_etag_of_an_unchanged_post_stays() -> None:
    """Two reads of the post give the same ETag."""
    tag = represent(POST)[1]
    assert represent(replace(POST, links=list(POST.links)))[1] == tag
    assert re.fullmatch(r'"1-[0-9a-f]{8}"', tag)


def test_the_final_response_has_the_posts_tag(rig: Rig) -> None:
    """A client may send it in If-Match or If-None-Match."""
    state = rig.post()
    rig.rendered(rig.row("jobs"))
    final = rig.final(state)
    assert final is not None
    post = rig.read_post(rig.body(state)["id"])
    assert post is not None
    assert dict(final.headers)["ETag"] == represent(post)[1]


def test_a_problem_as_a_final_response() -> None:
    """The response keeps its status, media type, own headers and body."""
    final = problem_final(unavailable("later", retry_after=7))
    assert final.status == 503
    assert final.headers == (("Content-Type", "application/problem+json"), ("Retry-After", "7"))
    assert b'"detail":"later"' in final.body
