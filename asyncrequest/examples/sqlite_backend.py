"""A backend whose tasks survive the process: an SQLite file, and workers beside the server.

Work is a `Call`, because another process must be able to do it. The server accepts tasks:

    later = AsyncRequests(SqliteBackend("tasks.db"))

A worker imports the same app, and does the work of one task after the other:

    while True:
        if not backend.work_once({"factors_of": factors_of}, later.responders):
            time.sleep(0.1)

The example keeps tasks for ever, and a task of a killed worker stays running. A real backend has a
retention time, and gives such a task to another worker.
"""

import json
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asyncrequest import (
    Final,
    KeyReused,
    NoSuchTask,
    Preconditions,
    Submission,
    TaskGone,
    TaskState,
)
from asyncrequest.backend import Responder

SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    id TEXT PRIMARY KEY, account TEXT, created_at TEXT, state TEXT,
    function TEXT, arguments TEXT, responder TEXT, key TEXT, fingerprint TEXT,
    status INTEGER, headers TEXT, body BLOB);
CREATE UNIQUE INDEX IF NOT EXISTS tasks_key ON tasks (account, key);
"""

#: Seconds between two polls of a task, while a client waits for it.
POLL_INTERVAL = 0.05


@dataclass(frozen=True)
class Call:
    """Work: the name of a function, and JSON values as its arguments."""

    function: str
    arguments: tuple[Any, ...] = ()


class SqliteBackend:
    """A `TaskBackend[Call]` for one machine."""

    def __init__(self, path: str) -> None:
        self._path = path
        with closing(sqlite3.connect(path)) as db:
            db.executescript(SCHEMA)

    def accept(self, submission: Submission[Call]) -> TaskState:
        # The transaction locks the file, so concurrent calls with one key meet here.
        with self._transaction() as db:
            if known := self._known(db, submission):
                return known
            task = {
                "id": str(uuid.uuid4()),
                "account": submission.account,
                "created_at": datetime.now(UTC).isoformat(),
                "state": "waiting",
                "function": submission.work.function,
                "arguments": json.dumps(submission.work.arguments),
                "responder": submission.responder_name,
                "key": submission.idempotency_key,
                "fingerprint": submission.fingerprint,
            }
            marks = ", ".join(f":{name}" for name in task)
            db.execute(f"INSERT INTO tasks ({', '.join(task)}) VALUES ({marks})", task)  # noqa: S608 - names of this module
        # The commit is on disk, so the 202 is true after a crash.
        return TaskState(str(task["id"]), str(task["created_at"]))

    def get(self, account: str, task_id: str) -> TaskState:
        with self._transaction() as db:
            return _found(db, account, task_id)

    def wait(self, account: str, task_id: str, seconds: float) -> TaskState:
        end = time.monotonic() + seconds
        while not (state := self.get(account, task_id)).final and time.monotonic() < end:
            time.sleep(POLL_INTERVAL)
        return state

    def cancel(self, account: str, task_id: str, preconditions: Preconditions) -> None:
        with self._transaction() as db:
            preconditions.check(_found(db, account, task_id).etag)
            db.execute("UPDATE tasks SET state = 'cancelled' WHERE id = ?", (task_id,))

    def work_once(
        self, functions: Mapping[str, Callable[..., Any]], responders: Mapping[str, Responder]
    ) -> bool:
        """For a worker: do the work of the oldest waiting task. Returns whether there was one."""
        with self._transaction() as db:
            task = db.execute(
                "UPDATE tasks SET state = 'running' WHERE id = (SELECT id FROM tasks "
                "WHERE state = 'waiting' ORDER BY created_at LIMIT 1) RETURNING *"
            ).fetchone()
        if task is None:
            return False
        result = functions[task["function"]](*json.loads(task["arguments"]))
        final = Final.of(responders[task["responder"]](result))
        with self._transaction() as db:
            db.execute(
                "UPDATE tasks SET state = 'done', status = ?, headers = ?, body = ? "
                "WHERE id = ? AND state = 'running'",
                (final.status, json.dumps(final.headers), final.body, task["id"]),
            )
        return True

    def _known(self, db: sqlite3.Connection, submission: Submission[Call]) -> TaskState | None:
        found = db.execute(
            "SELECT id, fingerprint FROM tasks WHERE account = ? AND key = ?",
            (submission.account, submission.idempotency_key),
        ).fetchone()
        if found is None:
            return None
        if found["fingerprint"] != submission.fingerprint:
            raise KeyReused(submission.idempotency_key)
        return _found(db, submission.account, found["id"])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=10, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")


def _found(db: sqlite3.Connection, account: str, task_id: str) -> TaskState:
    found = db.execute("SELECT * FROM tasks WHERE id = ?", (task_id,)).fetchone()
    if found is None or found["account"] != account:
        raise NoSuchTask(task_id)
    if found["state"] == "cancelled":
        raise TaskGone(task_id)
    return _state_of(found)


def _state_of(task: sqlite3.Row) -> TaskState:
    if task["state"] != "done":
        return TaskState(task["id"], task["created_at"])
    headers = tuple((name, value) for name, value in json.loads(task["headers"]))
    return TaskState(
        task["id"], task["created_at"], 1, 1, Final(task["status"], headers, task["body"])
    )
