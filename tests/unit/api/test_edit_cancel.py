"""Edited, cancelled and deleted posts: their unwanted work is dropped, and their tasks end."""

import pytest
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.previews import FetchPreview
from splitflap_api.store.schema import tasks

from asyncrequest import KeyReused, NoSuchTask, PreconditionFailed, Preconditions, TaskGone

from .rig import HOUR, Rig, by, failed, outcome_of

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
    with pytest.raises(PreconditionFailed):
        rig.edit(rig.row("posts")["id"], "second", Preconditions(frozenset({'"7-00000000"'})))
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
    rig.cancel(state.id)
    with pytest.raises(TaskGone):
        rig.acceptor.get(by(), state.id)
    with pytest.raises(TaskGone):
        rig.cancel(state.id)
    assert rig.count("posts") == rig.count("jobs") == rig.count("waiters") == 0
    assert rig.kinds() == ["accepted", "deleted"]
    rig.rendered(job)
    assert rig.count("posts") == 0


def test_a_cancelled_edit_stays_as_text(rig: Rig) -> None:
    """The post has the state `failed`, and the event gives the reason."""
    post_id = complete_post(rig)
    state = rig.edit(post_id, "second")
    rig.cancel(state.id)
    post = rig.row("posts")
    assert (post["text"], post["state"], post["revision"]) == ("second", "failed", 2)
    kind, data = rig.events()[-1]
    assert (kind, data["reason"]) == ("failed", "cancelled")


def test_a_cancelled_task_leaves_shared_jobs_to_others(rig: Rig) -> None:
    """The other task gets its preview."""
    mine, theirs = rig.accept(FetchPreview(A)), rig.accept(FetchPreview(A), account="else")
    rig.cancel(mine.id)
    rig.scraped(rig.row("jobs"))
    assert rig.final(theirs, "else") is not None
    last = rig.accept(FetchPreview(B))
    rig.cancel(last.id)
    assert rig.count("jobs") == 0
    assert rig.row("previews", url=B)["job_id"] is None


def test_another_account_cannot_cancel_a_task(rig: Rig) -> None:
    """The account gets NoSuchTask, and the task goes on."""
    state = rig.post()
    with pytest.raises(NoSuchTask):
        rig.cancel(state.id, "else")
    rig.rendered(rig.row("jobs"))
    assert rig.final(state) is not None


def test_a_deleted_post_ends_its_tasks(rig: Rig) -> None:
    """The tasks get a conflict. Rows, links and jobs are deleted."""
    state = rig.post()
    (scrape,) = rig.rendered(rig.row("jobs"), A)
    rig.delete_post(rig.row("posts")["id"])
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
        rig.delete_post(post_id, "else")
    assert refused.value.slug == "forbidden"
    assert rig.count("jobs") == rig.count("waiters") == 1
    rig.delete_post(post_id, "else", admin=True)
    assert rig.count("posts") == rig.count("jobs") == 0


def test_a_cancelled_task_leaves_a_rendered_post_complete(rig: Rig) -> None:
    """The previews still arrive, with their events."""
    state = rig.post("see " + A)
    rig.rendered(rig.row("jobs"), A)
    rig.cancel(state.id)
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


@pytest.mark.parametrize("is_done", [False, True])
def test_the_key_of_a_cancelled_task_stays_taken(rig: Rig, is_done: bool) -> None:
    """A repeated request gets 410, and makes no second post. A late repetition is none either."""
    state = rig.post(key="k")
    if is_done:
        rig.rendered(rig.row("jobs"))
    rig.cancel(state.id)
    for _ in range(2):
        with pytest.raises(TaskGone):
            rig.post(key="k")
    with pytest.raises(KeyReused):
        rig.post(key="k", fingerprint="other")
    assert rig.count("posts") == int(is_done)


def test_the_key_of_a_task_past_its_retention_gets_410(rig: Rig) -> None:
    """It gets 410 before and after the sweep of the final response, also if a clock is set back."""
    state = rig.post(key="k")
    rig.rendered(rig.row("jobs"))
    ended = rig.task(state)["expires_at"] - HOUR
    for expires_at, is_swept in [(ended, False), (ended, True), (ended + 2 * HOUR, True)]:
        rig.change(tasks, expires_at=expires_at)
        if is_swept:
            rig.reconcile()
        assert (rig.task(state)["body"] is None) == is_swept
        with pytest.raises(TaskGone):
            rig.final(state)
        with pytest.raises(TaskGone):
            rig.post(key="k")
        with pytest.raises(KeyReused):
            rig.post(key="k", fingerprint="other")
    assert rig.count("posts") == 1


def test_a_key_is_free_once_its_tombstone_is_deleted(rig: Rig) -> None:
    """The same request then makes a new task."""
    rig.post(key="k")
    rig.rendered(rig.row("jobs"))
    rig.change(tasks, expires_at=rig.row("tasks")["expires_at"] - 2 * HOUR - 1)
    rig.reconcile()
    assert rig.count("tasks") == 0
    rig.post(key="k")
    assert rig.count("posts") == 2


def test_a_key_outlives_its_deleted_post(rig: Rig) -> None:
    """The task of a deleted post still has its final response."""
    state = rig.post(key="k")
    rig.rendered(rig.row("jobs"))
    rig.delete_post(rig.row("posts")["id"])
    assert rig.post(key="k").final == rig.final(state)


def test_a_fresh_preview_with_a_key_is_a_task(rig: Rig) -> None:
    """The key tells repetitions from other requests. The task ends at once, without a job."""
    rig.accept(FetchPreview(A))
    rig.scraped(rig.row("jobs"), "A")
    state = rig.accept(FetchPreview(A, refresh=False), key="k")
    assert rig.body(state)["title"] == "A"
    assert rig.count("jobs") == 0
    assert rig.accept(FetchPreview(A, refresh=False), key="k").id == state.id
    with pytest.raises(KeyReused):
        rig.accept(FetchPreview(B, refresh=False), key="k", fingerprint="other")
    stale = rig.accept(FetchPreview(B, refresh=False), key="l")
    assert rig.final(stale) is None
    assert rig.count("jobs") == 1


def test_an_overtaken_edit_is_a_conflict(rig: Rig) -> None:
    """The response is 409 with the newer revision, instead of the other edit's post."""
    post_id = complete_post(rig)
    mine = rig.edit(post_id, "mine")
    rig.edit(post_id, "theirs")
    final = rig.final(mine)
    assert final is not None
    assert final.status == 409
    assert "revision 3" in rig.body(mine)["detail"]
