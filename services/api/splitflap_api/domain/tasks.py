"""Tasks: what they wait for, when they are done, and their frozen final responses."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from splitflap_core.outcomes import Outcome
from splitflap_core.telemetry import Metrics
from sqlalchemy import Connection, delete, insert, select

from asyncrequest import Final
from splitflap_api.domain.changes import Changes, Row
from splitflap_api.domain.jobs import lock_tasks
from splitflap_api.store.bulk import among, delete_rows, update_rows
from splitflap_api.store.schema import completions, tasks, waiters

#: Waiters told of an ended job in one transaction. A preview that ten thousand posts wait for
#: must not hold its locks for all of them at once.
CHUNK = 500


@dataclass(frozen=True)
class Completion:
    """Tasks that are done, for their finish function; `outcomes` by task where one is at hand."""

    tx: Connection
    changes: Changes
    tasks: Sequence[Row]
    outcomes: Mapping[str, Outcome]


#: Makes the final responses of tasks, in their order: anything that `Final.of` takes.
Finish = Callable[[Completion], Sequence[Any]]


@dataclass(frozen=True)
class WaiterBatch:
    """The waiters of ended jobs that this transaction tells: task ids by job, and the tasks."""

    waiting: list[tuple[str, str]]
    tasks: dict[str, Row]


class Tasks:
    """Ends tasks with the finish functions by their names."""

    def __init__(
        self, finishers: Mapping[str, Callable[..., Any]], retention: float, metrics: Metrics
    ) -> None:
        """`retention` is how long (seconds) a final response is kept."""
        self._finishers = finishers
        self._retention = int(retention * 1000)
        self._finished = metrics.counter("splitflap_tasks_finished_total")

    def decrement_pending(
        self, tx: Connection, batch: WaiterBatch, added: Counter[str]
    ) -> list[Row]:
        """Lower each task's count by its waiters told, raise it by those added; who is at 0.

        The tasks' rows are locked, so what two transactions take off adds up.
        """
        removed = Counter(task_id for _, task_id in batch.waiting)
        for task_id, row in batch.tasks.items():
            row["pending"] += added[task_id] - removed[task_id]
            row["total"] += added[task_id]
        counts = [
            {"id": row["id"], "pending": row["pending"], "total": row["total"]}
            for row in batch.tasks.values()
        ]
        update_rows(tx, tasks, ("id",), counts)
        delete_rows(tx, waiters, [{"job_id": job, "task_id": task} for job, task in batch.waiting])
        return [
            row for row in batch.tasks.values() if row["pending"] <= 0 and row["state"] == "running"
        ]

    def finish(
        self,
        tx: Connection,
        changes: Changes,
        done: Iterable[Row],
        outcomes: Mapping[str, Outcome],
    ) -> None:
        """Freeze the final responses of these tasks, which are locked and running."""
        groups: dict[str, list[Row]] = {}
        for row in done:
            groups.setdefault(row["finish"], []).append(row)
        frozen = []
        for name, rows in groups.items():
            values = self._finishers[name](Completion(tx, changes, rows, outcomes))
            finals = [Final.of(value) for value in values]
            frozen += [
                self._frozen(row, final, changes.now)
                for row, final in zip(rows, finals, strict=True)
            ]
        update_rows(tx, tasks, ("id",), frozen)

    def end(self, tx: Connection, changes: Changes) -> None:
        """Finish the tasks that `changes` says end, as things are now."""
        if changes.ending:
            rows = lock_tasks(tx, changes.ending)
            self.finish(tx, changes, [row for row in rows if row["state"] == "running"], {})

    def _frozen(self, row: Row, final: Final, now: int) -> Row:
        self._finished.labels(final.status).inc()
        return {
            "id": row["id"],
            "state": "done",
            "pending": 0,
            "status": final.status,
            "headers": msgspec.json.encode(final.headers).decode(),
            "body": final.body,
            "expires_at": now + self._retention,
            "finish_at": None,
        }


def take_waiters(tx: Connection, renders: Sequence[str], scrapes: Mapping[str, str]) -> WaiterBatch:
    """Lock the tasks that wait for these ended jobs: all of a render's, a chunk of the scrapes'.

    `scrapes` gives URLs by job. What is left over is noted in `completions`, for the reconciler
    to go on with.
    """
    scraped = _waiting(tx, list(scrapes), CHUNK + 1)
    if len(scraped) > CHUNK:
        left = [{"job_id": job_id, "url": url} for job_id, url in scrapes.items()]
        tx.execute(delete(completions).where(among(tx, completions.c.job_id, scrapes)))
        tx.execute(insert(completions), left)
        scraped.pop()
    waiting = _waiting(tx, renders, None) + scraped
    locked = lock_tasks(tx, (task_id for _, task_id in waiting))
    return WaiterBatch(waiting, {row["id"]: row for row in locked})


def _waiting(tx: Connection, job_ids: Sequence[str], limit: int | None) -> list[tuple[str, str]]:
    if not job_ids:
        return []
    rows = tx.execute(
        select(waiters.c.job_id, waiters.c.task_id)
        .where(among(tx, waiters.c.job_id, job_ids))
        .order_by(waiters.c.task_id)
        .limit(limit)
    )
    return [(row.job_id, row.task_id) for row in rows]


def unfinished_completions(tx: Connection) -> dict[str, str]:
    """FinishedJob jobs with waiters left to tell, with their URLs; those without are forgotten."""
    left = select(waiters.c.job_id).where(waiters.c.job_id == completions.c.job_id).exists()
    tx.execute(delete(completions).where(~left))
    return {row.job_id: row.url for row in tx.execute(select(completions).limit(10))}
