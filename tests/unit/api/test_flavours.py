"""A text is rendered in its request's flavour, and so is each retry and edit."""

from typing import Any

import msgspec
import pytest
from splitflap_api.contract.models import PostInput
from splitflap_api.domain.changes import Changes
from splitflap_api.domain.fair.routes import Router
from splitflap_api.domain.jobs.dead_letters import replay_job
from splitflap_api.domain.posts.commands import CreatePost, EditPost
from splitflap_api.domain.previews import RenderText
from splitflap_core.contracts import RenderRequest, RenderResult
from splitflap_core.outcomes import Failed

from asyncrequest import NO_PRECONDITIONS

from .rig import Rig, by, done, outcome_of


def request_of(job: dict[str, Any]) -> RenderRequest:
    """The request of a job."""
    return msgspec.json.decode(job["payload"], type=RenderRequest)


def test_a_post_keeps_its_flavour(rig: Rig) -> None:
    """The job, the row and the API's post have the flavour."""
    rig.accept(CreatePost(PostInput("hello"), "gfm"))
    asked = request_of(rig.row("jobs"))
    assert (asked.text, asked.flavour) == ("hello", "gfm")
    post = rig.read_post(rig.row("posts")["id"])
    assert post is not None
    assert (post.flavour, post.mentions, post.excerpt) == ("gfm", [], None)


@pytest.mark.parametrize(("asked", "got"), [(None, "gfm"), ("markdown", "markdown")])
def test_an_edit_keeps_the_flavour_of_its_post(rig: Rig, asked: Any, got: str) -> None:
    """An edit may name another flavour."""
    rig.accept(CreatePost(PostInput("hello"), "gfm"))
    post_id = rig.row("posts")["id"]
    rig.accept(EditPost(post_id, "again", NO_PRECONDITIONS, rig.urls, by(), flavour=asked))
    sent = request_of(rig.row("jobs"))
    assert (sent.text, sent.flavour) == ("again", got)
    assert rig.row("posts")["flavour"] == got


def test_an_edit_clears_the_names_and_the_excerpt(rig: Rig) -> None:
    """Names and excerpt come with the HTML of the same text."""
    state = rig.accept(CreatePost(PostInput("hello"), "gfm"))
    found = RenderResult("<p>x</p>", [], ["ann"], ["general"], "x")
    rig.apply(outcome_of(rig.row("jobs"), done(found)))
    body = rig.body(state)
    assert (body["mentions"], body["channels"], body["excerpt"]) == (["ann"], ["general"], "x")
    rig.edit(body["id"], "again")
    post = rig.read_post(body["id"])
    assert post is not None
    assert (post.html, post.mentions, post.channels, post.excerpt) == (None, [], [], None)


def test_a_render_by_itself_has_a_flavour(rig: Rig) -> None:
    """The flavour comes from the request."""
    rig.accept(RenderText("hello", "gfm"))
    assert request_of(rig.row("jobs")).flavour == "gfm"


def test_a_replayed_dead_letter_keeps_its_flavour(rig: Rig) -> None:
    """Its body contains the flavour."""
    rig.accept(CreatePost(PostInput("hello"), "gfm"))
    first = request_of(rig.row("jobs"))
    rig.apply(outcome_of(rig.row("jobs"), Failed("broken", "x")))
    changes = Changes(0, Router())
    with rig.store.write() as tx:
        replay_job(tx, changes, rig.row("dead_letters"))
    assert request_of(changes.jobs[0]) == first
    assert first.flavour == "gfm"


def test_a_refused_text_names_the_field(rig: Rig) -> None:
    """The response is 422 with the renderer's reason, and the position in the text."""
    state = rig.accept(CreatePost(PostInput("[[[")))
    rig.apply(outcome_of(rig.row("jobs"), Failed("refused", "line 1, column 3: too many")))
    body = rig.body(state)
    assert (body["status"], body["reason"]) == (422, "refused")
    assert body["errors"] == [{"field": "text", "message": "line 1, column 3: too many"}]
