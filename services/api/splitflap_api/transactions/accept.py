"""The accept path: many requests, one commit, and the promise of a 202.

Also the tasks as the asynchronous request's decorator sees them: read, waited for, cancelled.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from splitflap_core.telemetry import Metrics
from splitflap_core.trace import new_traceparent
from sqlalchemy import Connection, or_, select
from sqlalchemy.exc import IntegrityError
from uuid_utils import uuid7

from asyncrequest import (
    KeyReused,
    Submission,
    TaskGone,
    TaskState,
)
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.cancel import cancel
from splitflap_api.domain.changes import Changes, Row
from splitflap_api.domain.posts import delete_post
from splitflap_api.domain.task_state import answer, state_of
from splitflap_api.domain.tasks import Tasks
from splitflap_api.store.batcher import Batcher, Waiters
from splitflap_api.store.bulk import among
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import tasks

#: Seconds for which reads gather that are to share one: they are cheaper than commits.
READS_GATHER = 0.004

#: Seconds between looks for the end of tasks that clients of this replica wait for, in case that
#: it was another replica that ended them and its wake-up was lost.
LOOK_EVERY = 0.25


class Command(Protocol):
    """What must be done for a request, told to the transaction that accepts it.

    `own_transaction` asks for a transaction of its own: the command locks rows, and several of them
    in one transaction would lock in no order. `only_inserts` says that it neither locks nor changes
    any: a batch of such commands is one statement.
    """

    @property
    def own_transaction(self) -> bool: ...

    @property
    def only_inserts(self) -> bool: ...

    def apply(self, tx: Connection, changes: Changes, task: Row) -> None:
        """Add rows to the changes and fill the task's row; a shared transaction refuses first.

        Raises:
            Problem: the request cannot be accepted.
        """


@dataclass(frozen=True)
class Hooks:
    """What is told of a commit: jobs to publish, and that something changed."""

    publish: Callable[[Sequence[Row]], None]
    changed: Callable[[], None]


class Acceptor:
    """Keeps tasks: the backend of the asynchronous request."""

    def __init__(
        self,
        store: Store,
        tasks_: Tasks,
        metrics: Metrics,
        hooks: Hooks,
        waiters: Waiters | None = None,
    ) -> None:
        """`waiters` hold the requests that wait for a commit; threads by default."""
        self._store = store
        self._tasks = tasks_
        self._hooks = hooks
        self._accepted = metrics.counter("splitflap_jobs_accepted_total")
        self._sizes = metrics.histogram("splitflap_commit_batch_size")
        self._seconds = metrics.histogram("splitflap_commit_seconds")
        self._commits: Batcher[Submission[Command], TaskState] = Batcher(
            "commits", self._commit, waiters
        )
        self._reads: Batcher[tuple[str, str], TaskState] = Batcher(
            "task-reads", self._read, waiters, gather=READS_GATHER, inline_when_idle=True
        )
        self._woken = threading.Condition()
        self._turn = 0
        self._ending = False

    def start(self) -> None:
        """Answer calls from now on."""
        self._commits.start()
        self._reads.start()

    def stop(self, timeout: float) -> None:
        """Finish the calls that wait, and take no more."""
        end = time.monotonic() + timeout
        self._commits.stop(timeout)
        self._reads.stop(max(0.0, end - time.monotonic()))

    def accept(self, submission: Submission[Command]) -> TaskState:
        commit = self._commit_by_itself if submission.work.own_transaction else self._commits
        try:
            return commit(submission)
        except IntegrityError:
            # Another replica has committed the same idempotency key meanwhile: now it is known.
            return commit(submission)

    def get(self, account: str, task_id: str) -> TaskState:
        return self._reads((account, task_id))

    def wait(self, account: str, task_id: str, seconds: float) -> TaskState:
        deadline = time.monotonic() + seconds
        while True:
            turn = self._turn
            state = self._reads((account, task_id))
            left = deadline - time.monotonic()
            if state.final or left <= 0 or self._ending:
                return state
            self._wait_for_change(turn, min(left, LOOK_EVERY))

    def _wait_for_change(self, turn: int, seconds: float) -> None:
        with self._woken:
            self._woken.wait_for(lambda: self._turn != turn, seconds)

    def wake(self) -> None:
        """Something changed in the database: let those who wait look again."""
        with self._woken:
            self._turn += 1
            self._woken.notify_all()

    def end_waits(self) -> None:
        """Answer those who wait with what there is, now and from now on."""
        self._ending = True
        self.wake()

    def cancel(self, account: str, task_id: str) -> None:
        with self._store.write() as tx:
            changes = Changes(self._store.now(tx))
            cancel(tx, changes, self._tasks, task_id, account)
            changes.write(tx)
        self._hooks.publish(changes.jobs)
        self._hooks.changed()

    def delete_post(self, post_id: str, account: str, *, admin: bool) -> None:
        """Remove a post.

        Raises:
            Problem: not-found or forbidden.
        """
        with self._store.write() as tx:
            changes = Changes(self._store.now(tx))
            delete_post(tx, changes, post_id, account, admin=admin)
            self._tasks.end(tx, changes)
            changes.write(tx)
        self._hooks.changed()

    def _commit_by_itself(self, submission: Submission[Command]) -> TaskState:
        answer = self._commit([submission])[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _commit(
        self, submissions: Sequence[Submission[Command]]
    ) -> list[TaskState | BaseException]:
        started = time.monotonic()
        only_inserts = all(each.work.only_inserts for each in submissions)
        with self._store.statement() if only_inserts else self._store.write() as tx:
            changes = Changes(self._store.now(tx))
            known = _known(tx, submissions)
            answers = [self._plan(tx, changes, known, each) for each in submissions]
            waits = changes.schedule_previews(tx)
            for task in changes.tasks:
                task["pending"] = task["total"] = waits.get(task["id"], 0) or 1
            changes.tasks = [_columns(task) for task in changes.tasks]
            changes.write(tx)
            self._tasks.end(tx, changes)
        self._sizes.observe(len(submissions))
        self._seconds.observe(time.monotonic() - started)
        for kind, count in Counter(job["kind"] for job in changes.jobs).items():
            self._accepted.labels(kind).inc(count)
        self._hooks.publish(changes.jobs)
        self._hooks.changed()
        return answers

    def _plan(
        self,
        tx: Connection,
        changes: Changes,
        known: dict[tuple[str, str], tuple[str | None, TaskState | TaskGone]],
        submission: Submission[Command],
    ) -> TaskState | BaseException:
        key = (submission.account, submission.idempotency_key or "")
        if key[1] and key in known:
            fingerprint, state = known[key]
            return state if fingerprint == submission.fingerprint else KeyReused(key[1])
        task = _new_task(submission, changes.now)
        try:
            submission.work.apply(tx, changes, task)
        except Problem as problem:
            if submission.work.own_transaction:
                raise  # which rolls back what it wrote before it refused
            return problem
        changes.tasks.append(task)
        state = TaskState(task["id"], changes.time)
        if key[1]:
            known[key] = (submission.fingerprint, state)
        return state

    def _read(self, questions: Sequence[tuple[str, str]]) -> list[TaskState | BaseException]:
        ids = {task_id for _, task_id in questions}
        with self._store.read() as tx:
            now = self._store.now(tx)
            rows = tx.execute(select(tasks).where(among(tx, tasks.c.id, ids))).mappings()
            found = {row["id"]: row for row in rows}
        return [answer(found.get(task_id), account, now) for account, task_id in questions]


def _known(
    tx: Connection, submissions: Sequence[Submission[Command]]
) -> dict[tuple[str, str], tuple[str | None, TaskState | TaskGone]]:
    pairs = {(each.account, each.idempotency_key) for each in submissions if each.idempotency_key}
    if not pairs:
        return {}
    by_pair = [(tasks.c.account == a) & (tasks.c.idempotency_key == k) for a, k in pairs]
    rows = tx.execute(select(tasks).where(or_(*by_pair))).mappings()
    return {
        (row["account"], row["idempotency_key"]): (
            row["fingerprint"],
            TaskGone() if row["state"] == "cancelled" else state_of(row),
        )
        for row in rows
    }


def _new_task(submission: Submission[Command], now: int) -> Row:
    return {
        "id": str(uuid7()),
        "account": submission.account,
        "finish": submission.responder_name,
        "subject": None,
        "revision": None,
        "state": "running",
        "idempotency_key": submission.idempotency_key,
        "fingerprint": submission.fingerprint,
        "created_at": now,
        "traceparent": new_traceparent(submission.traceparent),
    }


def _columns(task: Row) -> Row:
    return {name: value for name, value in task.items() if name != "traceparent"}
