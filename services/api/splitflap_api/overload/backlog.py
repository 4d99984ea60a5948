"""Whether accepted work outgrows what is finished: then new work is refused, early.

A backlog is judged by the age of its oldest work, not by its length, which says nothing of how
long the work takes. One job that is stuck is no backlog: some as old as it must be there too.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from splitflap_core.contracts import Kind
from sqlalchemy import select

from splitflap_api.loops.loop import Loop
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import jobs

#: Seconds between looks into the database.
LOOK_EVERY = 1.0

#: Seconds that a job may wait for the confirm of a broker that takes messages: less than the five
#: after which the reconciler would publish it a second time.
UNCONFIRMED_LIMIT = 3.0

#: Jobs older than the limit that make a backlog, by kind.
CROWD: dict[Kind, int] = {"render": 50, "scrape": 500}

#: How much older than renders scrapes may be: a site may be slow, and a post is shown without.
SCRAPE_FACTOR = 20

#: Most seconds that a client is asked to stay away.
MAX_RETRY_AFTER = 30


@dataclass(frozen=True)
class Overload:
    """Why new work is refused, and for how many seconds it may last."""

    why: str
    retry_after: int


@dataclass(frozen=True)
class Limits:
    """Seconds that accepted work may be old: published and unfinished, or not even published."""

    unfinished: float
    unpublished: float


class Backlog(Loop):
    """Looks once a second; asked by every request."""

    def __init__(self, store: Store, limits: Limits, unconfirmed: Callable[[], float]) -> None:
        """`unconfirmed` says how long (seconds) the oldest message waits for its confirm."""
        super().__init__("backlog")
        self._store = store
        self._limits = limits
        self._unconfirmed = unconfirmed
        self._old: Overload | None = None

    def overload(self) -> Overload | None:
        """Why no new work can be taken now; no call of the database."""
        if self._unconfirmed() > UNCONFIRMED_LIMIT:
            return Overload("the broker is slow to take what was accepted", 1)
        return self._old

    def run_once(self) -> None:
        """Judge the ages anew.

        Where that fails, what was judged last stays: a database in trouble takes no more work.
        """
        with self._store.read() as tx:
            now = self._store.now(tx)
            unpublished = tx.execute(_UNPUBLISHED).scalar()
            ages = {kind: _age(now, tx.execute(of).scalar()) for kind, of in _UNFINISHED.items()}
        limit = self._limits.unfinished
        self._old = (
            _judged("unpublished", _age(now, unpublished), self._limits.unpublished)
            or _judged("waiting to be rendered", ages["render"], limit)
            or _judged("waiting for previews", ages["scrape"], limit * SCRAPE_FACTOR)
        )

    def pause(self) -> float:
        return LOOK_EVERY


#: In the order of ids, which is that of their making. A job that is to be tried again counts from
#: when it is due.
_UNPUBLISHED = (
    select(jobs.c.due_at).where(jobs.c.dispatched_at.is_(None)).order_by(jobs.c.due_at).limit(1)
)
_UNFINISHED: dict[Kind, Any] = {
    kind: select(jobs.c.dispatched_at)
    .where(jobs.c.kind == kind, jobs.c.dispatched_at.is_not(None))
    .order_by(jobs.c.id)
    .offset(crowd)
    .limit(1)
    for kind, crowd in CROWD.items()
}


def _age(now: int, since: int | None) -> float:
    return 0.0 if since is None else (now - since) / 1000


def _judged(what: str, age: float, limit: float) -> Overload | None:
    if age <= limit:
        return None
    why = f"what was accepted {age:.0f} s ago is still {what}"
    return Overload(why, min(MAX_RETRY_AFTER, max(1, math.ceil(age - limit))))
