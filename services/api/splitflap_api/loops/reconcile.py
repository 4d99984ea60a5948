"""The reconciler: each replica repeats due work, in small batches.

One mechanism covers a broker that was down, a lost message, a killed worker, and retries. The
reconciler publishes only while the broker takes messages. It also ends tasks after their wait for
previews, ends the remaining waiters of a large fan-in, and deletes rows past their retention.
"""

import logging
import random
import socket
import time
from collections.abc import Callable, Sequence

from splitflap_core.contracts import JobOutcome
from splitflap_core.kinds import KINDS, MAX_ATTEMPTS
from splitflap_core.outcomes import Failed
from splitflap_core.telemetry import Metrics
from sqlalchemy import bindparam, func, select, update

from splitflap_api.domain.changes import UNCONFIRMED_AFTER, Changes, Row
from splitflap_api.domain.jobs.counts import job_counts
from splitflap_api.domain.tasks import Tasks
from splitflap_api.loops.loop import Duty, Loop
from splitflap_api.loops.retention import Retention, sweeps
from splitflap_api.store.bulk import update_rows
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import jobs, tasks
from splitflap_api.transactions.after_commit import AfterCommit
from splitflap_api.transactions.ingest import Ingest

logger = logging.getLogger(__name__)

#: Seconds between iterations. Jitter spreads the iterations of the replicas.
PAUSE = 0.5

#: Rows taken by one transaction.
BATCH = 200

#: Batches of due jobs in one iteration.
MAX_BATCHES = 10

#: Seconds between counts of waiting jobs.
MEASURE_EVERY = 5.0

#: Seconds between two log lines about tasks for another release.
LOG_LEFT_EVERY = 60.0


class Reconciler(Loop):
    """Runs in every process with the role `outcomes`. Its duties are independent."""

    def __init__(
        self,
        store: Store,
        tasks_: Tasks,
        ingest: Ingest,
        metrics: Metrics,
        retention: Retention,
        *,
        broker_is_up: Callable[[], bool],
        after_commit: AfterCommit,
    ) -> None:
        super().__init__(
            "reconciler",
            Duty("publish jobs of an outage", self._publish_missed),
            Duty("publish due jobs", self._republish),
            Duty("end waiting tasks", self._end_waiting_tasks),
            Duty("end left waiters", self._end_left_waiters),
            *sweeps(store, retention),
            Duty("count waiting jobs", self._measure),
            pause=lambda: PAUSE * random.uniform(0.75, 1.25),  # noqa: S311 - jitter
        )
        self._store = store
        self._tasks = tasks_
        self._ingest = ingest
        self._broker_is_up = broker_is_up
        self._after_commit = after_commit
        self._retried = metrics.counter("splitflap_jobs_retried_total")
        self._oldest = metrics.gauge("splitflap_oldest_job_seconds")
        self._waiting = metrics.gauge("splitflap_jobs_waiting")
        self._left = metrics.gauge("splitflap_tasks_without_responder")
        #: When the broker came back (monotonic), until the jobs of its outage are due.
        self._up_since: float | None = None
        self._measured_at = self._logged_at = float("-inf")

    def republish_soon(self) -> None:
        """The broker is back: publish the jobs of its outage in the next iteration."""
        self._up_since = time.monotonic()

    def _publish_missed(self) -> None:
        """Make the jobs of a broker's outage due now."""
        if (up_since := self._up_since) is None:
            return
        with self._store.write() as tx:
            now = self._store.now(tx)
            up = now - int((time.monotonic() - up_since) * 1000)
            tx.execute(_MAKE_MISSED_DUE, {"_now": now, "_soon": now + UNCONFIRMED_AFTER, "_up": up})
        if self._up_since == up_since:
            self._up_since = None

    def _republish(self) -> None:
        for _ in range(MAX_BATCHES):
            if not self._broker_is_up() or not self._republish_batch():
                return

    def _republish_batch(self) -> bool:
        """Publish a batch of due jobs again. Return whether there may be more."""
        with self._store.write() as tx:
            now = self._store.now(tx)
            due = [dict(row) for row in tx.execute(_DUE, {"_now": now}).mappings()]
            for row in due:
                row["_unfinished"] = row["dispatched_at"] is not None
                row["attempt"] += row["_unfinished"]
            exhausted = [row for row in due if _is_exhausted(row, now)]
            again = [row for row in due if not _is_exhausted(row, now)]
            update_rows(tx, jobs, ("id",), [_claimed(row, now) for row in again])
        self._count_retries(again)
        self._after_commit.publish(again)
        if exhausted:
            self._give_up(exhausted, now)
        return len(due) == BATCH

    def _count_retries(self, rows: Sequence[Row]) -> None:
        for row in rows:
            # The ingest of a RetryLater has already counted an undispatched later attempt.
            if row["_unfinished"] or row["attempt"] == 1:
                why = "unfinished" if row["_unfinished"] else "unconfirmed"
                self._retried.labels(row["kind"], why).inc()

    def _give_up(self, rows: Sequence[Row], now: int) -> None:
        """End jobs as Failed, in the same way as a worker's outcome."""
        outcomes = [
            JobOutcome(
                job=row["id"],
                kind=row["kind"],
                attempt=row["attempt"],
                outcome=Failed(_reason_of_end(row, now), "no worker could finish it"),
                took=0.0,
                worker=socket.gethostname(),
            )
            for row in rows
        ]
        self._ingest.apply(outcomes, exhausted=True)
        self._after_commit.changed()

    def _end_waiting_tasks(self) -> None:
        """End tasks after their wait for previews, and tasks that another release left."""
        while self._end_batch_of_tasks():
            self.note_progress()
            self._after_commit.changed()

    def _end_batch_of_tasks(self) -> bool:
        with self._store.write() as tx:
            changes = Changes(self._store.now(tx))
            names = self._tasks.responders.names
            due = tx.execute(_OVERDUE, {"_now": changes.now, "_names": names})
            ended = self._tasks.finish_due(tx, changes, [row.id for row in due])
            changes.write(tx)
        return bool(ended)

    def _end_left_waiters(self) -> None:
        while self._ingest.resume_completions():
            self.note_progress()
            self._after_commit.changed()

    def _measure(self) -> None:
        if time.monotonic() - self._measured_at <= MEASURE_EVERY:
            return
        self._measured_at = time.monotonic()
        names = self._tasks.responders.names
        with self._store.read() as tx:
            now = self._store.now(tx)
            counts = job_counts(tx)
            overdue = tx.execute(_LEFT, {"_now": now, "_names": names})
            left: dict[str, int] = {row.finish: row.tasks for row in overdue}
        for state in ("unpublished", "unfinished"):
            for kind in KINDS:
                count, since = counts.get((kind, state), (0, now))
                self._waiting.labels(kind, state).set(count)
                self._oldest.labels(kind, state).set(max(0, now - since) / 1000)
        self._left.set(sum(left.values()))
        if left and time.monotonic() - self._logged_at > LOG_LEFT_EVERY:
            self._logged_at = time.monotonic()
            logger.warning(
                "reconciler: %d tasks wait for a replica of another release: this one lacks the "
                "responder %s. Finish the upgrade, or start a replica of the release that accepted "
                "these tasks",
                sum(left.values()),
                ", ".join(sorted(left)),
            )


_DUE = (
    select(jobs)
    .where(jobs.c.due_at <= bindparam("_now"))
    .order_by(jobs.c.due_at)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
#: Undispatched jobs from before the broker's return. Another replica may be publishing some of them
#: at the same time. Workers then do these jobs twice.
_MAKE_MISSED_DUE = (
    update(jobs)
    .where(
        jobs.c.due_at > bindparam("_now"),
        jobs.c.due_at <= bindparam("_soon"),
        jobs.c.deadline.is_(None),
        jobs.c.attempt == 1,
        jobs.c.created_at < bindparam("_up"),
    )
    .values(due_at=bindparam("_now"))
)
_is_overdue = (tasks.c.state == "running") & (tasks.c.finish_at <= bindparam("_now"))
_OVERDUE = (
    select(tasks.c.id)
    .where(_is_overdue, tasks.c.finish.in_(bindparam("_names", expanding=True)))
    .order_by(tasks.c.id)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
#: Overdue tasks for another replica, by responder.
_LEFT = (
    select(tasks.c.finish, func.count().label("tasks"))
    .where(_is_overdue, tasks.c.finish.not_in(bindparam("_names", expanding=True)))
    .group_by(tasks.c.finish)
)


def _claimed(row: Row, now: int) -> Row:
    return {
        "id": row["id"],
        "attempt": row["attempt"],
        "due_at": now + UNCONFIRMED_AFTER,
        "dispatched_at": None,
    }


def _is_exhausted(row: Row, now: int) -> bool:
    return row["attempt"] > MAX_ATTEMPTS or (row["deadline"] is not None and row["deadline"] <= now)


def _reason_of_end(row: Row, now: int) -> str:
    return "attempts" if row["deadline"] is None or row["deadline"] > now else "deadline"
