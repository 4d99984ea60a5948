"""How many jobs and accounts wait, and for how long."""

from collections.abc import Iterator
from typing import NamedTuple

from splitflap_core.kinds import KINDS
from sqlalchemy import Connection, func, select, text

from splitflap_api.domain.fair import bounds
from splitflap_api.domain.fair.accounts import HELD_LOW, HELD_NORMAL, each_account, first_wait
from splitflap_api.domain.fair.held import count_held
from splitflap_api.store.schema import IS_RELEASED, jobs

#: The states of a job that are counted.
STATES = ("unpublished", "unfinished", "held", "held_low")


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
    future, because a site with a Retry-After of a minute makes no backlog. A held job waits since
    its creation, or since the due time of its retry. Held jobs are counted up to a bound. The
    oldest one is the oldest of the first jobs of all accounts.
    """
    counts = dict(_released(tx))
    accounts: dict[str, int] = {}
    for kind in KINDS:
        wanted = {"kind": kind, "after": "", "most": bounds.SHOWN_ACCOUNTS}
        row = tx.execute(_HELD, wanted).mappings().one()
        if row["accounts"]:
            accounts[kind] = row["accounts"]
        for state, low in (("held", False), ("held_low", True)):
            if row[state] is not None:
                counts[kind, state] = count_held(tx, kind, bounds.SHOWN_JOBS, low=low), row[state]
    return JobCounts(counts, accounts)


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
_HELD = text(
    f"""
    {each_account(HELD_NORMAL, HELD_LOW)}
    SELECT count(*) AS accounts, min(normal) AS held, min(low) AS held_low FROM (
        SELECT {first_wait(HELD_NORMAL)} AS normal, {first_wait(HELD_LOW)} AS low FROM accounts
    ) AS waits
    """  # noqa: S608 - constants
)
