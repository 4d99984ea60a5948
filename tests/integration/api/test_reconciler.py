"""What is due is done again; what is over is ended; what is old is deleted."""

import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from splitflap_api.loops import retention
from splitflap_api.loops.reconcile import job_counts
from splitflap_api.store import schema
from splitflap_core.kinds import MAX_ATTEMPTS

from .conftest import MakeReplica
from .replica import HOUR, Replica, rendered, scraped


def test_job_that_no_broker_confirmed_is_published_again(replica: Replica) -> None:
    """After five seconds, as the same attempt: it may never have been sent."""
    task = replica.post()
    job = replica.job(task)
    assert job["due_at"] - job["created_at"] == 5_000
    replica.reconciler.run_once()
    assert len(replica.published) == 1
    replica.change(schema.jobs, due_at=1)
    replica.reconciler.run_once()
    assert [row["id"] for row in replica.published] == [job["id"]] * 2
    assert replica.published[-1]["attempt"] == 1
    assert replica.job(task)["due_at"] >= job["due_at"]


def test_job_whose_outcome_never_came_is_tried_again(replica: Replica) -> None:
    """As the next attempt: the first one may still be at work."""
    task = replica.post()
    replica.change(schema.jobs, due_at=1, dispatched_at=1)
    replica.reconciler.run_once()
    assert replica.published[-1]["attempt"] == 2
    assert replica.job(task)["attempt"] == 2
    assert replica.job(task)["dispatched_at"] is None
    assert replica.count("splitflap_jobs_retried_total", why="unfinished") == 1


def test_nothing_is_published_while_the_broker_is_away(replica: Replica) -> None:
    """No attempt is used up by that; all is published once it is back."""
    task = replica.post()
    replica.change(schema.jobs, due_at=1, dispatched_at=1)
    replica.broker_is_up = False
    for _ in range(MAX_ATTEMPTS + 1):
        replica.reconciler.run_once()
    assert len(replica.published) == 1
    assert replica.job(task)["attempt"] == 1
    replica.broker_is_up = True
    replica.reconciler.run_once()
    assert len(replica.published) == 2


def test_the_broker_is_back(replica: Replica) -> None:
    """What was made without it is published at once; what came after it is on its way already."""
    before = replica.job(replica.post())
    time.sleep(0.01)
    replica.reconciler.republish_soon()
    time.sleep(0.01)
    replica.post()
    replica.published.clear()
    for _ in range(2):
        replica.reconciler.run_once()
    assert [row["id"] for row in replica.published] == [before["id"]]


def test_replicas_take_turns(make_replica: MakeReplica) -> None:
    """What one has taken, the other does not take as well, also at the same time."""
    replicas = [make_replica(), make_replica()]
    for _ in range(100):
        replicas[0].post()
    jobs = sorted(row["id"] for row in replicas[0].rows(schema.jobs))
    with ThreadPoolExecutor(2) as threads:
        for _ in range(5):
            replicas[0].change(schema.jobs, due_at=1)
            for replica in replicas:
                replica.published.clear()
            rounds = [threads.submit(replica.reconciler.run_once) for replica in replicas]
            for each in rounds:
                each.result(30)
            published = [row["id"] for replica in replicas for row in replica.published]
            assert sorted(published) == jobs


def test_job_without_attempts_left_ends(replica: Replica) -> None:
    """422, and a dead letter that says why."""
    task = replica.post()
    replica.change(schema.jobs, due_at=1, dispatched_at=1, attempt=MAX_ATTEMPTS)
    replica.reconciler.run_once()
    assert replica.rows(schema.jobs) == []
    assert replica.task(task)["status"] == 422
    [letter] = replica.rows(schema.dead_letters)
    assert (letter["queue"], letter["reason"]) == ("render", "attempts")
    assert replica.count("splitflap_jobs_finished_total", outcome="exhausted") == 1


def test_job_past_its_last_deadline_ends(replica: Replica) -> None:
    """A preview fails with that reason, and its post is done."""
    task = replica.post()
    replica.apply(rendered(replica.job(task), ["http://never/"]))
    replica.change(schema.jobs, due_at=1, dispatched_at=1, deadline=2)
    replica.reconciler.run_once()
    assert replica.rows(schema.jobs) == []
    assert replica.task(task)["status"] == 201
    [preview] = replica.rows(schema.previews)
    assert (preview["state"], preview["reason"]) == ("failed", "deadline")
    assert [letter["queue"] for letter in replica.rows(schema.dead_letters)] == ["scrape"]


def test_job_before_its_deadline_does_not_end(replica: Replica) -> None:
    """Time in which no broker took it does not count."""
    task = replica.post()
    replica.change(schema.jobs, due_at=1, created_at=1)
    replica.reconciler.run_once()
    assert replica.task(task)["state"] == "running"
    assert replica.rows(schema.dead_letters) == []


def test_task_does_not_wait_for_ever_for_previews(make_replica: MakeReplica) -> None:
    """After its time it is done, with those pending shown as such; later ones reach the post."""
    replica = make_replica(preview_wait=0.0)
    task = replica.post()
    [scrape] = replica.apply(rendered(replica.job(task), ["http://slow/"]))
    replica.reconciler.run_once()
    final = replica.task(task)
    assert final["status"] == 201
    assert msgspec.json.decode(final["body"])["links"][0]["preview"]["state"] == "pending"
    replica.apply(scraped(scrape))
    assert replica.rows(schema.previews)[0]["state"] == "ready"
    assert replica.rows(schema.events)[-1]["kind"] == "preview"
    assert replica.task(task) == final | {"pending": replica.task(task)["pending"]}


def test_task_past_its_retention_leaves_a_tombstone(replica: Replica) -> None:
    """Its response is deleted, its id stays known for 410; then it is gone whole."""
    task = replica.post(key="key", of="a")
    replica.apply(rendered(replica.job(task)))
    now = replica.task(task)["expires_at"] - HOUR
    replica.change(schema.tasks, expires_at=now - 1)
    replica.reconciler.run_once()
    bare = replica.task(task)
    assert (bare["body"], bare["headers"], bare["idempotency_key"]) == (None, None, None)
    replica.change(schema.tasks, expires_at=now - 2 * HOUR)
    replica.reconciler._swept = float("-inf")
    replica.reconciler.run_once()
    assert replica.rows(schema.tasks) == []
    assert len(replica.rows(schema.posts)) == 1


def test_a_sweep_is_bounded(replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is due, jobs are looked after in between; and all of it goes in the end."""
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "BATCHES", 2)
    for _ in range(10):
        replica.apply(rendered(replica.job(replica.post())))
    replica.change(schema.tasks, expires_at=2)
    left = []
    for _ in range(3):
        replica.reconciler.run_once()
        left.append(len(replica.rows(schema.tasks)))
    assert left == [6, 2, 0]


def test_sweep_leaves_what_is_in_use(replica: Replica) -> None:
    """Running tasks, previews of posts and young events stay."""
    task = replica.post()
    [scrape] = replica.apply(rendered(replica.job(task), ["http://kept/"]))
    replica.apply(scraped(scrape))
    replica.change(schema.previews, expires_at=1)
    running = replica.post()
    replica.reconciler.run_once()
    assert len(replica.rows(schema.previews)) == 1
    assert replica.task(running)["state"] == "running"
    assert len(replica.rows(schema.events)) == 5


def test_a_job_waits_since_it_could_be_done(replica: Replica) -> None:
    """Since it was made, since it was published or, a retry, since it was due: not before."""
    minute = 60_000
    replica.post()
    [job] = replica.rows(schema.jobs)
    now = job["created_at"]

    def since(**values: int | None) -> dict[tuple[str, str], tuple[int, int]]:
        replica.change(schema.jobs, **values)
        with replica.store.read() as tx:
            return job_counts(tx)

    made = {"created_at": now - 9 * minute, "due_at": now}
    assert since(**made) == {("render", "unpublished"): (1, now - 9 * minute)}
    assert since(dispatched_at=now - minute) == {("render", "unfinished"): (1, now - minute)}
    retry = {"attempt": 2, "dispatched_at": None, "due_at": now + minute}
    assert since(**retry) == {("render", "unpublished"): (1, now + minute)}
    replica.reconciler._measure()
    oldest = replica.metrics.gauge("splitflap_oldest_job_seconds")
    assert oldest.labels("render", "unpublished")._value.get() == 0
