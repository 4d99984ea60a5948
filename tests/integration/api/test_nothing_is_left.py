"""No post and no preview is left unfinished without a job, whatever clients and operators do."""

import random
from contextlib import suppress

import pytest
from splitflap_api.contract.dead_letter_models import DeadLetterQuery
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.jobs import dead_letters
from splitflap_api.domain.previews import FetchPreview
from splitflap_api.loops.retention import Retention, sweeps
from splitflap_api.store import schema
from splitflap_api.transactions.replay import Replayer
from splitflap_core.kinds import MAX_ATTEMPTS
from sqlalchemy import Table, update

from asyncrequest import NoSuchTask, TaskGone, TaskState
from tests.unit.api.rig import HOUR, Rig, Row, failed, outcome_of, rendered, retry, scraped

URL, OTHER = "https://one.example/", "https://two.example/"

#: Steps of a random walk, and the walks.
STEPS = 60
WALKS = 12


def replay_all(rig: Rig) -> None:
    """Replay all dead letters that can be replayed."""
    with rig.store.read() as tx:
        query = DeadLetterQuery(limit=100, replayed=False)
        letters = dead_letters.page(tx, query, None, rig.store.now(tx)).letters
    for letter in letters:
        with suppress(Problem):
            Replayer(rig.store, None, rig, rig.router).replay(letter.id)  # type: ignore[arg-type]  # no messages here


def sweep(rig: Rig) -> None:
    """Delete old rows."""
    for duty in sweeps(rig.store, Retention(tombstones=HOUR, events=HOUR)):
        duty.run()


def check(rig: Rig) -> None:
    """Each unfinished row has the row that will finish it."""
    jobs = {row["id"]: row for row in rig.rows(schema.jobs)}
    waiting = {row["task_id"] for row in rig.rows(schema.waiters) if row["job_id"] in jobs}
    running = {
        (row["subject"], row["revision"])
        for row in rig.rows(schema.tasks, state="running")
        if row["id"] in waiting
    }
    linked = {row["url"] for row in rig.rows(schema.post_links)}
    for post in rig.rows(schema.posts):
        if post["state"] in {"accepted", "rendered"}:
            assert (post["id"], post["revision"]) in running, post
    for preview in rig.rows(schema.previews):
        assert preview["job_id"] is None or preview["job_id"] in jobs, preview
        if preview["state"] == "pending" and preview["job_id"] is None:
            assert preview["url"] not in linked, preview
            assert preview["expires_at"] is not None, "no sweep would find it"
    assert {row["job_id"] for row in rig.rows(schema.waiters)} >= set(jobs)


def finish_all(rig: Rig) -> None:
    """End all jobs as their workers do."""
    while jobs := rig.rows(schema.jobs):
        rig.apply(*(rendered(job) if job["kind"] == "render" else scraped(job) for job in jobs))


class Walk:
    """Random steps of clients, workers and an operator."""

    def __init__(self, rig: Rig, seed: int) -> None:
        self._rig = rig
        self._random = random.Random(seed)
        self._tasks: list[TaskState] = []

    def step(self) -> None:
        """One of them."""
        steps = (
            self._post,
            self._edit,
            self._delete,
            self._cancel,
            self._preview,
            self._end_job,
            self._end_job,
            self._end_job,
            self._wait,
            lambda: replay_all(self._rig),
        )
        self._random.choice(steps)()

    def _post(self) -> None:
        self._tasks.append(self._rig.post())

    def _edit(self) -> None:
        if post := self._any(schema.posts):
            self._tasks.append(self._rig.edit(post["id"], "edited"))

    def _delete(self) -> None:
        if post := self._any(schema.posts):
            self._rig.delete_post(post["id"])

    def _cancel(self) -> None:
        """Any task, also one that has ended, or one of a replay."""
        if task := self._any(schema.tasks):
            with suppress(NoSuchTask, TaskGone):
                self._rig.cancel(task["id"])

    def _preview(self) -> None:
        url = self._random.choice((URL, OTHER))
        self._tasks.append(self._rig.accept(FetchPreview(url)))

    def _end_job(self) -> None:
        if not (job := self._any(schema.jobs)):
            return
        if self._random.random() < 0.3:
            self._fail(job)
        elif job["kind"] == "render":
            self._rig.rendered(job, *self._random.sample((URL, OTHER), self._random.randint(0, 2)))
        else:
            self._rig.scraped(job)

    def _fail(self, job: Row) -> None:
        if job["kind"] == "render":
            self._rig.apply(outcome_of(job, failed("crashed")))
            return
        self._rig.change(schema.jobs, attempt=MAX_ATTEMPTS)
        self._rig.apply(outcome_of(job, retry(), MAX_ATTEMPTS))

    def _wait(self) -> None:
        """Rendered posts no longer wait for previews, and previews are no longer fresh."""
        waiting = schema.tasks.c.finish_at.is_not(None)
        with self._rig.store.write() as tx:
            tx.execute(update(schema.tasks).where(waiting).values(finish_at=1))
            tx.execute(update(schema.previews).values(expires_at=1))
        self._rig.reconcile()

    def _any(self, table: Table) -> Row | None:
        rows = self._rig.rows(table)
        return self._random.choice(rows) if rows else None


@pytest.mark.parametrize("seed", range(WALKS))
def test_each_unfinished_row_has_a_job_after_any_steps(rig: Rig, seed: int) -> None:
    """Posts, edits, deletes, cancels, replays and the wait's end, in any order."""
    walk = Walk(rig, seed)
    for _ in range(STEPS):
        walk.step()
        check(rig)
    finish_all(rig)
    assert {row["state"] for row in rig.rows(schema.posts)} <= {"complete", "failed"}


def test_a_replayed_post_completes_with_its_previews(rig: Rig) -> None:
    """The replay has a task of its own, so its previews and its final response come as usual."""
    for _ in range(2):
        rig.apply(outcome_of(rig.job(rig.post()), failed("crashed")))
    replay_all(rig)
    plain, linking = rig.rows(schema.jobs)
    [scrape] = rig.apply(rendered(plain), rendered(linking, [URL]))
    rig.scraped(scrape)
    assert [row["state"] for row in rig.rows(schema.posts)] == ["complete", "complete"]
    assert rig.row(schema.previews)["state"] == "ready"
    assert rig.kinds()[-2:] == ["preview", "done"]
    done = rig.events()[-1][1]
    assert rig.body(TaskState(done["task"], ""))["state"] == "complete"


def test_a_replayed_post_does_not_wait_longer_for_previews_than_others(rig: Rig) -> None:
    """Its site may never answer."""
    rig.apply(outcome_of(rig.job(rig.post()), failed("crashed")))
    replay_all(rig)
    rig.rendered(rig.row(schema.jobs), URL)
    rig.change(schema.tasks, finish_at=1)
    rig.reconcile()
    assert rig.row(schema.posts)["state"] == "complete"


def test_a_cancelled_replay_leaves_the_post_as_text(rig: Rig) -> None:
    """The post had its final response before, so it is not undone."""
    rig.apply(outcome_of(rig.job(rig.post()), failed("crashed")))
    replay_all(rig)
    task = rig.row(schema.tasks, state="running")
    rig.cancel(task["id"])
    assert rig.row(schema.posts)["state"] == "failed"
    assert rig.rows(schema.jobs) == []


def test_a_replayed_scrape_outlives_the_cancel_of_another_task(rig: Rig) -> None:
    """Its job has a waiter of its own. No account can cancel it."""
    task = rig.accept(FetchPreview(URL))
    rig.change(schema.jobs, attempt=MAX_ATTEMPTS)
    rig.apply(outcome_of(rig.job(task, "scrape"), retry(), MAX_ATTEMPTS))
    replay_all(rig)
    joined = rig.accept(FetchPreview(URL))
    rig.cancel(joined.id)
    rig.scraped(rig.row(schema.jobs))
    assert rig.row(schema.previews)["state"] == "ready"


@pytest.mark.parametrize("ended", [False, True], ids=["running", "ended"])
def test_the_previews_of_a_cancelled_task_still_arrive(rig: Rig, ended: bool) -> None:
    """Before and after the end of its wait for previews."""
    task = rig.post()
    rig.rendered(rig.job(task), URL)
    if ended:
        rig.change(schema.tasks, finish_at=1)
        rig.reconcile()
    rig.cancel(task.id)
    rig.scraped(rig.row(schema.jobs))
    assert rig.row(schema.previews)["state"] == "ready"
    assert rig.kinds()[-1] == "preview"


def test_a_shared_preview_survives_a_cancel_and_a_delete(rig: Rig) -> None:
    """The cancelled task's post goes on waiting for the job that another post shares."""
    one, two = rig.post(), rig.post()
    rig.rendered(rig.job(one), URL)
    rig.rendered(rig.job(two), URL)
    rig.cancel(one.id)
    rig.delete_post(rig.task(two)["subject"])
    rig.scraped(rig.row(schema.jobs))
    assert rig.row(schema.previews)["state"] == "ready"


def test_a_preview_outlasts_the_retention_of_its_task(rig: Rig) -> None:
    """The scraper was away for a week. The task that waited is forgotten meanwhile."""
    task = rig.post()
    rig.rendered(rig.job(task), URL)
    scrape = rig.row(schema.jobs)
    rig.change(schema.tasks, finish_at=1)
    rig.reconcile()
    rig.change(schema.tasks, expires_at=1)
    sweep(rig)
    assert rig.rows(schema.tasks) == []
    rig.scraped(scrape)
    assert rig.row(schema.previews)["state"] == "ready"
    assert rig.rows(schema.waiters) == rig.rows(schema.jobs) == []


def test_a_preview_that_nobody_wants_any_more_is_deleted_in_time(rig: Rig) -> None:
    """Its fetch was cancelled before it began, so it never got a time from a worker."""
    rig.cancel(rig.accept(FetchPreview(URL)).id)
    row = rig.row(schema.previews)
    assert (row["state"], row["job_id"]) == ("pending", None)
    rig.change(schema.previews, expires_at=row["expires_at"] - 31 * 24 * HOUR)
    sweep(rig)
    assert rig.rows(schema.previews) == []
