"""Edited, cancelled and deleted posts: their unwanted work is dropped, and their tasks end."""

import pytest
from splitflap_api.contract.models import NewPost
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.posts.commands import CreatePost
from splitflap_api.domain.previews import FetchPreview

from asyncrequest import NoSuchTask, TaskGone

from .rig import Rig, failed, outcome_of

A, B = "https://a.example/", "https://b.example/"


def complete_post(rig: Rig) -> str:
    """Complete a post, and return its id."""
    state = rig.post("first")
    rig.rendered(rig.row("jobs"), html="first")
    post_id: str = rig.body(state)["id"]
    return post_id


def test_an_edit_is_the_next_revision(rig: Rig) -> None:
    """Text and state change at once, html is rendered anew, and the final response is 200."""
    post_id = complete_post(rig)
    state = rig.edit(post_id, "second")
    shown = rig.read_post(post_id)
    assert shown is not None
    assert (shown.text, shown.html, shown.state, shown.revision) == ("second", None, "accepted", 2)
    rig.rendered(rig.row("jobs"), html="second")
    final = rig.final(state)
    assert final is not None
    assert final.status == 200
    assert dict(final.headers)["ETag"].startswith('"2-')
    assert rig.body(state)["html"] == "second"


@pytest.mark.parametrize("revisions", [{1}, {1, 7}, None])
def test_an_edit_with_a_matching_revision_is_accepted(rig: Rig, revisions: set[int] | None) -> None:
    """If-Match names the present revision, or is missing."""
    assert rig.edit(complete_post(rig), "second", revisions).id


@pytest.mark.parametrize("revisions", [{2}, set()])
def test_an_edit_of_another_revision_is_refused(rig: Rig, revisions: set[int]) -> None:
    """The post and its task stay the same."""
    post_id = complete_post(rig)
    before = rig.row("posts"), rig.rows("tasks"), rig.count("events")
    with pytest.raises(Problem) as refused:
        rig.edit(post_id, "second", revisions)
    assert refused.value.slug == "precondition-failed"
    assert (rig.row("posts"), rig.rows("tasks"), rig.count("events")) == before


def test_an_edit_by_another_account_is_refused(rig: Rig) -> None:
    """The author's running task goes on."""
    state = rig.post(account="author")
    job = rig.row("jobs")
    with pytest.raises(Problem) as refused:
        rig.edit(rig.row("posts")["id"], "stolen")
    assert refused.value.slug == "forbidden"
    assert rig.row("posts")["text"] == "hello"
    rig.rendered(job)
    assert rig.final(state, "author") is not None


def test_a_refused_edit_leaves_the_running_task_alone(rig: Rig) -> None:
    """An accepted edit would end the task."""
    state = rig.post()
    job = rig.row("jobs")
    with pytest.raises(Problem):
        rig.edit(rig.row("posts")["id"], "second", {7})
    rig.rendered(job)
    assert rig.body(state)["revision"] == 1


def test_an_edit_ends_the_running_task(rig: Rig) -> None:
    """The task gets the present post. Its late outcome is dropped."""
    first = rig.post("one")
    old = rig.row("jobs")
    second = rig.edit(rig.row("posts")["id"], "two")
    ended = rig.final(first)
    assert ended is not None
    assert (ended.status, rig.body(first)["revision"]) == (201, 2)
    rig.rendered(old, html="one")
    assert rig.row("posts")["html"] is None
    rig.rendered(rig.row("jobs"), html="two")
    assert rig.body(second)["html"] == "two"


def test_a_preview_of_an_older_revision_is_no_event(rig: Rig) -> None:
    """Other tasks still get the preview."""
    rig.post("one")
    (scrape,) = rig.rendered(rig.row("jobs"), A)
    other = rig.accept(FetchPreview(A))
    rig.edit(rig.row("posts")["id"], "two")
    assert {job["kind"] for job in rig.rows("jobs")} == {"render", "scrape"}
    rig.scraped(scrape, "A")
    assert rig.body(other)["title"] == "A"
    assert "preview" not in rig.kinds()


def test_a_cancelled_task_takes_its_unrendered_post_with_it(rig: Rig) -> None:
    """Post, job and waiter are deleted. A late outcome is dropped."""
    state = rig.post()
    job = rig.row("jobs")
    rig.acceptor.cancel("me", state.id)
    with pytest.raises(TaskGone):
        rig.acceptor.get("me", state.id)
    with pytest.raises(TaskGone):
        rig.acceptor.cancel("me", state.id)
    assert rig.count("posts") == rig.count("jobs") == rig.count("waiters") == 0
    assert rig.kinds() == ["accepted", "deleted"]
    rig.rendered(job)
    assert rig.count("posts") == 0


def test_a_cancelled_edit_stays_as_text(rig: Rig) -> None:
    """The post has the state `failed`, and the event gives the reason."""
    post_id = complete_post(rig)
    state = rig.edit(post_id, "second")
    rig.acceptor.cancel("me", state.id)
    post = rig.row("posts")
    assert (post["text"], post["state"], post["revision"]) == ("second", "failed", 2)
    kind, data = rig.events()[-1]
    assert (kind, data["reason"]) == ("failed", "cancelled")


def test_a_cancelled_task_leaves_shared_jobs_to_others(rig: Rig) -> None:
    """The other task gets its preview."""
    mine, theirs = rig.accept(FetchPreview(A)), rig.accept(FetchPreview(A), account="else")
    rig.acceptor.cancel("me", mine.id)
    rig.scraped(rig.row("jobs"))
    assert rig.final(theirs, "else") is not None
    last = rig.accept(FetchPreview(B))
    rig.acceptor.cancel("me", last.id)
    assert rig.count("jobs") == 0
    assert rig.row("previews", url=B)["job_id"] is None


def test_another_account_cannot_cancel_a_task(rig: Rig) -> None:
    """The account gets NoSuchTask, and the task goes on."""
    state = rig.post()
    with pytest.raises(NoSuchTask):
        rig.acceptor.cancel("else", state.id)
    rig.rendered(rig.row("jobs"))
    assert rig.final(state) is not None


def test_a_cancelled_key_can_be_used_again(rig: Rig) -> None:
    """The next request with the key makes a task."""
    first = rig.accept(CreatePost(NewPost("hello")), key="k")
    rig.acceptor.cancel("me", first.id)
    assert rig.accept(CreatePost(NewPost("hello")), key="k").id != first.id


def test_a_deleted_post_ends_its_tasks(rig: Rig) -> None:
    """The tasks get a conflict. Rows, links and jobs are deleted."""
    state = rig.post()
    (scrape,) = rig.rendered(rig.row("jobs"), A)
    rig.acceptor.delete_post(rig.row("posts")["id"], "me", admin=False)
    final = rig.final(state)
    assert final is not None
    assert final.status == 409
    assert rig.count("posts") == rig.count("post_links") == rig.count("jobs") == 0
    assert rig.kinds()[-1] == "deleted"
    rig.apply(outcome_of(scrape, failed()))


def test_another_account_needs_the_scope_admin_to_delete(rig: Rig) -> None:
    """A refusal leaves jobs and waiters alone."""
    rig.post()
    post_id = rig.row("posts")["id"]
    with pytest.raises(Problem) as refused:
        rig.acceptor.delete_post(post_id, "else", admin=False)
    assert refused.value.slug == "forbidden"
    assert rig.count("jobs") == rig.count("waiters") == 1
    rig.acceptor.delete_post(post_id, "else", admin=True)
    assert rig.count("posts") == rig.count("jobs") == 0


def test_a_cancelled_task_leaves_a_rendered_post_complete(rig: Rig) -> None:
    """The previews still arrive, with their events."""
    state = rig.post("see " + A)
    rig.rendered(rig.row("jobs"), A)
    rig.acceptor.cancel("me", state.id)
    post = rig.row("posts")
    assert post["state"] == "complete"
    assert "done" in rig.kinds()
    rig.scraped(rig.row("jobs", kind="scrape"))
    shown = rig.read_post(post["id"])
    assert shown is not None
    assert shown.links[0].preview.state == "ready"
    assert rig.kinds()[-1] == "preview"
    with pytest.raises(TaskGone):
        rig.final(state)


def test_the_key_of_a_cancelled_finished_task_stays_taken(rig: Rig) -> None:
    """A repeated request gets 410, and makes no second post."""
    state = rig.accept(CreatePost(NewPost("hello")), key="k")
    rig.rendered(rig.row("jobs"))
    rig.acceptor.cancel("me", state.id)
    with pytest.raises(TaskGone):
        rig.accept(CreatePost(NewPost("hello")), key="k")
    assert rig.count("posts") == 1


def test_the_key_of_an_undone_post_is_free(rig: Rig) -> None:
    """The same request makes the post again."""
    state = rig.accept(CreatePost(NewPost("hello")), key="k")
    rig.acceptor.cancel("me", state.id)
    assert rig.accept(CreatePost(NewPost("hello")), key="k").id != state.id
    assert rig.count("posts") == 1


def test_an_overtaken_edit_is_a_conflict(rig: Rig) -> None:
    """The response is 409 with the newer revision, instead of the other edit's post."""
    post_id = complete_post(rig)
    mine = rig.edit(post_id, "mine")
    rig.edit(post_id, "theirs")
    final = rig.final(mine)
    assert final is not None
    assert final.status == 409
    assert "revision 3" in rig.body(mine)["detail"]
