"""Outcomes become rows: a batch of them in one transaction, in the order of locks.

A job exists until its first final outcome, which deletes it. An outcome that finds no job, or a
job at a later attempt, is dropped.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from splitflap_core.contracts import (
    JobOutcome,
)
from splitflap_core.kinds import KINDS, MAX_ATTEMPTS
from splitflap_core.outcomes import Done, Outcome, RetryLater
from splitflap_core.telemetry import Metrics
from sqlalchemy import Connection, delete, select, update

from splitflap_api.contract.formats import is_id
from splitflap_api.domain.changes import Changes, Row, lock_previews
from splitflap_api.domain.finished_job import FinishedJob, end, retried
from splitflap_api.domain.jobs import lock_jobs
from splitflap_api.domain.posts import (
    apply_rendered,
    lock_posts,
    previews_wanted_by,
    set_state,
)
from splitflap_api.domain.tasks import Tasks, WaiterBatch, take_waiters, unfinished_completions
from splitflap_api.store.bulk import among, insert_rows, update_rows
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import dead_letters, jobs, previews, tasks

logger = logging.getLogger(__name__)

#: Outcomes in one transaction.
MAX_BATCH = 200


@dataclass
class _Batch:
    """What a batch of outcomes comes to."""

    ended: list[FinishedJob] = field(default_factory=list)
    retries: list[tuple[str, Row]] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[FinishedJob]:
        return [each for each in self.ended if each.job["kind"] == kind]


class Ingest:
    """Applies outcomes to the database."""

    def __init__(self, store: Store, tasks_: Tasks, metrics: Metrics, preview_wait: float) -> None:
        """`preview_wait` is how long (seconds) a rendered post's task waits for previews."""
        self._store = store
        self._tasks = tasks_
        self._preview_wait = int(preview_wait * 1000)
        self._sizes = metrics.histogram("splitflap_ingest_batch_size")
        self._finished = metrics.counter("splitflap_jobs_finished_total")
        self._retried = metrics.counter("splitflap_jobs_retried_total")
        self._dropped = metrics.counter("splitflap_outcomes_dropped_total")
        for kind in KINDS:
            # An increase from nothing to 1 is none to Prometheus: these begin at 0.
            for word in ("done", "failed", "exhausted"):
                self._finished.labels(kind, word)
            for why in ("asked", "unfinished", "unconfirmed"):
                self._retried.labels(kind, why)

    def apply(self, outcomes: Sequence[JobOutcome], *, exhausted: bool = False) -> list[Row]:
        """Commit these outcomes; returns the jobs that came of them, to be published.

        `exhausted` says that these are the reconciler's: jobs that ended by attempts or deadline.

        Raises:
            BrokenMessage: a result does not fit its kind.
        """
        with self._store.write() as tx:
            changes = Changes(self._store.now(tx))
            batch = self._judge(tx, outcomes, changes.now, exhausted)
            self._write(tx, changes, batch)
        self._count(batch, len(outcomes))
        return changes.jobs

    def resume_completions(self) -> bool:
        """Tell the next waiters of scrapes that have ended; whether there were any."""
        with self._store.write() as tx:
            scrapes = unfinished_completions(tx)
            if scrapes:
                changes = Changes(self._store.now(tx))
                self._end_waits(tx, changes, take_waiters(tx, [], scrapes), scrapes, {})
                changes.write(tx)
        return bool(scrapes)

    def _judge(
        self, tx: Connection, outcomes: Sequence[JobOutcome], now: int, exhausted: bool
    ) -> _Batch:
        ids = (each.job for each in outcomes if is_id(each.job))
        found = {row["id"]: row for row in lock_jobs(tx, ids)}
        batch = _Batch()
        for each in outcomes:
            job = found.get(each.job)
            late = job is not None and each.attempt < job["attempt"]
            if job is None or (late and not isinstance(each.outcome, Done)):
                batch.dropped.append(each.kind)
            elif isinstance(each.outcome, RetryLater) and each.attempt < MAX_ATTEMPTS:
                batch.retries.append((each.kind, retried(job, each.outcome, now)))
                del found[each.job]
            else:
                batch.ended.append(end(job, each.outcome, exhausted=exhausted))
                del found[each.job]
        return batch

    def _write(self, tx: Connection, changes: Changes, batch: _Batch) -> None:
        ids = [each.job["id"] for each in batch.ended]
        update_rows(tx, jobs, ("id",), [row for _, row in batch.retries])
        if not ids:
            return
        tx.execute(delete(jobs).where(among(tx, jobs.c.id, ids)))
        rendered = [each.rendered() for each in batch.of("render") if each.made_post]
        changes.preview_requests += previews_wanted_by(rendered)
        self._write_previews(tx, changes, batch.of("scrape"))
        scrapes = {each.job["id"]: each.job["subject"] for each in batch.of("scrape")}
        waiting = take_waiters(tx, [each.job["id"] for each in batch.of("render")], scrapes)
        changes.preview_requests = [
            request for request in changes.preview_requests if request.task_id in waiting.tasks
        ]
        apply_rendered(tx, changes, rendered)
        self._fail_posts(tx, changes, batch.of("render"))
        # A preview's outcome is the preview's alone: one that fails never fails its post.
        renders = {each.job["id"]: each.outcome for each in batch.of("render")}
        self._end_waits(tx, changes, waiting, scrapes, renders)
        self._dead_letter(tx, changes, batch.ended)
        changes.write(tx)

    def _end_waits(
        self,
        tx: Connection,
        changes: Changes,
        waiting: WaiterBatch,
        scrapes: dict[str, str],
        renders: Mapping[str, Outcome],
    ) -> None:
        _preview_events(tx, changes, waiting, scrapes)
        added = changes.schedule_previews(tx)
        done = self._tasks.decrement_pending(tx, waiting, added)
        delayed = [task_id for task_id in added if added[task_id]]
        if delayed:
            tx.execute(
                update(tasks)
                .where(among(tx, tasks.c.id, delayed))
                .values(finish_at=changes.now + self._preview_wait)
            )
        outcomes = {
            task_id: renders[job_id] for job_id, task_id in waiting.waiting if job_id in renders
        }
        self._tasks.finish(tx, changes, done, outcomes)

    def _write_previews(
        self, tx: Connection, changes: Changes, ended: Sequence[FinishedJob]
    ) -> None:
        urls = {each.job["subject"] for each in ended} | {
            request.url for request in changes.preview_requests
        }
        if urls:
            lock_previews(tx, urls)
        if ended:
            rows = [each.preview(changes.now) for each in ended]
            update_rows(tx, previews, ("url", "job_id"), rows)
            tx.execute(
                update(previews)
                .where(
                    among(tx, previews.c.url, [row["url"] for row in rows]),
                    among(tx, previews.c.job_id, [row["job_id"] for row in rows]),
                )
                .values(job_id=None)
            )

    def _fail_posts(self, tx: Connection, changes: Changes, ended: Sequence[FinishedJob]) -> None:
        failed = {
            each.job["subject"]: each
            for each in ended
            if each.job["subject"] and not isinstance(each.outcome, Done)
        }
        revisions = {post_id: each.job["revision"] for post_id, each in failed.items()}
        if revisions:
            for post in set_state(tx, changes, revisions, "failed"):
                each = failed[post["id"]]
                task = each.job["task_id"]
                changes.event("failed", post, task=task, reason=each.reason)

    def _dead_letter(self, tx: Connection, changes: Changes, ended: Sequence[FinishedJob]) -> None:
        """List what ended without a worker's answer, and every text that could not be rendered."""
        dead = [each.dead_letter(changes.now) for each in ended if each.is_dead]
        insert_rows(tx, dead_letters, dead)

    def _count(self, batch: _Batch, size: int) -> None:
        self._sizes.observe(size)
        for each in batch.ended:
            word = "exhausted" if each.exhausted else str(each.outcome.__struct_config__.tag)
            self._finished.labels(each.job["kind"], word).inc()
        for kind, _ in batch.retries:
            self._retried.labels(kind, "asked").inc()
        for kind in batch.dropped:
            self._dropped.labels(kind).inc()


def _preview_events(
    tx: Connection, changes: Changes, waiting: WaiterBatch, scrapes: dict[str, str]
) -> None:
    """An event for each post that is waiting of its preview, if it is still at that revision."""
    shown = [
        (scrapes[job_id], waiting.tasks[task_id])
        for job_id, task_id in waiting.waiting
        if job_id in scrapes and waiting.tasks[task_id]["revision"] is not None
    ]
    if not shown:
        return
    now_at = lock_posts(tx, (task["subject"] for _, task in shown))
    urls = {url for url, _ in shown}
    rows = tx.execute(
        select(previews.c.url, previews.c.state).where(among(tx, previews.c.url, urls))
    )
    states = {row.url: row.state for row in rows}
    for url, task in shown:
        post = now_at.get(task["subject"])
        if post and post["revision"] == task["revision"]:
            changes.event("preview", post, url=url, state=states.get(url, "failed"))
