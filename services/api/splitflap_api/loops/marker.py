"""Marks jobs as dispatched once the broker has confirmed them, many in one statement."""

from collections import deque

from splitflap_core.kinds import JOB_DEADLINE_MS
from sqlalchemy import Connection, func, select, update

from splitflap_api.loops.loop import Duty, Loop
from splitflap_api.store.bulk import among
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import jobs

#: Seconds between markings: most jobs have ended by then and need none. Well below the five seconds
#: of UNCONFIRMED_AFTER (domain/changes.py).
MARK_EVERY = 1.0

#: Jobs marked by one statement.
MARK_CHUNK = 500


class Marker(Loop):
    """Keeps confirmed jobs until the next marking."""

    def __init__(self, store: Store, outcome_within: float) -> None:
        """A marked job is due again after `outcome_within` seconds without an outcome."""
        super().__init__(
            "marker", Duty("mark", self._mark_all), pause=lambda: MARK_EVERY, last_run=True
        )
        self._store = store
        self._outcome_within = int(outcome_within * 1000)
        self._confirmed: deque[tuple[str, int]] = deque()

    def add(self, job_id: str, attempt: int) -> None:
        """The broker has confirmed this attempt at a job."""
        self._confirmed.append((job_id, attempt))

    @property
    def waiting(self) -> int:
        """How many confirmed jobs wait for their mark."""
        return len(self._confirmed)

    def _mark_all(self) -> None:
        failure: Exception | None = None
        while self._confirmed:
            size = min(len(self._confirmed), MARK_CHUNK)
            chunk = [self._confirmed.popleft() for _ in range(size)]
            try:
                self._mark(chunk)
            except Exception as error:  # noqa: BLE001 - raised below, once the others are marked
                # The reconciler publishes the chunk again, and ingest drops the second outcomes.
                failure = error
        if failure:
            raise failure

    def _mark(self, chunk: list[tuple[str, int]]) -> None:
        attempts: dict[int, list[str]] = {}
        for job_id, attempt in chunk:
            attempts.setdefault(attempt, []).append(job_id)
        for attempt, ids in attempts.items():
            with self._store.statement() as tx:
                self._mark_attempt(tx, attempt, ids)

    def _mark_attempt(self, tx: Connection, attempt: int, ids: list[str]) -> None:
        """Mark the jobs that are still at this attempt; skip locked rows."""
        now = self._store.now(tx)
        unmarked = (
            select(jobs.c.id)
            .where(
                among(tx, jobs.c.id, ids),
                jobs.c.attempt == attempt,
                jobs.c.dispatched_at.is_(None),
            )
            .order_by(jobs.c.id)
            .with_for_update(skip_locked=True)
            .cte()
        )
        tx.execute(
            update(jobs)
            .where(jobs.c.id.in_(select(unmarked.c.id)))
            .values(
                dispatched_at=now,
                due_at=now + self._outcome_within,
                deadline=func.coalesce(jobs.c.deadline, now + JOB_DEADLINE_MS),
            )
        )
