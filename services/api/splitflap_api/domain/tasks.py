"""Tasks end: their responders make the final responses, and the table keeps them."""

import time
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from splitflap_core.contracts import encode
from splitflap_core.outcomes import Outcome
from splitflap_core.telemetry import Metrics
from sqlalchemy import Connection, select

from asyncrequest import Final
from splitflap_api.domain.batches import KEPT_FOR_BATCH, lower_counts
from splitflap_api.domain.changes import Changes, Row
from splitflap_api.domain.jobs.locks import lock_tasks
from splitflap_api.domain.preview_urls import PreviewUrls
from splitflap_api.domain.responders import Completion, Responders
from splitflap_api.domain.split_final import SplitFinal
from splitflap_api.store.bulk import among, update_rows
from splitflap_api.store.schema import tasks

#: Bytes of final responses in one statement.
STEP = 262_144


class Tasks:
    """Ends tasks."""

    def __init__(
        self, responders: Responders, retention: float, metrics: Metrics, urls: PreviewUrls
    ) -> None:
        """`retention` is how long (seconds) a final response is kept."""
        self.responders = responders
        self.urls = urls
        self._retention = int(retention * 1000)
        self._finished = metrics.counter("splitflap_tasks_finished_total")
        seconds = metrics.histogram("splitflap_task_seconds")
        # All series exist from the start, so that `rate` sees the first task.
        self._seconds = {name: seconds.labels(name) for name in responders.names}

    def finish(
        self,
        tx: Connection,
        changes: Changes,
        rows: Iterable[Row],
        outcomes: Mapping[str, Outcome],
    ) -> None:
        """Write the final responses of these locked, running tasks.

        A task with a responder of another release keeps its outcome in its row instead, and is due
        at once: the reconciler of a replica with that responder ends it (`finish_due`).
        """
        groups, unknown = self.responders.groups(rows)
        for responder, group in groups:
            values = responder(Completion(tx, changes, group, outcomes, self.urls))
            finals = (Final.of(value) for value in values)
            self._write(tx, changes, zip(group, finals, strict=True))
            self.end_parts(tx, changes, group)
        _leave(tx, changes.now, unknown, outcomes)

    def end_parts(self, tx: Connection, changes: Changes, ended: Iterable[Row]) -> None:
        """Count the parts among these locked, ended tasks. The last one ends its batch."""
        if batches := lower_counts(tx, ended):
            self.finish(tx, changes, batches, {})

    def finish_due(self, tx: Connection, changes: Changes, ids: Sequence[str]) -> int:
        """End these due tasks, with the outcomes in their rows. Return their number."""
        if not ids:
            return 0
        rows = lock_tasks(tx, ids)
        self.finish(tx, changes, rows, _stored_outcomes(tx, [row["id"] for row in rows]))
        return len(rows)

    def end(self, tx: Connection, changes: Changes) -> None:
        """End the running tasks of `changes.ending`, with the posts as they are now."""
        if changes.ending:
            rows = lock_tasks(tx, changes.ending)
            self.finish(tx, changes, [row for row in rows if row["state"] == "running"], {})

    def _write(self, tx: Connection, changes: Changes, ended: Iterable[tuple[Row, Final]]) -> None:
        """Write final responses as they are made, about STEP bytes at a time.

        Hundreds of tasks may end together. Neither their statement nor their responses together
        may hold the process, so other threads run between two steps.
        """
        rows: list[Row] = []
        size = 0
        for task, final in ended:
            rows.append(self._frozen(task, final, changes))
            size += len(final.body)
            if size >= STEP:
                update_rows(tx, tasks, ("id",), rows)
                rows, size = [], 0
                time.sleep(0)
        update_rows(tx, tasks, ("id",), rows)

    def _frozen(self, row: Row, final: Final, changes: Changes) -> Row:
        self._finished.labels(final.status).inc()
        took = max(0, changes.now - row["created_at"]) / 1000
        self._seconds[row["finish"]].observe(took, changes.exemplars.get(row["id"]))
        split = final if isinstance(final, SplitFinal) else None
        return {
            "id": row["id"],
            "state": "split" if split else "done",
            "pending": 0,
            "total": row["total"],
            "status": final.status,
            "headers": msgspec.json.encode(final.headers).decode(),
            "body": final.body,
            "html_post": split.html_post if split else None,
            "html_bytes": split.html_bytes if split else None,
            "expires_at": changes.now
            + self._retention
            + (KEPT_FOR_BATCH if row["batch_id"] else 0),
            "finish_at": None,
        }


def _leave(tx: Connection, now: int, rows: Iterable[Row], outcomes: Mapping[str, Outcome]) -> None:
    """Make tasks due for another replica, with their outcomes in the column of the final body."""
    due = [{"id": row["id"], "pending": 0, "total": row["total"], "finish_at": now} for row in rows]
    update_rows(tx, tasks, ("id",), due)
    stored = [
        {"id": row["id"], "body": encode(outcomes[row["id"]])}
        for row in due
        if row["id"] in outcomes
    ]
    update_rows(tx, tasks, ("id",), stored)


def _stored_outcomes(tx: Connection, ids: Sequence[str]) -> dict[str, Outcome]:
    wanted = select(tasks.c.id, tasks.c.body).where(among(tx, tasks.c.id, ids))
    rows = tx.execute(wanted.where(tasks.c.body.is_not(None)))
    return {row.id: msgspec.json.decode(row.body, type=Outcome) for row in rows}
