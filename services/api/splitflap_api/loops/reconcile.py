"""The reconciler: each replica repeats due work, in small batches.

One mechanism covers a broker that was down, a lost message, and retries. The reconciler publishes
only while the broker takes messages. A job with a message at the broker is not due, so nothing is
published twice while it waits for a worker. The reconciler also ends tasks after their wait for
previews, ends the remaining waiters of a large fan-in, and deletes rows past their retention.
"""

import logging
import random
import time
from collections.abc import Callable
from typing import NamedTuple

from splitflap_core.kinds import KINDS
from splitflap_core.telemetry import Metrics
from sqlalchemy import bindparam, exists, func, select, update

from splitflap_api.domain.changes import Changes, Row
from splitflap_api.domain.fair.routes import Router
from splitflap_api.domain.jobs import due
from splitflap_api.domain.jobs.counts import STATES, job_counts
from splitflap_api.domain.tasks import Tasks
from splitflap_api.loops.loop import Duty, Loop
from splitflap_api.loops.outcomes.queue_depths import CLOCK_STEP, Sign, SignsOfLoss
from splitflap_api.loops.retention import Retention, sweeps
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import IS_RUNNING, completions, jobs, tasks
from splitflap_api.transactions.after_commit import AfterCommit
from splitflap_api.transactions.ingest import Ingest

logger = logging.getLogger(__name__)

#: Seconds between iterations. Jitter spreads the iterations of the replicas.
PAUSE = 0.5

#: Tasks ended by one transaction.
BATCH = 200

#: Batches of due jobs in one iteration.
MAX_BATCHES = 10

#: Seconds between counts of waiting jobs, and between looks at the clock.
MEASURE_EVERY = 5.0

#: Least pause after a count, as a multiple of its time. A count holds the process with SQLite.
PAUSE_AFTER_COUNT = 100

#: Looks at the clock after a step back in which times are limited. Other processes know the step
#: a few seconds later.
LOOKS_AFTER_STEP = 3

#: Seconds between two log lines about tasks for another release.
LOG_LEFT_EVERY = 60.0


class DueWork(NamedTuple):
    """The duties with something to do. All have until the database says otherwise."""

    jobs: bool = True
    tasks: bool = True
    waiters: bool = True
    #: The database's clock when it said so, in milliseconds.
    now: int | None = None


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
        is_publishing: Callable[[Row], bool],
        signs: SignsOfLoss,
        after_commit: AfterCommit,
        router: Router,
    ) -> None:
        """`is_publishing`: whether this process still publishes a job, and must not do it twice."""
        super().__init__(
            "reconciler",
            Duty("limit times after a clock was set back", self._limit_times),
            Duty("make jobs of an outage due", self._make_missed_due),
            Duty("look for due work", self._look),
            Duty("make lost jobs due", self._make_lost_due),
            Duty("publish due jobs", self._republish),
            Duty("end waiting tasks", self._end_waiting_tasks),
            Duty("end remaining waiters", self._end_remaining_waiters),
            *sweeps(store, retention),
            Duty("count waiting jobs", self._measure),
            pause=lambda: PAUSE * random.uniform(0.75, 1.25),  # noqa: S311 - jitter
        )
        self._store = store
        self._tasks = tasks_
        self._ingest = ingest
        self._broker_is_up = broker_is_up
        self._is_publishing = is_publishing
        self._signs = signs
        self._after_commit = after_commit
        self._router = router
        self._retried = metrics.counter("splitflap_jobs_retried_total")
        self._oldest = metrics.gauge("splitflap_oldest_job_seconds")
        self._waiting = metrics.gauge("splitflap_jobs_waiting")
        self._accounts = metrics.gauge("splitflap_accounts_waiting")
        self._left = metrics.gauge("splitflap_tasks_without_responder")
        #: When the broker came back (monotonic), until the jobs of its outage are due.
        self._up_since: float | None = None
        self._due = DueWork()
        self._measure_at = self._logged_at = self._clock_read_at = float("-inf")
        #: The database's clock minus the monotonic one, and the looks that still limit times. A
        #: step may have happened while no API ran.
        self._clock_offset = 0
        self._limiting = LOOKS_AFTER_STEP

    def republish_soon(self) -> None:
        """The broker is back: publish the jobs of its outage in the next iteration."""
        self._up_since = time.monotonic()

    def _limit_times(self) -> None:
        """Bound the times in the future, after the database's clock was set back.

        Without this, jobs and tasks of the time before would wait for the clock to catch up.
        """
        if time.monotonic() - self._clock_read_at <= MEASURE_EVERY:
            return
        self._clock_read_at = time.monotonic()
        with self._store.read() as tx:
            now = self._store.now(tx)
        offset = now - _monotonic_ms()
        if offset < self._clock_offset - CLOCK_STEP:
            logger.warning("reconciler: the database's clock was set back; limiting due times")
            self._limiting = LOOKS_AFTER_STEP
        self._clock_offset = offset
        if self._limiting:
            self._limiting -= 1
            with self._store.write() as tx:
                due.limit_times(tx, now)
                limited = {"_now": now, "_latest": now + self._ingest.preview_wait}
                tx.execute(_LIMIT_FINISH, limited)

    def _make_missed_due(self) -> None:
        """Make the jobs of a broker's outage due now."""
        if (up_since := self._up_since) is None:
            return
        with self._store.write() as tx:
            now = self._store.now(tx)
            due.make_missed_due(tx, now, now - int((time.monotonic() - up_since) * 1000))
        if self._up_since == up_since:
            self._up_since = None

    def _make_lost_due(self) -> None:
        """Make the jobs due now that a valid sign proves to be lost."""
        if (now := self._due.now) is None:
            return
        for sign in self._signs.valid(now):
            if self._make_due_by(sign, now):
                self._due = self._due._replace(jobs=True)

    def _make_due_by(self, sign: Sign, now: int) -> int:
        """Make the next lost jobs of a sign due. After the last ones, forget the sign.

        Returns their number.
        """
        before = sign.dispatched_before or 0
        with self._store.write() as tx:
            count = due.make_lost_due(
                tx, sign.kind, before, now, express=sign.express, begun=sign.begun
            )
        if count:
            logger.warning(
                "reconciler: %d jobs of the queue %s lost their messages (%s); publishing them "
                "again",
                count,
                sign.queue,
                sign.why,
            )
            self._retried.labels(sign.kind, sign.why).inc(count)
        if count < due.LOST_BATCH:
            self._signs.forget(sign)
        return count

    def _look(self) -> None:
        """Find the duties with something to do, by one query instead of a transaction for each."""
        self._due = DueWork()
        with self._store.read() as tx:
            now = self._store.now(tx)
            found = tx.execute(_DUE_WORK, {"_now": now}).one()
        jobs_, tasks_, waiters_ = map(bool, found)
        self._due = DueWork(jobs_, tasks_, waiters_, now)

    def _republish(self) -> None:
        for _ in range(MAX_BATCHES if self._due.jobs else 0):
            if not self._broker_is_up() or not self._republish_batch():
                return

    def _republish_batch(self) -> bool:
        """Publish a batch of due jobs again. Return whether there may be more."""
        with self._store.write() as tx:
            rows = due.claim_due(tx, self._store.now(tx), self._router)
        again = [row for row in rows if not (row["held"] or self._is_publishing(row))]
        for row in again:
            # The causes of all other publishings were counted where they arose.
            if row["attempt"] == 1 and not row["returns"]:
                self._retried.labels(row["kind"], "unconfirmed").inc()
        self._after_commit.publish(again, {})
        return len(rows) == due.BATCH

    def _end_waiting_tasks(self) -> None:
        """End tasks after their wait for previews, and tasks that another release left."""
        while self._due.tasks and self._end_batch_of_tasks():
            self.note_progress()
            self._after_commit.changed()

    def _end_batch_of_tasks(self) -> bool:
        with self._store.write() as tx:
            changes = Changes(self._store.now(tx), self._router)
            names = self._tasks.responders.names
            due_tasks = tx.execute(_DUE_TASKS, {"_now": changes.now, "_names": names})
            ended = self._tasks.finish_due(tx, changes, [row.id for row in due_tasks])
            changes.write(tx)
        return bool(ended)

    def _end_remaining_waiters(self) -> None:
        while self._due.waiters and self._ingest.resume_completions():
            self.note_progress()
            self._after_commit.changed()

    def _measure(self) -> None:
        if (began := time.monotonic()) < self._measure_at:
            return
        self._measure_at = began + MEASURE_EVERY
        names = self._tasks.responders.names
        with self._store.read() as tx:
            now = self._store.now(tx)
            counts = job_counts(tx)
            due_tasks = tx.execute(_LEFT, {"_now": now, "_names": names})
            left: dict[str, int] = {row.finish: row.tasks for row in due_tasks}
        pause = PAUSE_AFTER_COUNT * (time.monotonic() - began)
        self._measure_at = max(self._measure_at, began + pause)
        for kind in KINDS:
            self._accounts.labels(kind).set(counts.accounts.get(kind, 0))
            for state in STATES:
                count, since = counts.jobs.get((kind, state), (0, now))
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


_is_due = IS_RUNNING & (tasks.c.finish_at <= bindparam("_now"))
_DUE_TASKS = (
    select(tasks.c.id)
    .where(_is_due, tasks.c.finish.in_(bindparam("_names", expanding=True)))
    .order_by(tasks.c.finish_at)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
#: Due tasks for another replica, by responder.
_LEFT = (
    select(tasks.c.finish, func.count().label("tasks"))
    .where(_is_due, tasks.c.finish.not_in(bindparam("_names", expanding=True)))
    .group_by(tasks.c.finish)
)

_FIRST_JOB = select(func.min(jobs.c.due_at)).where(jobs.c.due_at.is_not(None))
_FIRST_TASK = select(func.min(tasks.c.finish_at)).where(IS_RUNNING)
#: An index gives a minimum, whatever the statistics say. With EXISTS, PostgreSQL may expect to find
#: a due row soon in the table itself, and reads all of it if there is none.
_DUE_WORK = select(
    _FIRST_JOB.scalar_subquery() <= bindparam("_now"),
    _FIRST_TASK.scalar_subquery() <= bindparam("_now"),
    exists().select_from(completions),
)

_LIMIT_FINISH = (
    update(tasks)
    .where(IS_RUNNING, tasks.c.finish_at > bindparam("_latest"))
    .values(finish_at=bindparam("_now"))
)


def _monotonic_ms() -> int:
    return int(time.monotonic() * 1000)
