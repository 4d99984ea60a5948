"""Fan-in: how the end of one job ends many tasks.

A task waits for a job by a row (job, task) in the table `waiters`. `tasks.pending` counts the rows
of a task. The transaction that ends a job locks the waiting tasks, deletes the rows, and decrements
the counts. At 0 the task gets its final response in the same transaction. Thanks to the
lock the decrements of two transactions add up, so exactly one of them reaches 0.

An example: two posts link to one URL, https://x/.

    step                          waiters              pending of T1, T2
    the API accepts both posts    (R1, T1) (R2, T2)    1, 1
    the render R1 ends            (S, T1) (R2, T2)     1, 1    S is a new scrape of x
    the render R2 ends            (S, T1) (S, T2)      1, 1    S is under way
    the scrape S ends             none                 0, 0    both tasks end

In the second step one transaction takes (R1, T1) and adds (S, T1): `take_waiters` gives T1,
`Changes.schedule_previews` finds 1 preview to wait for, and `decrement_pending` sets the count to
1 - 1 + 1. In the last step `take_waiters` gives both tasks, and their count reaches 0.

A scrape may have ten thousand waiters. One transaction must not lock so many tasks, so it takes
CHUNK of them and notes the job in `completions`. The reconciler takes the next chunks.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from splitflap_api.domain.changes import Changes, Row
from splitflap_api.domain.jobs.locks import lock_tasks
from splitflap_api.store.bulk import among, update_rows
from splitflap_api.store.schema import completions, tasks, waiters

#: Waiters of shared jobs taken by one transaction.
CHUNK = 500

#: Ended jobs in one transaction of `unfinished_completions`.
COMPLETIONS = 10


@dataclass(frozen=True)
class WaiterBatch:
    """The waiters of this transaction, as (job id, task id), and their locked tasks by id.

    `is_complete` means that the ended jobs have no other waiters. Else call `note_completions`
    next, unless the jobs are noted already.
    """

    waiters: list[tuple[str, str]]
    tasks: dict[str, Row]
    is_complete: bool


def take_waiters(tx: Connection, job_ids: Sequence[str], shared: Mapping[str, str]) -> WaiterBatch:
    """Lock the tasks behind ended jobs: all waiters of `job_ids`, and CHUNK of the shared jobs.

    `shared` gives the subjects of shared jobs by id.
    """
    chunk = _waiters(tx, list(shared), CHUNK + 1)
    found = _waiters(tx, job_ids) + chunk[:CHUNK]
    locked = lock_tasks(tx, (task_id for _, task_id in found))
    return WaiterBatch(found, {row["id"]: row for row in locked}, len(chunk) <= CHUNK)


def note_completions(tx: Connection, shared: Mapping[str, str]) -> None:
    """Note that these ended jobs may have waiters left, for the reconciler."""
    if shared:
        rows = [{"job_id": job_id, "url": subject} for job_id, subject in shared.items()]
        tx.execute(insert(completions), rows)


def decrement_pending(
    tx: Connection, changes: Changes, batch: WaiterBatch, added: Counter[str]
) -> list[Row]:
    """Lower each task's count by its waiters, raise it by those added, and drop the waiters.

    Returns the running tasks with a count of 0. Their rows are written with their final responses.
    """
    removed = Counter(task_id for _, task_id in batch.waiters)
    for task_id, row in batch.tasks.items():
        row["pending"] += added[task_id] - removed[task_id]
        row["total"] += added[task_id]
    changes.taken_waiters += [{"job_id": job, "task_id": task} for job, task in batch.waiters]
    done: list[Row] = []
    left: list[Row] = []
    for row in batch.tasks.values():
        is_done = row["pending"] <= 0 and row["state"] == "running"
        (done if is_done else left).append(row)
    counts = [{"id": row["id"], "pending": row["pending"], "total": row["total"]} for row in left]
    update_rows(tx, tasks, ("id",), counts)
    return done


def unfinished_completions(tx: Connection) -> dict[str, str]:
    """Ended jobs with waiters left, with their subjects. Deletes completions without waiters.

    Leaves out those that another replica has locked: two replicas would count one waiter twice.
    """
    left = select(waiters.c.job_id).where(waiters.c.job_id == completions.c.job_id).exists()
    tx.execute(delete(completions).where(~left))
    some = select(completions).limit(COMPLETIONS).with_for_update(skip_locked=True)
    return {row.job_id: row.url for row in tx.execute(some)}


def _waiters(
    tx: Connection, job_ids: Sequence[str], limit: int | None = None
) -> list[tuple[str, str]]:
    if not job_ids:
        return []
    rows = tx.execute(
        select(waiters.c.job_id, waiters.c.task_id)
        .where(among(tx, waiters.c.job_id, job_ids))
        .order_by(waiters.c.task_id)
        .limit(limit)
    )
    return [(row.job_id, row.task_id) for row in rows]
