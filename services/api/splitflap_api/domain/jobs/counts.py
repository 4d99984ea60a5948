"""How many jobs and accounts wait, and for how long.

Held jobs may be many, so they are counted up to a bound, in their index alone. Their accounts are
found by a loose index scan: one probe for each account, and no read of all its jobs.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from splitflap_core.kinds import KINDS
from sqlalchemy import Connection, func, select, text

from splitflap_api.store.schema import IS_HELD, IS_RELEASED, jobs

#: The states of an unfinished job that are counted.
STATES = ("unpublished", "unfinished", "held", "held_low")

#: Held jobs of a kind that are counted, normal and low ones each.
MOST_JOBS = 100_000

#: Accounts of a kind that are counted, with normal and with low jobs each.
MOST_ACCOUNTS = 10_000

#: Held jobs are sorted by account: this is the first job of each, by kind and lane.
FIRST_OF_EACH_ACCOUNT = f"""
    WITH RECURSIVE
    lanes (kind, low) AS (
        VALUES {", ".join(f"('{kind}', {low})" for kind in KINDS for low in ("false", "true"))}
    ),
    waiting (number, kind, low, account, since) AS (
        SELECT 1, first.kind, first.low, first.account,
            coalesce(first.waiting_since, first.created_at)
        FROM lanes JOIN jobs AS first ON first.id = (
            SELECT id FROM jobs WHERE held AND kind = lanes.kind AND low = lanes.low
            ORDER BY account, id LIMIT 1
        )
        UNION ALL
        SELECT waiting.number + 1, next.kind, next.low, next.account,
            coalesce(next.waiting_since, next.created_at)
        FROM waiting JOIN jobs AS next ON next.id = (
            SELECT id FROM jobs
            WHERE held AND kind = waiting.kind AND low = waiting.low
                AND jobs.account > waiting.account
            ORDER BY jobs.account, id LIMIT 1
        )
        WHERE waiting.number < :most_accounts
    )
"""  # noqa: S608 - constants


class JobCounts(NamedTuple):
    """The numbers of waiting jobs and accounts."""

    #: Count and start of the oldest wait (milliseconds), by kind and state.
    jobs: dict[tuple[str, str], tuple[int, int]]
    #: Accounts with held jobs, by kind.
    accounts: dict[str, int]


def job_counts(tx: Connection) -> JobCounts:
    """Count jobs by kind and state, and accounts by kind.

    An unfinished job waits since its first publishing, whenever its message is published again. An
    unpublished one waits since its creation. A retry waits since its due time: it may be in the
    future, because a site with a Retry-After of a minute makes no backlog. A held job waits as an
    unpublished one does. The oldest held job is the oldest of the first jobs of all accounts.
    """
    counts = dict(_released(tx))
    accounts = {}
    for row in tx.execute(_WAITING, {"most_accounts": MOST_ACCOUNTS}).mappings():
        accounts[row["kind"]] = row["accounts"]
        for state, low in (("held", False), ("held_low", True)):
            if row[state] is not None:
                count = held_of(tx, MOST_JOBS, kind=row["kind"], low=low)
                counts[row["kind"], state] = count, row[state]
    return JobCounts(counts, accounts)


def held_of(tx: Connection, most: int, **where: Any) -> int:
    """Count the held jobs with these values, up to a bound."""
    wanted = select(jobs.c.id).filter_by(**where).where(IS_HELD).limit(most)
    return int(tx.execute(select(func.count()).select_from(wanted.subquery())).scalar_one())


def _released(tx: Connection) -> Iterator[tuple[tuple[str, str], tuple[int, int]]]:
    for row in tx.execute(_RELEASED).mappings():
        state = "unpublished" if row["unpublished"] else "unfinished"
        yield (row["kind"], state), (row["count"], row["since"])


_unpublished = jobs.c.first_dispatched_at.is_(None)
_RELEASED = (
    select(
        jobs.c.kind,
        _unpublished.label("unpublished"),
        func.count().label("count"),
        func.min(
            func.coalesce(jobs.c.first_dispatched_at, jobs.c.waiting_since, jobs.c.created_at)
        ).label("since"),
    )
    .where(IS_RELEASED)
    .group_by(jobs.c.kind, _unpublished)
)

# Without the counts of jobs, which would raise PostgreSQL's estimate of the cost: it would spend
# 0.3 s on compiling this query.
_WAITING = text(
    f"""
    {FIRST_OF_EACH_ACCOUNT}
    SELECT kind, count(DISTINCT account) AS accounts,
        min(CASE WHEN NOT low THEN since END) AS held,
        min(CASE WHEN low THEN since END) AS held_low
    FROM waiting GROUP BY kind
    """  # noqa: S608 - constants
)
