"""Edits, cancelling and deleting: who wins, and what nobody wants any more is dropped."""

import pytest
from splitflap_api.contract.models import NewPost
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.posts import CreatePost
from splitflap_api.domain.previews import FetchPreview

from asyncrequest import NoSuchTask, TaskGone

from .rig import Rig, failed, outcome_of

A, B = "https://a.example/", "https://b.example/"


def complete_post(rig: Rig) -> str:
    """A post that is done; its id."""
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
def test_an_edit_whose_condition_holds(rig: Rig, revisions: set[int] | None) -> None:
    """If-Match names the present revision, or nothing was asked."""
    assert rig.edit(complete_post(rig), "second", revisions).id


@pytest.mark.parametrize("revisions", [{2}, set()])
def test_an_edit_of_another_revision(rig: Rig, revisions: set[int]) -> None:
    """It is refused and changes nothing; the post and its task stay as they are."""
    post_id = complete_post(rig)
    before = rig.row("posts"), rig.rows("tasks"), rig.count("events")
    with pytest.raises(Problem) as refused:
        rig.edit(post_id, "second", revisions)
    assert refused.value.slug == "precondition-failed"
    assert (rig.row("posts"), rig.rows("tasks"), rig.count("events")) == before


def test_an_edit_of_anothers_post(rig: Rig) -> None:
    """Forbidden; the author's own running task goes on."""
    state = rig.post(account="author")
    job = rig.row("jobs")
    with pytest.raises(Problem) as refused:
        rig.edit(rig.row("posts")["id"], "stolen")
    assert refused.value.slug == "forbidden"
    assert rig.row("posts")["text"] == "hello"
    rig.rendered(job)
    assert rig.final(state, "author") is not None


def test_an_edit_of_another_revision_of_what_runs(rig: Rig) -> None:
    """A refused edit takes nothing from the task that it would have ended."""
    state = rig.post()
    job = rig.row("jobs")
    with pytest.raises(Problem):
        rig.edit(rig.row("posts")["id"], "second", {7})
    rig.rendered(job)
    assert rig.body(state)["revision"] == 1


def test_an_edit_overtakes_what_runs(rig: Rig) -> None:
    """The older task ends with the post as it is; its outcome finds no job and is dropped."""
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


def test_a_preview_of_an_older_revision(rig: Rig) -> None:
    """It reaches who else waits for it, and is no event of the edited post."""
    rig.post("one")
    (scrape,) = rig.rendered(rig.row("jobs"), A)
    other = rig.accept(FetchPreview(A))
    rig.edit(rig.row("posts")["id"], "two")
    assert {job["kind"] for job in rig.rows("jobs")} == {"render", "scrape"}
    rig.scraped(scrape, "A")
    assert rig.body(other)["title"] == "A"
    assert "preview" not in rig.kinds()


def test_cancelling_takes_back_a_post_that_was_not_rendered(rig: Rig) -> None:
    """Post, job and waiter go; the task is gone; a late outcome finds nothing."""
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


def test_cancelling_an_edit_leaves_it_as_text(rig: Rig) -> None:
    """The new text was shown; without html it is a failed post, and streams are told why."""
    post_id = complete_post(rig)
    state = rig.edit(post_id, "second")
    rig.acceptor.cancel("me", state.id)
    post = rig.row("posts")
    assert (post["text"], post["state"], post["revision"]) == ("second", "failed", 2)
    kind, data = rig.events()[-1]
    assert (kind, data["reason"]) == ("failed", "cancelled")


def test_cancelling_leaves_what_others_wait_for(rig: Rig) -> None:
    """A preview that two tasks share is fetched for the other one."""
    mine, theirs = rig.accept(FetchPreview(A)), rig.accept(FetchPreview(A), account="else")
    rig.acceptor.cancel("me", mine.id)
    rig.scraped(rig.row("jobs"))
    assert rig.final(theirs, "else") is not None
    last = rig.accept(FetchPreview(B))
    rig.acceptor.cancel("me", last.id)
    assert rig.count("jobs") == 0
    assert rig.row("previews", url=B)["job_id"] is None


def test_whose_task_can_be_cancelled(rig: Rig) -> None:
    """A stranger's is not there, and goes on."""
    state = rig.post()
    with pytest.raises(NoSuchTask):
        rig.acceptor.cancel("else", state.id)
    rig.rendered(rig.row("jobs"))
    assert rig.final(state) is not None


def test_a_cancelled_key_can_be_used_again(rig: Rig) -> None:
    """The next request with it makes a task."""
    first = rig.accept(CreatePost(NewPost("hello")), key="k")
    rig.acceptor.cancel("me", first.id)
    assert rig.accept(CreatePost(NewPost("hello")), key="k").id != first.id


def test_deleting_ends_what_waits(rig: Rig) -> None:
    """A running task of the post gets a conflict; rows, links and jobs are gone."""
    state = rig.post()
    (scrape,) = rig.rendered(rig.row("jobs"), A)
    rig.acceptor.delete_post(rig.row("posts")["id"], "me", admin=False)
    final = rig.final(state)
    assert final is not None
    assert final.status == 409
    assert rig.count("posts") == rig.count("post_links") == rig.count("jobs") == 0
    assert rig.kinds()[-1] == "deleted"
    rig.apply(outcome_of(scrape, failed()))


def test_whose_post_can_be_deleted(rig: Rig) -> None:
    """One's own, or with the scope admin anybody's; a refusal leaves what runs alone."""
    rig.post()
    post_id = rig.row("posts")["id"]
    with pytest.raises(Problem) as refused:
        rig.acceptor.delete_post(post_id, "else", admin=False)
    assert refused.value.slug == "forbidden"
    assert rig.count("jobs") == rig.count("waiters") == 1
    rig.acceptor.delete_post(post_id, "else", admin=True)
    assert rig.count("posts") == rig.count("jobs") == 0


def test_a_cancelled_task_leaves_a_rendered_post_complete(rig: Rig) -> None:
    """What is rendered stays and is done; its previews still come, and are told of."""
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


def test_the_key_of_what_was_done_makes_no_second(rig: Rig) -> None:
    """A task that is deleted once it is done keeps its idempotency key: gone, not made again."""
    state = rig.accept(CreatePost(NewPost("hello")), key="k")
    rig.rendered(rig.row("jobs"))
    rig.acceptor.cancel("me", state.id)
    with pytest.raises(TaskGone):
        rig.accept(CreatePost(NewPost("hello")), key="k")
    assert rig.count("posts") == 1


def test_the_key_of_what_was_undone_is_free(rig: Rig) -> None:
    """A post that went with its task may be made again with the same key."""
    state = rig.accept(CreatePost(NewPost("hello")), key="k")
    rig.acceptor.cancel("me", state.id)
    assert rig.accept(CreatePost(NewPost("hello")), key="k").id != state.id
    assert rig.count("posts") == 1


def test_an_overtaken_edit_says_so(rig: Rig) -> None:
    """Its final response is not the other edit's post, but 409 with the revision that came."""
    post_id = complete_post(rig)
    mine = rig.edit(post_id, "mine")
    rig.edit(post_id, "theirs")
    final = rig.final(mine)
    assert final is not None
    assert final.status == 409
    assert "revision 3" in rig.body(mine)["detail"]
