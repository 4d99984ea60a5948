"""Outcomes become rows: a batch of them in one transaction, in the order of locks.

A job exists until its first final outcome, which deletes it. An outcome that finds no job, or a
job at a later attempt, is dropped.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from splitflap_core.contracts import (
    KINDS,
    BrokenMessage,
    JobOutcome,
    RenderResult,
    ScrapeResult,
    decode_payload,
)
from splitflap_core.outcomes import Done, Failed, Outcome, RetryLater
from splitflap_core.telemetry import Metrics
from sqlalchemy import Connection, delete, select, update
from uuid_utils import uuid7

from splitflap_api.domain.changes import Changes, Row, lock_previews
from splitflap_api.domain.jobs import MAX_ATTEMPTS, lock_jobs
from splitflap_api.domain.posts import (
    Rendered,
    apply_rendered,
    lock_posts,
    set_state,
    wants_of,
)
from splitflap_api.domain.shapes import is_id
from splitflap_api.domain.tasks import Tasks, Told, tell, unfinished_completions
from splitflap_api.store.bulk import among, insert_rows, update_rows
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import dead_letters, jobs, previews, tasks

logger = logging.getLogger(__name__)

#: Seconds that a preview or its failure is taken as fresh where the worker does not say.
KEEP_READY = 86_400
KEEP_FAILED = 600

#: Outcomes in one transaction.
MAX_BATCH = 200


@dataclass
class _Ended:
    """A job with its final outcome; `result` is decoded for Done."""

    job: Row
    outcome: Outcome
    result: Any = None
    exhausted: bool = False


@dataclass
class _Batch:
    """What a batch of outcomes comes to."""

    ended: list[_Ended] = field(default_factory=list)
    retries: list[tuple[str, Row]] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[_Ended]:
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

    def go_on(self) -> bool:
        """Tell the next waiters of scrapes that have ended; whether there were any."""
        with self._store.write() as tx:
            scrapes = unfinished_completions(tx)
            if scrapes:
                changes = Changes(self._store.now(tx))
                self._tell(tx, changes, tell(tx, [], scrapes), scrapes, {})
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
                batch.retries.append((each.kind, _retry(job, each.outcome, now)))
                del found[each.job]
            else:
                batch.ended.append(_ended(job, each.outcome, exhausted))
                del found[each.job]
        return batch

    def _write(self, tx: Connection, changes: Changes, batch: _Batch) -> None:
        ids = [each.job["id"] for each in batch.ended]
        update_rows(tx, jobs, ("id",), [row for _, row in batch.retries])
        if not ids:
            return
        tx.execute(delete(jobs).where(among(tx, jobs.c.id, ids)))
        rendered = [_rendered(each) for each in batch.of("render") if _made_post(each)]
        changes.wants += wants_of(rendered)
        self._write_previews(tx, changes, batch.of("scrape"))
        scrapes = {each.job["id"]: each.job["subject"] for each in batch.of("scrape")}
        told = tell(tx, [each.job["id"] for each in batch.of("render")], scrapes)
        changes.wants = [want for want in changes.wants if want.task_id in told.tasks]
        apply_rendered(tx, changes, rendered)
        self._fail_posts(tx, changes, batch.of("render"))
        # A preview's outcome is the preview's alone: one that fails never fails its post.
        renders = {each.job["id"]: each.outcome for each in batch.of("render")}
        self._tell(tx, changes, told, scrapes, renders)
        self._bury(tx, changes, batch.ended)
        changes.write(tx)

    def _tell(
        self,
        tx: Connection,
        changes: Changes,
        told: Told,
        scrapes: dict[str, str],
        renders: dict[str, Outcome],
    ) -> None:
        _preview_events(tx, changes, told, scrapes)
        added = changes.resolve_wants(tx)
        done = self._tasks.lower(tx, told, added)
        waiting = [task_id for task_id in added if added[task_id]]
        if waiting:
            tx.execute(
                update(tasks)
                .where(among(tx, tasks.c.id, waiting))
                .values(finish_at=changes.now + self._preview_wait)
            )
        outcomes = {
            task_id: renders[job_id] for job_id, task_id in told.waiting if job_id in renders
        }
        self._tasks.finish(tx, changes, done, outcomes)

    def _write_previews(self, tx: Connection, changes: Changes, ended: Sequence[_Ended]) -> None:
        urls = {each.job["subject"] for each in ended} | {want.url for want in changes.wants}
        if urls:
            lock_previews(tx, urls)
        if ended:
            rows = [_preview(each, changes.now) for each in ended]
            update_rows(tx, previews, ("url", "job_id"), rows)
            tx.execute(
                update(previews)
                .where(
                    among(tx, previews.c.url, [row["url"] for row in rows]),
                    among(tx, previews.c.job_id, [row["job_id"] for row in rows]),
                )
                .values(job_id=None)
            )

    def _fail_posts(self, tx: Connection, changes: Changes, ended: Sequence[_Ended]) -> None:
        failed = {
            each.job["subject"]: each
            for each in ended
            if each.job["subject"] and not isinstance(each.outcome, Done)
        }
        revisions = {post_id: each.job["revision"] for post_id, each in failed.items()}
        if revisions:
            for post in set_state(tx, changes, revisions, "failed"):
                each = failed[post["id"]]
                reason = _reason(each.outcome)
                changes.event("failed", post, task=each.job["task_id"], reason=reason)

    def _bury(self, tx: Connection, changes: Changes, ended: Sequence[_Ended]) -> None:
        """List what ended without a worker's answer, and every text that could not be rendered."""
        dead = [
            each
            for each in ended
            if each.exhausted
            or (each.job["kind"] == "render" and not isinstance(each.outcome, Done))
        ]
        insert_rows(tx, dead_letters, [_dead_letter(each, changes.now) for each in dead])

    def _count(self, batch: _Batch, size: int) -> None:
        self._sizes.observe(size)
        for each in batch.ended:
            word = "exhausted" if each.exhausted else str(each.outcome.__struct_config__.tag)
            self._finished.labels(each.job["kind"], word).inc()
        for kind, _ in batch.retries:
            self._retried.labels(kind, "asked").inc()
        for kind in batch.dropped:
            self._dropped.labels(kind).inc()


def _preview_events(tx: Connection, changes: Changes, told: Told, scrapes: dict[str, str]) -> None:
    """An event for each post that is told of its preview, if it is still at that revision."""
    shown = [
        (scrapes[job_id], told.tasks[task_id])
        for job_id, task_id in told.waiting
        if job_id in scrapes and told.tasks[task_id]["revision"] is not None
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


def _retry(job: Row, outcome: RetryLater, now: int) -> Row:
    return {
        "id": job["id"],
        "attempt": job["attempt"] + 1,
        "due_at": now + int(max(0.0, outcome.after) * 1000),
        "dispatched_at": None,
    }


def _ended(job: Row, outcome: Outcome, exhausted: bool) -> _Ended:
    if isinstance(outcome, RetryLater):
        return _Ended(
            job, Failed(outcome.reason, "given up after its last attempt"), exhausted=True
        )
    if isinstance(outcome, Failed):
        return _Ended(job, outcome, exhausted=exhausted)
    kind: type[Any] = RenderResult if job["kind"] == "render" else ScrapeResult
    try:
        return _Ended(job, outcome, decode_payload(outcome.result, kind))
    except BrokenMessage as error:
        raise BrokenMessage(f"result of job {job['id']}: {error}") from error


def _made_post(each: _Ended) -> bool:
    return isinstance(each.outcome, Done) and each.job["subject"] is not None


def _rendered(each: _Ended) -> Rendered:
    return Rendered(
        post_id=each.job["subject"],
        revision=each.job["revision"],
        task_id=each.job["task_id"],
        result=each.result,
        traceparent=each.job["traceparent"],
    )


def _preview(each: _Ended, now: int) -> Row:
    result = each.result or ScrapeResult()
    failed = each.outcome if isinstance(each.outcome, Failed) else None
    keep = (failed.keep if failed else result.keep) or (KEEP_FAILED if failed else KEEP_READY)
    return {
        "url": each.job["subject"],
        "job_id": each.job["id"],
        "state": "failed" if failed else "ready",
        "reason": failed.reason[:50] if failed else None,
        "title": result.title,
        "description": result.description,
        "image": result.image,
        "site_name": result.site_name,
        "author": result.author,
        "published_at": result.published_at,
        "language": result.language,
        "type": result.type,
        "icon": result.icon,
        "canonical": result.canonical,
        "image_width": result.image_width,
        "image_height": result.image_height,
        "fetched_at": now,
        "expires_at": now + int(keep * 1000),
    }


def _reason(outcome: Outcome) -> str:
    return "" if isinstance(outcome, Done) else outcome.reason


def _dead_letter(each: _Ended, now: int) -> Row:
    return {
        "id": str(uuid7()),
        "queue": each.job["kind"],
        "job_id": each.job["id"],
        "subject": each.job["subject"],
        "revision": each.job["revision"],
        "reason": _reason(each.outcome)[:500],
        "body": each.job["payload"].encode(),
        "created_at": now,
    }
