"""The accept path on a real database: one commit, idempotency, and what a 202 promises."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from splitflap_api.contract.models import PostInput
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.changes import Changes, NewTask
from splitflap_api.domain.posts.commands import CreatePost
from splitflap_api.domain.previews import FetchPreview, RenderText
from splitflap_api.store.schema import tasks
from sqlalchemy import Connection, insert, update

from asyncrequest import KeyReused, NoSuchTask, TaskGone

from .rig import Rig, by

URL = "https://example.com/"
OTHER_ID = "0192f0c8-0000-7000-8000-000000000009"


def test_a_post_is_committed_before_it_is_answered(rig: Rig) -> None:
    """The database has task, post, job, waiter and event; the job is published."""
    state = rig.post("hello *you*", channel="talk")
    task, job = rig.task(state), rig.row("jobs")
    post = rig.row("posts")
    assert (state.done, state.total, state.final) == (0, 1, None)
    assert (task["state"], task["pending"], task["total"]) == ("running", 1, 1)
    assert (task["subject"], task["revision"]) == (post["id"], 1)
    assert (post["text"], post["channel"], post["account"]) == ("hello *you*", "talk", "me")
    assert (job["kind"], job["subject"], job["attempt"]) == ("render", post["id"], 1)
    payload = msgspec.json.decode(job["payload"])
    assert payload == {"text": "hello *you*", "salt": payload["salt"]}
    assert rig.row("waiters") == {"job_id": job["id"], "task_id": task["id"]}
    assert [row["id"] for row in rig.published] == [job["id"]]
    assert rig.kinds() == ["accepted"]


def test_concurrent_posts_share_commits(rig: Rig) -> None:
    """A hundred posts get their own tasks, in fewer commits than requests."""
    with ThreadPoolExecutor(50) as callers:
        states = list(callers.map(lambda number: rig.post(str(number)), range(100)))
    assert len({state.id for state in states}) == 100
    assert rig.count("posts") == rig.count("jobs") == len(rig.published) == 100
    assert rig.changes < 100


def test_a_repeated_key_gets_the_same_task(rig: Rig) -> None:
    """The same request, repeated and from many threads at a time, makes one post."""
    barrier = threading.Barrier(20)

    def one(_: int) -> str:
        barrier.wait(20)
        return rig.accept(CreatePost(PostInput("hello")), key="k").id

    with ThreadPoolExecutor(20) as callers:
        ids = set(callers.map(one, range(20)))
    assert len(ids) == 1
    assert rig.accept(CreatePost(PostInput("hello")), key="k").id in ids
    assert rig.count("posts") == len(rig.published) == 1


def test_a_key_with_another_request_is_refused(rig: Rig) -> None:
    """Another account may use the same key."""
    rig.accept(CreatePost(PostInput("hello")), key="k")
    with pytest.raises(KeyReused):
        rig.accept(CreatePost(PostInput("other")), key="k", fingerprint="other")
    rig.accept(CreatePost(PostInput("hello")), account="else", key="k", fingerprint="other")
    assert rig.count("posts") == 2


def test_a_repeated_key_gets_the_final_response(rig: Rig) -> None:
    """A repeat after the end of the task gets its final response."""
    rig.accept(CreatePost(PostInput("hello")), key="k")
    rig.rendered(rig.row("jobs"))
    again = rig.accept(CreatePost(PostInput("hello")), key="k")
    assert again.final is not None
    assert again.final.status == 201


def test_a_key_of_a_concurrent_replica_gets_its_task(rig: Rig) -> None:
    """The unique index refuses the second insert. Then the key is looked up again."""

    class RacingRender(RenderText):
        def apply(self, tx: Connection, changes: Changes, task: NewTask) -> None:
            super().apply(tx, changes, task)
            if not lost:
                lost.append(True)
                tx.execute(insert(tasks), [task.row() | {"id": OTHER_ID}])

    lost: list[bool] = []
    state = rig.accept(RacingRender("hello"), key="k")
    assert lost == [True]
    assert rig.row("tasks")["id"] == state.id


def test_tasks_share_the_fetch_of_a_preview(rig: Rig) -> None:
    """Two tasks with one URL wait for one job."""
    first, second = rig.accept(FetchPreview(URL)), rig.accept(FetchPreview(URL))
    job = rig.row("jobs")
    assert (job["kind"], job["subject"]) == ("scrape", URL)
    assert rig.row("previews")["job_id"] == job["id"]
    rig.scraped(job, "Example")
    for state in (first, second):
        assert rig.body(state)["title"] == "Example"
    assert rig.row("previews")["job_id"] is None


def test_a_refused_command_leaves_no_rows(rig: Rig) -> None:
    """The request gets the command's Problem as its error."""
    with pytest.raises(Problem) as refused:
        rig.edit(OTHER_ID, "text")
    assert refused.value.slug == "not-found"
    assert rig.count("tasks") == rig.count("jobs") == 0


def test_a_task_is_visible_to_its_account(rig: Rig) -> None:
    """Unknown ids and other accounts' tasks are not found. An expired task is gone."""
    state = rig.post()
    for account, task_id in (("other", state.id), ("me", OTHER_ID)):
        with pytest.raises(NoSuchTask):
            rig.acceptor.get(by(account), task_id)
    rig.rendered(rig.row("jobs"))
    with rig.store.write() as tx:
        tx.execute(update(tasks).values(expires_at=rig.store.now(tx)))
    with pytest.raises(TaskGone):
        rig.acceptor.get(by(), state.id)
    with pytest.raises(NoSuchTask):
        rig.acceptor.get(by("other"), state.id)


def test_a_wait_ends_with_the_task(rig: Rig) -> None:
    """A wait also ends after its timeout, with the running task."""
    state = rig.post()
    assert rig.acceptor.wait(by(), state.id, 0.05).final is None
    with ThreadPoolExecutor(1) as caller:
        waiting = caller.submit(rig.acceptor.wait, by(), state.id, 20)
        rig.rendered(rig.row("jobs"))
        rig.acceptor.wake()
        final = waiting.result(20).final
    assert final is not None
    assert final.status == 201


def test_a_stop_ends_waits(rig: Rig) -> None:
    """Present and later waits get the running task."""
    state = rig.post()
    with ThreadPoolExecutor(1) as caller:
        waiting = caller.submit(rig.acceptor.wait, by(), state.id, 20)
        time.sleep(0.1)
        began = time.monotonic()
        rig.acceptor.waits.end_all()
        assert waiting.result(20).final is None
        assert rig.acceptor.wait(by(), state.id, 20).final is None
    assert time.monotonic() - began < 10
