"""Judges the accepted jobs once a second: which accounts' work waits too long, and the broker's.

Ages decide, because the number of jobs does not show the time they take. An account's own jobs
refuse its work only (docs/adr/0030). Each job kind declares its `BacklogLimit`.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from splitflap_core.contracts import Kind
from sqlalchemy import Connection, func, select

from splitflap_api.domain.fair.kind_state import KindState
from splitflap_api.domain.fair.kind_states import read_states
from splitflap_api.domain.fair.waits import expected_waits
from splitflap_api.domain.jobs.kinds import JOB_KINDS
from splitflap_api.loops.loop import Duty, Loop
from splitflap_api.overload.account_ages import waiting_since
from splitflap_api.overload.account_backlogs import (
    MAX_RETRY_AFTER,
    AccountBacklog,
    AccountBacklogs,
)
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import jobs

#: Seconds between two judgements.
POLL_EVERY = 1.0

#: A judgement may take this share of the time. It takes 0.2 s with 10,000 waiting accounts.
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

#: Ages below this share of their limit are no backlog yet.
NOTEWORTHY = 0.1

#: Seconds without the broker, after which waits count from its return. A lost connection is
#: mostly back sooner.
BROKER_AWAY = 10.0


@dataclass(frozen=True)
class Overload:
    """The reason to refuse everybody's new work, and the Retry-After in seconds."""

    why: str
    retry_after: int


@dataclass(frozen=True)
class Limits:
    """Highest ages of accepted jobs in seconds: unfinished ones, and unpublished ones."""

    unfinished: float
    unpublished: float


class Backlog(Loop):
    """Queries the ages. Every request reads the last result."""

    def __init__(
        self,
        store: Store,
        limits: Limits,
        unconfirmed: Callable[[], float],
        is_up: Callable[[], bool],
        accounts: AccountBacklogs,
    ) -> None:
        """`unconfirmed` gives the age in seconds of the oldest message without a confirm.

        `is_up`: whether the broker is connected. The result for accounts goes to `accounts`.
        """
        super().__init__("backlog", Duty("query ages", self._judge), pause=lambda: self._next_in)
        self._store = store
        self._limits = limits
        self._unconfirmed = unconfirmed
        self._broker = _Broker(is_up)
        self._accounts = accounts
        self._verdict: Overload | None = None
        #: The highest age, as a share of its limit.
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

    def overload(self) -> Overload | None:
        """The reason to refuse everybody's new work now, if any. It reads memory only."""
        if self._unconfirmed() > UNCONFIRMED_LIMIT:
            return Overload("the broker is slow to confirm accepted work", 1)
        return self._verdict

    def _judge(self) -> None:
        """Compare the ages with their limits. After a failed query the last result stays."""
        began = time.monotonic()
        self._next_in = POLL_EVERY
        with self._store.read() as tx:
            now = self._store.now(tx)
            back_at = self._broker.back_at(now)
            unpublished = _age(now, tx.execute(_UNPUBLISHED).scalar())
            states = read_states(tx, now)
            normal = self._by_account(tx, now, back_at, states)
            low = self._by_account(tx, now, back_at)
        self._answered_at = time.monotonic()
        self._accounts.update(normal, low)
        self._verdict = _judged(unpublished, self._limits.unpublished)
        worst = max((each.pressure for each in normal.values()), default=0.0)
        self.pressure = max(unpublished / self._limits.unpublished, worst)
        self._next_in = max(POLL_EVERY, (self._answered_at - began) / MOST_OF_TIME)

    def _by_account(
        self,
        tx: Connection,
        now: int,
        back_at: int,
        states: Mapping[Kind, KindState] | None = None,
    ) -> dict[str, AccountBacklog]:
        """The worst kind of each account, of normal jobs by `states`, else of low ones."""
        worst: dict[str, AccountBacklog] = {}
        for kind in JOB_KINDS:
            state = states[kind] if states else None
            for account, each in self._of_kind(tx, kind, now, back_at, state):
                if account not in worst or each.pressure > worst[account].pressure:
                    worst[account] = each
        return worst

    def _of_kind(
        self, tx: Connection, kind: Kind, now: int, back_at: int, state: KindState | None
    ) -> Iterator[tuple[str, AccountBacklog]]:
        allowed = JOB_KINDS[kind].backlog
        low = state is None
        limit = self._limits.unfinished * allowed.ages * (LOW_AGES if low else 1)
        before = now - int(1000 * limit * NOTEWORTHY)
        if state:
            waits = expected_waits(tx, state, allowed.tolerated, 1000 * limit, now)
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


def _judged(age: float, limit: float) -> Overload | None:
    if age <= limit:
        return None
    why = f"work accepted {age:.0f} s ago is still unpublished"
    return Overload(why, min(MAX_RETRY_AFTER, max(1, math.ceil(age - limit))))
