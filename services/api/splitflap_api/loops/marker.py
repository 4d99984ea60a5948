"""Marks jobs as dispatched once the broker has confirmed them, many in one statement.

A marked job has no due time: it waits for a worker as long as that takes.
"""

import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select, update

from splitflap_api.domain.changes import Row
from splitflap_api.loops.loop import Duty, Loop
from splitflap_api.store.bulk import among
from splitflap_api.store.engine import Store, is_conflict, is_outage
from splitflap_api.store.schema import IS_RELEASED, jobs

#: Seconds between markings: most jobs have ended by then and need none. Well below the five seconds
#: of UNCONFIRMED_AFTER (domain/changes.py).
MARK_EVERY = 1.0

#: Jobs marked by one statement.
MARK_CHUNK = 500


class Publishing(NamedTuple):
    """One publishing of a job. A job that comes back gets another attempt or another return."""

    job_id: str
    attempt: int
    returns: int

    @classmethod
    def of(cls, row: Row) -> "Publishing":
        """The publishing of a job's present row. A new job has no count of returns yet."""
        return cls(row["id"], row["attempt"], row.get("returns", 0))


class Marker(Loop):
    """Knows the jobs that this process is publishing, and marks the confirmed ones."""

    def __init__(self, store: Store) -> None:
        super().__init__(
            "marker", Duty("mark", self._mark_all), pause=lambda: MARK_EVERY, last_run=True
        )
        self._store = store
        self._pending: set[Publishing] = set()
        #: Confirmed publishings, with the time of the confirm (monotonic).
        self._confirmed: deque[tuple[Publishing, float]] = deque()

    def begin(self, publishing: Publishing) -> None:
        """Note that a job is handed to the broker."""
        self._pending.add(publishing)

    def settled(self, publishing: Publishing, sent: bool) -> None:
        """Note whether the broker has confirmed the job. If not, it is published again."""
        if sent:
            self._confirmed.append((publishing, time.monotonic()))
        else:
            self._pending.discard(publishing)

    def is_pending(self, row: Row) -> bool:
        """Whether this process is publishing the job, or has yet to mark it."""
        return Publishing.of(row) in self._pending

    @property
    def waiting(self) -> int:
        """How many confirmed jobs wait for their mark."""
        return len(self._confirmed)

    def _mark_all(self) -> None:
        failure: Exception | None = None
        left = len(self._confirmed)
        while left > 0:
            chunk = [self._confirmed.popleft() for _ in range(min(left, MARK_CHUNK))]
            left -= len(chunk)
            try:
                self._mark(chunk)
            except Exception as error:  # noqa: BLE001 - raised below, once the others are marked
                failure = error
                if is_outage(error) or is_conflict(error):
                    self._confirmed.extend(chunk)
                    continue
            # Without its mark a job is due again, and ingest drops the second outcome.
            self._pending.difference_update(publishing for publishing, _ in chunk)
        if failure:
            raise failure

    def _mark(self, chunk: Sequence[tuple[Publishing, float]]) -> None:
        confirmed_at = min(moment for _, moment in chunk)
        counts: dict[tuple[int, int], list[str]] = {}
        for (job_id, attempt, returns), _ in chunk:
            counts.setdefault((attempt, returns), []).append(job_id)
        for (attempt, returns), ids in counts.items():
            with self._store.statement() as tx:
                at = self._store.now(tx) - int((time.monotonic() - confirmed_at) * 1000)
                self._mark_ids(tx, attempt, returns, ids, at)

    def _mark_ids(
        self, tx: Connection, attempt: int, returns: int, ids: list[str], at: int
    ) -> None:
        """Mark the jobs that have not come back since, in the order of locks.

        `at` is the time of the first confirm. A job confirmed before the loss of its queue must not
        look younger than the new queue.
        """
        unmarked = (
            select(jobs.c.id)
            .where(
                among(tx, jobs.c.id, ids),
                jobs.c.attempt == attempt,
                jobs.c.returns == returns,
                jobs.c.dispatched_at.is_(None),
                IS_RELEASED,
            )
            .order_by(jobs.c.id)
            .with_for_update()
            .cte()
        )
        tx.execute(
            update(jobs)
            .where(jobs.c.id.in_(select(unmarked.c.id)))
            .values(
                dispatched_at=at,
                first_dispatched_at=func.coalesce(jobs.c.first_dispatched_at, at),
                due_at=None,
            )
        )
