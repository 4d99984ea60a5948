"""How many jobs wait, and for how long."""

from sqlalchemy import Connection, case, func, select

from splitflap_api.store.schema import jobs


def job_counts(tx: Connection) -> dict[tuple[str, str], tuple[int, int]]:
    """Count and start of the oldest wait (milliseconds), by kind and state.

    A job waits since its publishing, else since its creation. A retry waits since its due time: it
    may be in the future, because a site with a Retry-After of an hour makes no backlog.
    """
    unpublished = jobs.c.dispatched_at.is_(None)
    retried_at = case((jobs.c.attempt > 1, jobs.c.due_at), else_=jobs.c.created_at)
    since = func.coalesce(jobs.c.dispatched_at, retried_at)
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
