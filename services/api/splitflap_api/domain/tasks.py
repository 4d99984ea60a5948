"""Tasks end: their responders make the final responses, and the table keeps them."""

from collections.abc import Iterable, Mapping

import msgspec
from splitflap_core.outcomes import Outcome
from splitflap_core.telemetry import Metrics
from sqlalchemy import Connection

from asyncrequest import Final
from splitflap_api.domain.changes import Changes, Row
from splitflap_api.domain.jobs.locks import lock_tasks
from splitflap_api.domain.responders import Completion, Responders
from splitflap_api.store.bulk import update_rows
from splitflap_api.store.schema import tasks


class Tasks:
    """Ends tasks."""

    def __init__(self, responders: Responders, retention: float, metrics: Metrics) -> None:
        """`retention` is how long (seconds) a final response is kept."""
        self.responders = responders
        self._retention = int(retention * 1000)
        self._finished = metrics.counter("splitflap_tasks_finished_total")

    def finish(
        self,
        tx: Connection,
        changes: Changes,
        rows: Iterable[Row],
        outcomes: Mapping[str, Outcome],
    ) -> None:
        """Write the final responses of these locked, running tasks.

        Raises:
            UnknownResponder: only another release can end one of them. Roll back.
        """
        frozen = []
        for responder, group in self.responders.groups(rows):
            values = responder(Completion(tx, changes, group, outcomes))
            for row, value in zip(group, values, strict=True):
                frozen.append(self._frozen(row, Final.of(value), changes.now))
        update_rows(tx, tasks, ("id",), frozen)

    def end(self, tx: Connection, changes: Changes) -> None:
        """End the running tasks of `changes.ending`, with the posts as they are now."""
        if not changes.ending:
            return
        running = [row for row in lock_tasks(tx, changes.ending) if row["state"] == "running"]
        self.finish(tx, changes, [row for row in running if self.responders.knows(row)], {})
        self._leave(tx, changes, [row for row in running if not self.responders.knows(row)])

    def _leave(self, tx: Connection, changes: Changes, rows: list[Row]) -> None:
        """Make these tasks due at once, for the reconciler of a newer replica."""
        due = [{"id": row["id"], "pending": 0, "finish_at": changes.now} for row in rows]
        update_rows(tx, tasks, ("id",), due)
        if rows:
            self.responders.note_left({row["finish"] for row in rows}, f"{len(rows)} running tasks")

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
