"""The status for operators: work in progress, dead letters, and the workers of each kind."""

from typing import NamedTuple

from splitflap_core.contracts import Kind
from sqlalchemy import Connection, func, select

from splitflap_api.contract import status_models
from splitflap_api.domain.changes import Row
from splitflap_api.domain.fair.kind_state import FIRST_MEAN
from splitflap_api.domain.jobs import dead_letters
from splitflap_api.domain.jobs.counts import job_counts
from splitflap_api.domain.operator.demand import wanted_workers
from splitflap_api.store.schema import IS_RUNNING, tasks


class Work(NamedTuple):
    """Work in progress, and dead letters."""

    jobs: list[status_models.JobCount]
    waiting_accounts: list[status_models.AccountCount]
    dead: int
    running_tasks: int


class Queued(NamedTuple):
    """What the broker says of the queues of a kind; None if it is not asked, or silent."""

    #: Consumers of the normal queue: one of each worker. Workers consume the express queue too.
    workers: int | None
    #: Messages of both queues.
    ready: int | None


def read_work(tx: Connection, now: int) -> Work:
    """The work at `now` (milliseconds since 1970)."""
    counts = job_counts(tx)
    return Work(
        jobs=[
            status_models.JobCount(kind, state, count, max(0, now - since) / 1000)
            for (kind, state), (count, since) in sorted(counts.jobs.items())
        ],
        waiting_accounts=[
            status_models.AccountCount(kind, count)
            for kind, count in sorted(counts.accounts.items())
        ],
        dead=dead_letters.count(tx),
        running_tasks=count_running(tx),
    )


def count_running(tx: Connection) -> int:
    """The number of running tasks."""
    running = select(func.count()).select_from(tasks).where(IS_RUNNING)
    return int(tx.execute(running).scalar_one())


def kind_status(
    kind: Kind,
    work: Work,
    capacity: Row,
    queued: Queued,
    published: float,
    pods: status_models.Pods | None,
) -> status_models.KindStatus:
    """The status of a kind. `published` is the rate of its jobs per second."""
    counts = {job.state: job.count for job in work.jobs if job.kind == kind}
    in_flight = max(0, counts.get("unfinished", 0) - (queued.ready or 0))
    is_measured = capacity["mean"] != FIRST_MEAN[kind]
    mean = capacity["mean"] / 1000 if is_measured else None
    slots = _slots(capacity, queued, is_measured=is_measured)
    held = counts.get("held", 0) + counts.get("held_low", 0)
    backlog = None if queued.ready is None else queued.ready + in_flight + held
    return status_models.KindStatus(
        kind=kind,
        consumers=queued.workers,
        slots=slots,
        queue_ready=queued.ready,
        in_flight=in_flight,
        mean_seconds=mean,
        wanted=wanted_workers(kind, published, backlog, mean, slots, queued.workers),
        pods=pods,
    )


def _slots(capacity: Row, queued: Queued, *, is_measured: bool) -> int | None:
    """The slots of the workers, as their outcomes tell them."""
    if queued.workers == 0:
        return 0
    if queued.workers is None or not is_measured:
        return None
    return int(capacity["slots"])
