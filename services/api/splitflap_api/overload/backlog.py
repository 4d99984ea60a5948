"""Refuses new work early, while accepted work is older than its limit.

The age of the oldest jobs decides, because the number of jobs does not show the time they take.
Each job kind declares its `BacklogLimit`.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from splitflap_core.contracts import Kind
from sqlalchemy import func, select

from splitflap_api.domain.jobs.kinds import JOB_KINDS
from splitflap_api.loops.loop import Duty, Loop
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import jobs

#: Seconds between two queries of the ages.
POLL_EVERY = 1.0

#: Seconds that a connected broker may take to confirm a message. Less than the five seconds after
#: which the reconciler publishes the job again.
UNCONFIRMED_LIMIT = 3.0

#: Seconds without an answer of the database until the process is not ready. More than the longest
#: wait for one answer (store/postgresql.py), so that a single slow one does not count.
SILENT_AFTER = 20.0

#: Largest Retry-After in seconds.
MAX_RETRY_AFTER = 30


@dataclass(frozen=True)
class Overload:
    """The reason to refuse new work, and the Retry-After in seconds."""

    why: str
    retry_after: int


@dataclass(frozen=True)
class Limits:
    """Highest ages of accepted jobs in seconds: unfinished ones, and unpublished ones."""

    unfinished: float
    unpublished: float


class Backlog(Loop):
    """Queries the ages once a second. Every request reads the last result."""

    def __init__(self, store: Store, limits: Limits, unconfirmed: Callable[[], float]) -> None:
        """`unconfirmed` gives the age in seconds of the oldest message without a confirm."""
        super().__init__("backlog", Duty("query ages", self._judge), pause=lambda: POLL_EVERY)
        self._store = store
        self._limits = limits
        self._unconfirmed = unconfirmed
        self._verdict: Overload | None = None
        #: The highest age, as a share of its limit. Above 1 the API refuses new work.
        self.pressure = 0.0
        self._answered_at = time.monotonic()

    def start(self) -> None:
        self._answered_at = time.monotonic()
        super().start()

    def silence(self) -> str | None:
        """A readiness check: reports a database that does not answer, down or frozen."""
        age = time.monotonic() - self._answered_at
        return f"no answer for {age:.0f} s" if age > SILENT_AFTER else None

    def overload(self) -> Overload | None:
        """The reason to refuse new work now, if any. It reads memory only."""
        if self._unconfirmed() > UNCONFIRMED_LIMIT:
            return Overload("the broker is slow to confirm accepted work", 1)
        return self._verdict

    def _judge(self) -> None:
        """Compare the ages with their limits. After a failed query the last result stays."""
        with self._store.read() as tx:
            now = self._store.now(tx)
            unpublished = tx.execute(_UNPUBLISHED).scalar()
            ages = {kind: _age(now, tx.execute(of).scalar()) for kind, of in _UNFINISHED.items()}
        self._answered_at = time.monotonic()
        judged = [("unpublished", _age(now, unpublished), self._limits.unpublished)]
        for kind, job_kind in JOB_KINDS.items():
            limit = job_kind.backlog
            judged.append((limit.doing, ages[kind], self._limits.unfinished * limit.ages))
        self.pressure = max(age / most for _, age, most in judged)
        self._verdict = next(filter(None, (_judged(*each) for each in judged)), None)


#: The job that has been due for the longest time. Its wait began before that.
_UNPUBLISHED = (
    select(func.coalesce(jobs.c.waiting_since, jobs.c.created_at))
    .where(jobs.c.due_at.is_not(None), jobs.c.first_dispatched_at.is_(None))
    .order_by(jobs.c.due_at)
    .limit(1)
)
#: Ids grow with the time of creation. The first publishing counts, because a job may be published
#: again.
_UNFINISHED: dict[Kind, Any] = {
    kind: select(jobs.c.first_dispatched_at)
    .where(jobs.c.kind == kind, jobs.c.first_dispatched_at.is_not(None))
    .order_by(jobs.c.id)
    .offset(job_kind.backlog.tolerated)
    .limit(1)
    for kind, job_kind in JOB_KINDS.items()
}


def _age(now: int, since: int | None) -> float:
    return 0.0 if since is None else (now - since) / 1000


def _judged(what: str, age: float, limit: float) -> Overload | None:
    if age <= limit:
        return None
    why = f"work accepted {age:.0f} s ago is still {what}"
    return Overload(why, min(MAX_RETRY_AFTER, max(1, math.ceil(age - limit))))
