"""Which jobs are due, and how others become due.

A job is due if the broker has not confirmed its message, after a retry's delay, or if its message
is lost. A job with a confirmed message has no due time: it may wait for a worker for days.
"""

from collections.abc import Mapping

from splitflap_core.contracts import Kind
from splitflap_core.kinds import MAX_RETRY_DELAY
from sqlalchemy import Connection, bindparam, case, select, update

from splitflap_api.domain.changes import UNCONFIRMED_AFTER, Row
from splitflap_api.domain.fair.routes import Router
from splitflap_api.domain.fair.shares import JobOwner
from splitflap_api.domain.jobs.attempts import RETURNED_AFTER, returned
from splitflap_api.domain.jobs.locks import lock_jobs
from splitflap_api.store.bulk import among, update_rows
from splitflap_api.store.schema import jobs

#: Rows taken by one transaction.
BATCH = 200

#: Lost jobs made due by one transaction.
LOST_BATCH = 2_000

#: Milliseconds from now to the latest possible due time.
LATEST_DUE = int(MAX_RETRY_DELAY * 1000)


def claim_due(tx: Connection, now: int, router: Router) -> list[Row]:
    """Take a batch of due jobs. They are due again soon, unless the broker confirms them.

    While jobs are held, the router may hold a due job too, so a retry gets no place before its
    account's turn.
    """
    due = [dict(row) for row in tx.execute(_DUE, {"_now": now}).mappings()]
    claimed = [{"id": row["id"], "dispatched_at": None, **_route(router, row, now)} for row in due]
    update_rows(tx, jobs, ("id",), claimed)
    return [{**row, **new} for row, new in zip(due, claimed, strict=True)]


def _route(router: Router, job: Row, now: int) -> Row:
    return router.route(job["kind"], JobOwner.of(job)).columns(now + UNCONFIRMED_AFTER)


def make_missed_due(tx: Connection, now: int, up: int) -> None:
    """Make the never dispatched jobs from before `up`, the broker's return, due now."""
    tx.execute(_MAKE_MISSED_DUE, {"_now": now, "_soon": now + UNCONFIRMED_AFTER, "_up": up})


def make_lost_due(
    tx: Connection, kind: Kind, before: int, now: int, *, express: bool, begun: bool
) -> int:
    """Make a batch of the jobs dispatched before a time due now. Return their number.

    `express` chooses the queue that has lost them; all go to the normal one. With `begun`, a worker
    may have begun the jobs: the next one reports its begin.
    """
    wanted = {"_kind": kind, "_express": express, "_before": before, "_limit": LOST_BATCH}
    ids = [row.id for row in tx.execute(_LOST, wanted)]
    if ids:
        changed = {"_now": now, "_begun": int(begun)}
        tx.execute(_MAKE_LOST_DUE.where(among(tx, jobs.c.id, ids)), changed)
    return len(ids)


def make_given_up_due(tx: Connection, attempts: Mapping[str, int], now: int) -> list[Kind]:
    """Make jobs due again, because the broker gave up their messages. Return their kinds.

    `attempts` gives the attempt of each message. Jobs that have ended or are due are left out.
    """
    rows = [
        row
        for row in lock_jobs(tx, attempts)
        if row["dispatched_at"] is not None and row["attempt"] == attempts[row["id"]]
    ]
    update_rows(tx, jobs, ("id",), [returned(row, RETURNED_AFTER, now) for row in rows])
    return [row["kind"] for row in rows]


def limit_times(tx: Connection, now: int) -> None:
    """Bound the times of jobs in the future, after the clock was set back."""
    for column, latest in (
        (jobs.c.due_at, LATEST_DUE),
        (jobs.c.waiting_since, LATEST_DUE),
        (jobs.c.first_dispatched_at, 0),
        (jobs.c.dispatched_at, 0),
    ):
        tx.execute(update(jobs).where(column > now + latest).values({column: now}))


_DUE = (
    select(jobs)
    .where(jobs.c.due_at <= bindparam("_now"))
    .order_by(jobs.c.due_at)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
#: Another replica may be publishing some of these jobs meanwhile. Workers then do them twice.
_MAKE_MISSED_DUE = (
    update(jobs)
    .where(
        jobs.c.due_at > bindparam("_now"),
        jobs.c.due_at <= bindparam("_soon"),
        jobs.c.first_dispatched_at.is_(None),
        jobs.c.waiting_since.is_(None),
        jobs.c.created_at < bindparam("_up"),
    )
    .values(due_at=bindparam("_now"))
)
_LOST = (
    select(jobs.c.id)
    .where(
        jobs.c.kind == bindparam("_kind"),
        jobs.c.express == bindparam("_express"),
        jobs.c.dispatched_at < bindparam("_before"),
    )
    .order_by(jobs.c.id)
    .limit(bindparam("_limit"))
    .with_for_update(skip_locked=True)
)
_MAKE_LOST_DUE = update(jobs).values(
    due_at=bindparam("_now"),
    dispatched_at=None,
    express=False,
    returns=jobs.c.returns + 1,
    begun=case((jobs.c.begun < bindparam("_begun"), bindparam("_begun")), else_=jobs.c.begun),
)
