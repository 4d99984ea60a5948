"""Outcomes become rows: a batch of them in one transaction, in the order of locks.

A job exists until its first final outcome, which deletes it. The transaction drops a report that
finds no job, or finds its job at a later attempt.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from splitflap_core.contracts import Job, JobOutcome, Kind
from splitflap_core.kinds import KINDS
from splitflap_core.outcomes import Begun, Done, Outcome, RetryLater
from splitflap_core.telemetry import Metrics
from splitflap_core.trace import in_same_trace
from splitflap_core.tracing.tracer import Tracer
from sqlalchemy import Connection, update

from splitflap_api.contract.formats import is_id
from splitflap_api.domain.changes import Changes, Row
from splitflap_api.domain.fair.ledger import Ledger
from splitflap_api.domain.fair.routes import Router
from splitflap_api.domain.fan_in import (
    WaiterBatch,
    decrement_pending,
    note_completions,
    take_waiters,
    unfinished_completions,
)
from splitflap_api.domain.jobs import dead_letters
from splitflap_api.domain.jobs.attempts import is_last, retried
from splitflap_api.domain.jobs.due import make_given_up_due
from splitflap_api.domain.jobs.finished import FinishedJob, finish
from splitflap_api.domain.jobs.kind import JobKind
from splitflap_api.domain.jobs.kinds import JOB_KINDS
from splitflap_api.domain.jobs.locks import lock_jobs, lock_previews
from splitflap_api.domain.jobs.outcome_checks import check_fits
from splitflap_api.domain.jobs.scrapes import add_preview_events
from splitflap_api.domain.tasks import Tasks
from splitflap_api.store.bulk import among, update_rows
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import jobs, tasks
from splitflap_api.transactions.traces import BatchTraces

#: Outcomes in one transaction.
MAX_BATCH = 200


@dataclass
class _Batch:
    """How the outcomes of a batch count."""

    finished: list[FinishedJob] = field(default_factory=list)
    #: The kind of each retried job, its cause, and its columns.
    retries: list[tuple[Kind, str, Row]] = field(default_factory=list)
    #: Jobs with a begin to be counted.
    begun: dict[str, Row] = field(default_factory=dict)
    dropped: list[Kind] = field(default_factory=list)
    #: Attempts that workers have computed, with the rows of their jobs.
    computed: list[tuple[Row, JobOutcome]] = field(default_factory=list)

    def by_kind(self) -> Iterator[tuple[JobKind, list[FinishedJob]]]:
        """The finished jobs of each kind that has some."""
        for name, kind in JOB_KINDS.items():
            if found := [each for each in self.finished if each.job["kind"] == name]:
                yield kind, found


class Ingest:
    """Applies outcomes to the database."""

    def __init__(
        self,
        store: Store,
        tasks_: Tasks,
        metrics: Metrics,
        preview_wait: float,
        router: Router,
        ledger: Ledger,
        tracer: Tracer | None = None,
    ) -> None:
        """`preview_wait` is how long (seconds) a rendered post's task waits for previews."""
        self._store = store
        self._tasks = tasks_
        self._router = router
        self._ledger = ledger
        self._traces = BatchTraces(tracer)
        #: In milliseconds.
        self.preview_wait = int(preview_wait * 1000)
        self._sizes = metrics.histogram("splitflap_ingest_batch_size")
        self._finished = metrics.counter("splitflap_jobs_finished_total")
        self._retried = metrics.counter("splitflap_jobs_retried_total")
        self._dropped = metrics.counter("splitflap_outcomes_dropped_total")
        for kind in KINDS:
            # Prometheus misses the first increase of a counter without a start at 0.
            for word in ("done", "failed", "exhausted"):
                self._finished.labels(kind, word)
            for why in ("asked", "waited", "unfinished", "unconfirmed", "lost", "returned"):
                self._retried.labels(kind, why)

    def apply(self, outcomes: Sequence[JobOutcome]) -> Changes:
        """Commit these outcomes and notices. Return the changes, with new jobs to be published.

        Raises:
            BrokenMessage: a result does not fit its kind.
        """
        with self._traces.ingest(outcomes), self._store.write() as tx:
            changes = Changes(self._store.now(tx), self._router)
            changes.exemplars = self._traces.exemplars(outcomes)
            batch = self._judge(tx, outcomes, changes.now)
            self._write(tx, changes, batch)
            shared = self._traces.shared(tx, changes)
        self._traces.note(shared)
        self._count(batch, len(outcomes))
        return changes

    def make_given_up_due(self, jobs: Sequence[Job]) -> int:
        """Make the unfinished ones of these jobs due again. Return their number."""
        attempts = {each.id: each.attempt for each in jobs if is_id(each.id)}
        with self._store.write() as tx:
            kinds = make_given_up_due(tx, attempts, self._store.now(tx))
        for kind in kinds:
            self._retried.labels(kind, "returned").inc()
        return len(kinds)

    def resume_completions(self) -> bool:
        """End the next waiters of ended shared jobs. Return whether there were any."""
        with self._store.write() as tx:
            shared = unfinished_completions(tx)
            if shared:
                changes = Changes(self._store.now(tx), self._router)
                self._end_waits(tx, changes, take_waiters(tx, [], shared), shared, {})
                changes.write(tx)
        return bool(shared)

    def _judge(self, tx: Connection, outcomes: Sequence[JobOutcome], now: int) -> _Batch:
        ids = (each.job for each in outcomes if is_id(each.job))
        found = {row["id"]: row for row in lock_jobs(tx, ids)}
        batch = _Batch()
        for each in outcomes:
            job, report = found.get(each.job), each.outcome
            if job is not None:
                check_fits(each, job)
                if not isinstance(report, Begun):
                    batch.computed.append((job, each))
            late = job is not None and each.attempt < job["attempt"]
            if job is None or (late and not isinstance(report, Done)):
                batch.dropped.append(each.kind)
            elif isinstance(report, Begun) and not is_last(job, report):
                job["begun"] += 1
                batch.begun[each.job] = {"id": each.job, "begun": job["begun"]}
            elif isinstance(report, RetryLater) and not is_last(job, report):
                why = "asked" if report.progress == "tried" else "waited"
                batch.retries.append((each.kind, why, retried(job, report, now)))
                del found[each.job]
            else:
                # What this outcome causes continues the trace at its work.
                job["traceparent"] = in_same_trace(job["traceparent"], each.traceparent)
                batch.finished.append(finish(job, report))
                del found[each.job]
        return batch

    def _write(self, tx: Connection, changes: Changes, batch: _Batch) -> None:
        update_rows(tx, jobs, ("id",), list(batch.begun.values()))
        update_rows(tx, jobs, ("id",), [row for _, _, row in batch.retries])
        if not batch.finished:
            return
        changes.ended_jobs += [{"id": each.id} for each in batch.finished]
        by_kind = list(batch.by_kind())
        shared = {
            each.id: each.job["subject"] for kind, of in by_kind if kind.shared for each in of
        }
        self._write_previews(tx, changes, by_kind, shared)
        own = [each for kind, of in by_kind if not kind.shared for each in of]
        waiting = take_waiters(tx, [each.id for each in own], shared)
        if not waiting.is_complete:
            note_completions(tx, shared)
        changes.preview_requests = [
            request for request in changes.preview_requests if request.task_id in waiting.tasks
        ]
        for kind, finished in by_kind:
            kind.write_posts(tx, changes, finished)
        # Shared outcomes stay out: a failed preview never fails its post.
        self._end_waits(tx, changes, waiting, shared, {each.id: each.outcome for each in own})
        dead_letters.insert_jobs(tx, batch.finished, changes.now)
        changes.write(tx)

    def _write_previews(
        self,
        tx: Connection,
        changes: Changes,
        by_kind: Sequence[tuple[JobKind, list[FinishedJob]]],
        shared: Mapping[str, str],
    ) -> None:
        """Lock all ended and requested previews of the batch, and write the ended ones."""
        for kind, finished in by_kind:
            changes.preview_requests += kind.preview_requests(finished)
        urls = {*shared.values(), *(request.url for request in changes.preview_requests)}
        if urls:
            lock_previews(tx, urls)
        for kind, finished in by_kind:
            kind.write_previews(tx, changes, finished)

    def _end_waits(
        self,
        tx: Connection,
        changes: Changes,
        waiting: WaiterBatch,
        shared: Mapping[str, str],
        outcomes: Mapping[str, Outcome],
    ) -> None:
        """Take these waiters off their tasks, and end the tasks that wait for no more jobs.

        `outcomes` gives the outcomes of jobs that are not shared, by job.
        """
        add_preview_events(tx, changes, waiting, shared)
        added = changes.schedule_previews(tx)
        done = decrement_pending(tx, changes, waiting, added)
        if delayed := [task_id for task_id, count in added.items() if count]:
            tx.execute(
                update(tasks)
                .where(among(tx, tasks.c.id, delayed))
                .values(finish_at=changes.now + self.preview_wait)
            )
        by_task = {
            task_id: outcomes[job_id] for job_id, task_id in waiting.waiters if job_id in outcomes
        }
        self._tasks.finish(tx, changes, done, by_task)

    def _count(self, batch: _Batch, size: int) -> None:
        self._sizes.observe(size)
        for each in batch.finished:
            word = "exhausted" if each.exhausted else str(each.outcome.__struct_config__.tag)
            self._finished.labels(each.job["kind"], word).inc()
        for job, outcome in batch.computed:
            self._ledger.note(job, outcome)
        for kind, why, _ in batch.retries:
            self._retried.labels(kind, why).inc()
        for kind in batch.dropped:
            self._dropped.labels(kind).inc()
