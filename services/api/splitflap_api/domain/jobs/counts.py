"""How many jobs wait, and for how long."""

from sqlalchemy import Connection, func, select

from splitflap_api.store.schema import jobs


def job_counts(tx: Connection) -> dict[tuple[str, str], tuple[int, int]]:
    """Count and start of the oldest wait (milliseconds), by kind and state.

    An unfinished job waits since its first publishing, whenever its message is published again. An
    unpublished one waits since its creation. A retry waits since its due time: it may be in the
    future, because a site with a Retry-After of a minute makes no backlog.
    """
    unpublished = jobs.c.first_dispatched_at.is_(None)
    since = func.coalesce(jobs.c.first_dispatched_at, jobs.c.waiting_since, jobs.c.created_at)
    rows = tx.execute(
        select(
            jobs.c.kind,
            unpublished.label("unpublished"),
            func.count().label("count"),
            func.min(since).label("since"),
        ).group_by(jobs.c.kind, unpublished)
    ).mappings()
    return {
        (row["kind"], "unpublished" if row["unpublished"] else "unfinished"): (
            row["count"],
            row["since"],
        )
        for row in rows
    }
