"""The status for admins: work in progress, and dead letters."""

from sqlalchemy import Connection, func, select

from splitflap_api.contract import status_models
from splitflap_api.domain.jobs import dead_letters
from splitflap_api.domain.jobs.counts import job_counts
from splitflap_api.store.schema import IS_RUNNING, tasks


def read_status(tx: Connection, now: int) -> status_models.Status:
    """The status at `now` (milliseconds since 1970)."""
    running = select(func.count()).select_from(tasks).where(IS_RUNNING)
    counts = job_counts(tx)
    return status_models.Status(
        jobs=[
            status_models.JobCount(kind, state, count, max(0, now - since) / 1000)
            for (kind, state), (count, since) in sorted(counts.jobs.items())
        ],
        waiting_accounts=[
            status_models.AccountCount(kind, count)
            for kind, count in sorted(counts.accounts.items())
        ],
        dead=dead_letters.count(tx),
        running_tasks=int(tx.execute(running).scalar_one()),
    )
