"""Due jobs are published again, exhausted jobs and waiting tasks end, old rows are deleted."""

import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from splitflap_api.domain.jobs.counts import job_counts
from splitflap_api.domain.previews import FetchPreview
from splitflap_api.loops import reconcile, retention
from splitflap_api.store import schema
from splitflap_core.kinds import MAX_ATTEMPTS
from sqlalchemy import Table, text, update

from asyncrequest import TaskGone
from tests.unit.api.rig import HOUR, Rig, failed, outcome_of, rendered, scraped

from .conftest import MakeRig


def test_an_unconfirmed_job_is_published_again(rig: Rig) -> None:
    """It is published after five seconds, as the same attempt."""
    task = rig.post()
    job = rig.job(task)
    assert job["due_at"] - job["created_at"] == 5_000
    rig.reconcile()
    assert len(rig.published) == 1
    rig.change(schema.jobs, due_at=1)
    rig.reconcile()
    assert [row["id"] for row in rig.published] == [job["id"]] * 2
    assert rig.published[-1]["attempt"] == 1
    assert rig.job(task)["due_at"] >= job["due_at"]


def test_due_jobs_are_published_although_the_look_for_them_fails(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The duties then look themselves, even if nothing was due before."""
    rig.post()
    rig.reconcile()
    rig.published.clear()
    rig.change(schema.jobs, due_at=1)
    monkeypatch.setattr(reconcile, "_DUE_WORK", text("SELECT no_such_column"))
    rig.reconciler.run_once()
    assert len(rig.published) == 1


def test_due_jobs_wait_for_the_broker(rig: Rig) -> None:
    """An outage uses up no attempt. All jobs are published once the broker is back."""
    task = rig.post()
    rig.change(schema.jobs, due_at=1, dispatched_at=1)
    rig.broker_is_up = False
    for _ in range(MAX_ATTEMPTS + 1):
        rig.reconcile()
    assert len(rig.published) == 1
    assert rig.job(task)["attempt"] == 1
    rig.broker_is_up = True
    rig.reconcile()
    assert len(rig.published) == 2


def test_jobs_of_an_outage_are_published_when_the_broker_is_back(rig: Rig) -> None:
    """They are published at once. Jobs from after the return are already on their way."""
    before = rig.job(rig.post())
    time.sleep(0.01)
    rig.reconciler.republish_soon()
    time.sleep(0.01)
    rig.post()
    rig.published.clear()
    for _ in range(2):
        rig.reconcile()
    assert [row["id"] for row in rig.published] == [before["id"]]


def test_replicas_share_the_due_jobs(make_rig: MakeRig) -> None:
    """Each job is published by one replica, although both run at the same time."""
    replicas = [make_rig(), make_rig()]
    for _ in range(100):
        replicas[0].post()
    jobs = sorted(row["id"] for row in replicas[0].rows(schema.jobs))
    with ThreadPoolExecutor(2) as threads:
        for _ in range(5):
            replicas[0].change(schema.jobs, due_at=1)
            for rig in replicas:
                rig.published.clear()
            iterations = [threads.submit(rig.reconcile) for rig in replicas]
            for each in iterations:
                each.result(30)
            published = [row["id"] for rig in replicas for row in rig.published]
            assert sorted(published) == jobs


def test_a_job_that_this_process_still_publishes_is_left_alone(rig: Rig) -> None:
    """Its message may be in the link or at the broker. It stays due in case it is lost."""
    job = rig.job(rig.post())
    rig.publishing.add(job["id"])
    for _ in range(3):
        rig.change(schema.jobs, due_at=1)
        rig.reconcile()
    assert len(rig.published) == 1
    rig.publishing.clear()
    rig.change(schema.jobs, due_at=1)
    rig.reconcile()
    assert len(rig.published) == 2


def test_a_task_ends_when_its_previews_take_too_long(make_rig: MakeRig) -> None:
    """It shows the late previews as pending. They still reach the post."""
    rig = make_rig(preview_wait=0.0)
    task = rig.post()
    [scrape] = rig.apply(rendered(rig.job(task), ["http://slow/"]))
    rig.reconcile()
    final = rig.task(task)
    assert final["status"] == 201
    assert msgspec.json.decode(final["body"])["links"][0]["preview"]["state"] == "pending"
    rig.apply(scraped(scrape))
    assert rig.rows(schema.previews)[0]["state"] == "ready"
    assert rig.rows(schema.events)[-1]["kind"] == "preview"
    assert rig.task(task) == final | {"pending": rig.task(task)["pending"]}


def test_an_expired_task_leaves_a_tombstone(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its response is deleted first. Its id and its idempotency key stay for 410, and go later."""
    task = rig.post(key="key", fingerprint="a")
    rig.apply(rendered(rig.job(task)))
    now = rig.task(task)["expires_at"] - HOUR
    rig.change(schema.tasks, expires_at=now - 1)
    rig.reconcile()
    bare = rig.task(task)
    assert (bare["body"], bare["headers"], bare["idempotency_key"]) == (None, None, "key")
    with pytest.raises(TaskGone):
        rig.post(key="key", fingerprint="a")
    rig.change(schema.tasks, expires_at=now - 2 * HOUR)
    monkeypatch.setattr(retention, "SWEEP_EVERY", 0)
    rig.reconcile()
    assert rig.rows(schema.tasks) == []
    assert len(rig.rows(schema.posts)) == 1


def test_a_sweep_is_bounded(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other duties run between two sweeps. In the end all due rows are deleted."""
    for batch in ("BATCH", "SQLITE_BATCH", "BATCHES"):
        monkeypatch.setattr(retention, batch, 2)
    for _ in range(10):
        rig.apply(rendered(rig.job(rig.post())))
    rig.change(schema.tasks, expires_at=2)
    left = []
    for _ in range(3):
        rig.reconcile()
        left.append(len(rig.rows(schema.tasks)))
    assert left == [6, 2, 0]


def test_a_sweep_goes_on_where_it_ended(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """It searches no times of deleted rows again, until it restarts."""
    monkeypatch.setattr(retention, "SWEEP_EVERY", 0)
    for created_at in (2, 1):
        rig.post()
        rig.change(schema.events, created_at=created_at)
        rig.reconcile()
    assert [row["created_at"] for row in rig.rows(schema.events)] == [1]
    monkeypatch.setattr(retention, "RESTART_EVERY", 0)
    rig.reconcile()
    assert rig.rows(schema.events) == []


def test_a_sweep_looks_at_few_previews_at_a_time(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old previews of posts stay. One that no post shows is found behind them."""
    monkeypatch.setattr(retention, "WINDOW", 2)
    monkeypatch.setattr(retention, "BATCHES", 2)
    scrapes = rig.rendered(rig.job(rig.post()), *(f"http://kept{n}/" for n in range(5)))
    rig.apply(*map(scraped, scrapes))
    rig.scraped(rig.job(rig.accept(FetchPreview("http://old/")), "scrape"))
    for number, row in enumerate(rig.rows(schema.previews), 1):
        expires_at = 9 if row["url"] == "http://old/" else number
        with rig.store.write() as tx:
            of = update(schema.previews).where(schema.previews.c.url == row["url"])
            tx.execute(of.values(expires_at=expires_at))
    left = []
    for _ in range(2):
        rig.reconcile()
        left.append(rig.count(schema.previews))
    assert left == [6, 5]


SWEPT = {
    schema.tasks: "expires_at",
    schema.events: "created_at",
    schema.dead_letters: "created_at",
    schema.previews: "expires_at",
}


@pytest.mark.parametrize("broken", list(SWEPT), ids=str)
def test_a_table_that_cannot_be_swept_does_not_stop_the_other_sweeps(
    rig: Rig, broken: Table
) -> None:
    """Its own sweep fails in each iteration, and the health check tells."""
    rig.apply(outcome_of(rig.job(rig.post()), failed()))
    rig.scraped(rig.job(rig.accept(FetchPreview("http://old/")), "scrape"))
    for table, time_of in SWEPT.items():
        rig.change(table, **{time_of: 1})
    with rig.store.write() as tx:
        tx.execute(text(f"ALTER TABLE {broken} RENAME COLUMN {SWEPT[broken]} TO gone"))
    rig.reconciler.run_once()
    assert rig.reconciler.failed
    left = {str(table): rig.count(table) for table in SWEPT if table is not broken}
    assert set(left.values()) == {0}, left


def test_a_sweep_leaves_rows_that_are_in_use(rig: Rig) -> None:
    """Running tasks, previews of posts and young events stay."""
    task = rig.post()
    [scrape] = rig.apply(rendered(rig.job(task), ["http://kept/"]))
    rig.apply(scraped(scrape))
    rig.change(schema.previews, expires_at=1)
    running = rig.post()
    rig.reconcile()
    assert len(rig.rows(schema.previews)) == 1
    assert rig.task(running)["state"] == "running"
    assert len(rig.rows(schema.events)) == 5


def test_a_job_counts_as_waiting_since_it_could_be_done(rig: Rig) -> None:
    """The wait begins at creation or publishing, and for a retry when it is due."""
    minute = 60_000
    rig.post()
    [job] = rig.rows(schema.jobs)
    now = job["created_at"]

    def since(**values: int | None) -> dict[tuple[str, str], tuple[int, int]]:
        rig.change(schema.jobs, **values)
        with rig.store.read() as tx:
            return job_counts(tx).jobs

    made = {"created_at": now - 9 * minute, "due_at": now}
    assert since(**made) == {("render", "unpublished"): (1, now - 9 * minute)}
    sent = {"first_dispatched_at": now - 3 * minute, "dispatched_at": now - minute, "due_at": None}
    assert since(**sent) == {("render", "unfinished"): (1, now - 3 * minute)}
    again = {"dispatched_at": None, "due_at": now}
    assert since(**again) == {("render", "unfinished"): (1, now - 3 * minute)}
    retry = {"first_dispatched_at": None, "waiting_since": now + minute, "due_at": now + minute}
    assert since(**retry) == {("render", "unpublished"): (1, now + minute)}
    rig.reconcile()
    oldest = rig.metrics.gauge("splitflap_oldest_job_seconds")
    # Private: prometheus_client has no public way to read one gauge.
    assert oldest.labels("render", "unpublished")._value.get() == 0
