"""The reconciler: whatever is due is done again, by any replica, in small batches.

One mechanism covers a broker that was down, a lost message, a killed worker, and retries. It
publishes only while the broker takes messages. It also ends tasks that have waited long enough,
goes on with what was left half done, and deletes what is past its retention.
"""

import random
import socket
import time
from collections.abc import Callable, Sequence

from splitflap_core.contracts import JobOutcome
from splitflap_core.kinds import KINDS, MAX_ATTEMPTS
from splitflap_core.outcomes import Failed
from splitflap_core.telemetry import Metrics
from sqlalchemy import Connection, bindparam, case, func, select, update

from splitflap_api.domain.changes import UNCONFIRMED_AFTER, Changes, Row
from splitflap_api.domain.jobs import lock_tasks
from splitflap_api.domain.tasks import Tasks
from splitflap_api.loops.loop import Loop
from splitflap_api.loops.retention import Retention, Sweeper
from splitflap_api.store.bulk import update_rows
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import (
    jobs,
    tasks,
)
from splitflap_api.transactions.ingest import Ingest

#: Seconds between rounds, with jitter, so that replicas do not meet.
ROUND = 0.5

#: Rows taken by one transaction.
BATCH = 200

#: Batches of due jobs in one round.
BATCHES_PER_ROUND = 10

#: Seconds without looking for what is past its time, once there is no more of it.
SWEEP_EVERY = 20.0

#: Seconds between counts of what waits.
MEASURE_EVERY = 5.0


class Reconciler(Loop):
    """Runs in a thread of its own, in every process with the role `outcomes`."""

    def __init__(
        self,
        store: Store,
        tasks_: Tasks,
        ingest: Ingest,
        metrics: Metrics,
        retention: Retention,
        *,
        broker_is_up: Callable[[], bool],
        publish: Callable[[Sequence[Row]], None],
        changed: Callable[[], None],
    ) -> None:
        super().__init__("reconciler")
        self._store = store
        self._tasks = tasks_
        self._ingest = ingest
        self._sweeper = Sweeper(store, retention)
        self._broker_is_up = broker_is_up
        self._publish = publish
        self._changed = changed
        self._retried = metrics.counter("splitflap_jobs_retried_total")
        self._oldest = metrics.gauge("splitflap_oldest_job_seconds")
        self._waiting = metrics.gauge("splitflap_jobs_waiting")
        #: When the broker was there again (monotonic), until that has been seen to.
        self._up_since: float | None = None
        self._swept = self._measured = 0.0

    def pause(self) -> float:
        return ROUND * random.uniform(0.75, 1.25)  # noqa: S311 - jitter

    def republish_soon(self) -> None:
        """The broker is there again: what it has not seen need not wait for its confirm."""
        self._up_since = time.monotonic()

    def run_once(self) -> None:
        """One look at everything that may be due."""
        if (up_since := self._up_since) is not None:
            self._make_due_soon(up_since)
            if self._up_since == up_since:
                self._up_since = None
        for _ in range(BATCHES_PER_ROUND):
            if not self._broker_is_up() or not self._republish():
                break
        while self._end_waiting_tasks() or self._ingest.resume_completions():
            self._changed()
        if time.monotonic() - self._swept > SWEEP_EVERY and not self._sweeper.sweep():
            self._swept = time.monotonic()
        if time.monotonic() - self._measured > MEASURE_EVERY:
            self._measured = time.monotonic()
            self._measure()

    def _make_due_soon(self, up_since: float) -> None:
        with self._store.write() as tx:
            now = self._store.now(tx)
            up = now - int((time.monotonic() - up_since) * 1000)
            tx.execute(_MAKE_DUE_SOON, {"_now": now, "_soon": now + UNCONFIRMED_AFTER, "_up": up})

    def _republish(self) -> bool:
        with self._store.write() as tx:
            now = self._store.now(tx)
            due = [dict(row) for row in tx.execute(_DUE, {"_now": now}).mappings()]
            for row in due:
                row["_unfinished"] = row["dispatched_at"] is not None
                row["attempt"] += row["_unfinished"]
            hopeless = [row for row in due if _is_hopeless(row, now)]
            again = [row for row in due if not _is_hopeless(row, now)]
            update_rows(tx, jobs, ("id",), [_claimed(row, now) for row in again])
        for row in again:
            # A later attempt that was not dispatched was counted when the worker asked for it.
            if row["_unfinished"] or row["attempt"] == 1:
                why = "unfinished" if row["_unfinished"] else "unconfirmed"
                self._retried.labels(row["kind"], why).inc()
        self._publish(again)
        if hopeless:
            self._give_up(hopeless, now)
        return len(due) == BATCH

    def _give_up(self, rows: Sequence[Row], now: int) -> None:
        """End jobs as Failed, through the same door as a worker's outcome."""
        outcomes = [
            JobOutcome(
                job=row["id"],
                kind=row["kind"],
                attempt=row["attempt"],
                outcome=Failed(_why_hopeless(row, now), "no worker could finish it"),
                took=0.0,
                worker=socket.gethostname(),
            )
            for row in rows
        ]
        self._ingest.apply(outcomes, exhausted=True)
        self._changed()

    def _end_waiting_tasks(self) -> bool:
        """Finish tasks whose posts have waited long enough for their previews."""
        with self._store.write() as tx:
            changes = Changes(self._store.now(tx))
            due = tx.execute(_OVERDUE, {"_now": changes.now})
            rows = lock_tasks(tx, [row.id for row in due])
            self._tasks.finish(tx, changes, rows, {})
            changes.write(tx)
        return bool(rows)

    def _measure(self) -> None:
        with self._store.read() as tx:
            now = self._store.now(tx)
            counts = job_counts(tx)
        for state in ("unpublished", "unfinished"):
            for kind in KINDS:
                count, since = counts.get((kind, state), (0, now))
                self._waiting.labels(kind, state).set(count)
                self._oldest.labels(kind, state).set(max(0, now - since) / 1000)


_DUE = (
    select(jobs)
    .where(jobs.c.due_at <= bindparam("_now"))
    .order_by(jobs.c.due_at)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
#: Jobs from before the broker was there that were never dispatched. Those of other replicas that
#: are on their way just now are published twice, which costs a worker's time and nothing else.
_MAKE_DUE_SOON = (
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
_OVERDUE = (
    select(tasks.c.id)
    .where(tasks.c.state == "running", tasks.c.finish_at <= bindparam("_now"))
    .order_by(tasks.c.id)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)


def job_counts(tx: Connection) -> dict[tuple[str, str], tuple[int, int]]:
    """How many jobs wait, by kind and state, and since when the oldest of them does.

    A job waits since it was published, else since it was made; a retry since it was due, which may
    be in the future: a page that asks for an hour of patience is nobody's backlog.
    """
    unpublished = jobs.c.dispatched_at.is_(None)
    retried_at = case((jobs.c.attempt > 1, jobs.c.due_at), else_=jobs.c.created_at)
    since = func.coalesce(jobs.c.dispatched_at, retried_at)
    rows = tx.execute(
        select(
            jobs.c.kind,
            unpublished.label("unpublished"),
            func.count().label("count"),
            func.min(since).label("since"),
        ).group_by(jobs.c.kind, unpublished)
    ).mappings()
    return {
        (row["kind"], "unpublished" if row["unpublished"] else "unfinished"): (
            row["count"],
            row["since"],
        )
        for row in rows
    }


def _claimed(row: Row, now: int) -> Row:
    return {
        "id": row["id"],
        "attempt": row["attempt"],
        "due_at": now + UNCONFIRMED_AFTER,
        "dispatched_at": None,
    }


def _is_hopeless(row: Row, now: int) -> bool:
    return row["attempt"] > MAX_ATTEMPTS or (row["deadline"] is not None and row["deadline"] <= now)


def _why_hopeless(row: Row, now: int) -> str:
    return "attempts" if row["deadline"] is None or row["deadline"] > now else "deadline"
