"""Judges accepted work once a second: whose waits too long, and whether the broker takes jobs.

Waits decide, because the number of jobs does not show the time they take. An account's wait is the
age of its jobs, or the expected wait of new ones. It refuses the work of this account only
(docs/adr/0030). Each job kind declares its `BacklogLimit`.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from splitflap_core.contracts import Kind
from sqlalchemy import Connection, func, select

from splitflap_api.domain.fair.kind_state import KindState
from splitflap_api.domain.fair.waits import expected_waits, waiting_since
from splitflap_api.domain.jobs.kinds import JOB_KINDS
from splitflap_api.loops.loop import Duty, Loop
from splitflap_api.overload.account_backlogs import (
    MAX_RETRY_AFTER,
    AccountBacklog,
    AccountBacklogs,
)
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import jobs

#: Seconds between two judgements.
POLL_EVERY = 1.0

#: A judgement may take this part of the time. It takes 0.2 s with 10,000 waiting accounts.
MOST_OF_TIME = 0.05

#: Seconds that a connected broker may take to confirm a message. Less than the five seconds after
#: which the reconciler publishes the job again.
UNCONFIRMED_LIMIT = 3.0

#: Seconds without an answer of the database until the process is not ready. More than the longest
#: wait for one answer (store/postgresql.py), so that a single slow one does not count.
SILENT_AFTER = 20.0

#: Low jobs may wait as many times as long as others: an hour by default, as work for a broker that
#: is away. An import of 100,000 posts waits for all other work, and that is no overload.
LOW_AGES = 120

#: Waits below this part of their limit are no backlog yet.
NOTEWORTHY = 0.1

#: Seconds without the broker, after which waits count from its return. A lost connection is
#: mostly back sooner.
BROKER_AWAY = 10.0


@dataclass(frozen=True)
class UnpublishedWork:
    """The reason to refuse everybody's new work, and the Retry-After in seconds."""

    why: str
    retry_after: int


@dataclass(frozen=True)
class Limits:
    """Highest ages of accepted jobs in seconds: unfinished ones, and unpublished ones."""

    unfinished: float
    unpublished: float


class Backlog(Loop):
    """Judges the waits. Every request reads the last result."""

    def __init__(
        self,
        store: Store,
        limits: Limits,
        unconfirmed: Callable[[], float],
        is_up: Callable[[], bool],
        states: Callable[[], Mapping[Kind, KindState]],
        accounts: AccountBacklogs,
    ) -> None:
        """Make a loop that judges each kind of job.

        Args:
            store: has the jobs.
            limits: the highest ages.
            unconfirmed: gives the age in seconds of the oldest message without a confirm.
            is_up: whether the broker is connected.
            states: the states of the kinds, as the publisher read them last.
            accounts: gets the result for accounts.
        """
        super().__init__("backlog", Duty("judge waits", self._judge), pause=lambda: self._next_in)
        self._store = store
        self._limits = limits
        self._unconfirmed = unconfirmed
        self._broker = _Broker(is_up)
        self._states = states
        self._accounts = accounts
        self._unpublished: UnpublishedWork | None = None
        #: The highest quotient of a wait and its limit.
        self.pressure = 0.0
        self._next_in = POLL_EVERY
        self._answered_at = time.monotonic()

    def start(self) -> None:
        self._answered_at = time.monotonic()
        super().start()

    def silence(self) -> str | None:
        """A readiness check: reports a database that does not answer, down or frozen."""
        age = time.monotonic() - self._answered_at
        return f"no answer for {age:.0f} s" if age > SILENT_AFTER else None

    def unpublished(self) -> UnpublishedWork | None:
        """The reason to refuse everybody's new work now, if any. It reads memory only."""
        if self._unconfirmed() > UNCONFIRMED_LIMIT:
            return UnpublishedWork("the broker is slow to confirm accepted work", 1)
        return self._unpublished

    def _judge(self) -> None:
        """Compare the waits with their limits. After a failed query the last result stays."""
        began = time.monotonic()
        self._next_in = POLL_EVERY
        with self._store.read() as tx:
            now = self._store.now(tx)
            back_at = self._broker.back_at(now)
            unpublished = _age(now, tx.execute(_UNPUBLISHED).scalar())
            normal = self._by_account(tx, now, back_at, low=False)
            low = self._by_account(tx, now, back_at, low=True)
        self._answered_at = time.monotonic()
        self._accounts.update(normal, low)
        self._unpublished = _judged(unpublished, self._limits.unpublished)
        worst = max((each.pressure for each in normal.values()), default=0.0)
        self.pressure = max(unpublished / self._limits.unpublished, worst)
        self._next_in = max(POLL_EVERY, (self._answered_at - began) / MOST_OF_TIME)

    def _by_account(
        self, tx: Connection, now: int, back_at: int, *, low: bool
    ) -> dict[str, AccountBacklog]:
        """The worst kind of each account: of low jobs, or of the others."""
        worst: dict[str, AccountBacklog] = {}
        for kind in JOB_KINDS:
            for account, each in self._of_kind(tx, kind, now, back_at, low=low):
                if account not in worst or each.pressure > worst[account].pressure:
                    worst[account] = each
        return worst

    def _of_kind(
        self, tx: Connection, kind: Kind, now: int, back_at: int, *, low: bool
    ) -> Iterator[tuple[str, AccountBacklog]]:
        allowed = JOB_KINDS[kind].backlog
        limit = self._limits.unfinished * allowed.ages * (LOW_AGES if low else 1)
        before = now - int(1000 * limit * NOTEWORTHY)
        if not low:  # low jobs have no expected wait: the others leave them the rest
            waits = expected_waits(tx, self._states()[kind], allowed.tolerated, 1000 * limit, now)
            for account, wait in waits.items():
                yield account, AccountBacklog(allowed.doing, wait / 1000, limit)
        if back_at >= before:
            return
        for account, since in waiting_since(tx, kind, allowed.tolerated, before, low=low).items():
            age = _age(now, max(since, back_at))
            yield account, AccountBacklog(allowed.doing, age, limit)


class _Broker:
    """Since when the broker is back. Work that waited for it is no sign of slow workers."""

    def __init__(self, is_up: Callable[[], bool]) -> None:
        self._is_up = is_up
        self._up_at = time.monotonic()
        self._back_at = 0

    def back_at(self, now: int) -> int:
        """The end of its last long absence in milliseconds; `now` during one, 0 before any."""
        away = time.monotonic() - self._up_at
        if self._is_up():
            self._up_at = time.monotonic()
        if away > BROKER_AWAY:
            self._back_at = now
        if self._back_at > now:  # the clock was set back
            self._back_at = 0
        return self._back_at


#: The job that has been due for the longest time. Its wait began before that.
_UNPUBLISHED = (
    select(func.coalesce(jobs.c.waiting_since, jobs.c.created_at))
    .where(jobs.c.due_at.is_not(None), jobs.c.first_dispatched_at.is_(None))
    .order_by(jobs.c.due_at)
    .limit(1)
)


def _age(now: int, since: int | None) -> float:
    return 0.0 if since is None else (now - since) / 1000


def _judged(age: float, limit: float) -> UnpublishedWork | None:
    if age <= limit:
        return None
    why = f"work accepted {age:.0f} s ago is still unpublished"
    return UnpublishedWork(why, min(MAX_RETRY_AFTER, max(1, math.ceil(age - limit))))
