"""The transactions of the accept path: one commit for many requests, before their 202.

The module also has the other transactions of requests: read, cancel, delete.
"""

import time
from collections import Counter
from collections.abc import Collection, Sequence

from splitflap_core.telemetry import Metrics
from splitflap_core.tracing.tracer import Tracer
from sqlalchemy import Connection, or_, select

from asyncrequest import KeyReused, Preconditions, Submission, TaskState
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.access.keys import Caller
from splitflap_api.domain.cancel import cancel
from splitflap_api.domain.changes import Changes
from splitflap_api.domain.commands import Command
from splitflap_api.domain.fair.routes import Router
from splitflap_api.domain.operator.audit import Note, unnoted
from splitflap_api.domain.posts.commands import delete_post
from splitflap_api.domain.task_state import LargeTask, read_shared, read_whole, visible_state
from splitflap_api.domain.tasks import Tasks
from splitflap_api.store.bulk import among
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import tasks
from splitflap_api.transactions.after_commit import AfterCommit
from splitflap_api.transactions.traces import BatchTraces

#: The tasks of idempotency keys, by account and key: the first request's fingerprint, and the
#: task's state, or TaskGone if the task was cancelled or is past its retention.
KnownKeys = dict[tuple[str, str], tuple[str | None, TaskState | LargeTask | BaseException]]

#: An answer of a shared run.
Answer = TaskState | LargeTask | BaseException


class TaskTransactions:
    """Accepts, reads and cancels tasks. Each call is one transaction."""

    def __init__(
        self,
        store: Store,
        tasks_: Tasks,
        metrics: Metrics,
        after_commit: AfterCommit,
        router: Router,
        tracer: Tracer | None = None,
    ) -> None:
        self._store = store
        self._tasks = tasks_
        self._after_commit = after_commit
        self._router = router
        self._traces = BatchTraces(tracer)
        self._accepted = metrics.counter("splitflap_jobs_accepted_total")
        self._sizes = metrics.histogram("splitflap_commit_batch_size")
        self._seconds = metrics.histogram("splitflap_commit_seconds")

    def commit(self, submissions: Sequence[Submission[Command]]) -> list[Answer]:
        """Accept these requests in one commit. Each gets its task or its own error."""
        started = time.monotonic()
        only_inserts = all(each.work.only_inserts for each in submissions)
        with (
            self._traces.commit(submissions) as span,
            self._store.statement() if only_inserts else self._store.write() as tx,
        ):
            changes = Changes(self._store.now(tx), self._router)
            known = _known_keys(tx, submissions, changes.now)
            answers = [self._apply(tx, changes, known, each) for each in submissions]
            waits = changes.schedule_previews(tx)
            for task in changes.tasks:
                task.pending = waits.get(task.id, 0) or task.pending
            changes.write(tx)
            self._tasks.end(tx, changes)
            shared = self._traces.shared(tx, changes)
        self._traces.note(shared)
        self._sizes.observe(len(submissions))
        self._seconds.observe(time.monotonic() - started, span.context.exemplar if span else None)
        for kind, count in Counter(job["kind"] for job in changes.jobs).items():
            self._accepted.labels(kind).inc(count)
        self._after_commit.publish(changes.jobs, changes.joined)
        self._after_commit.changed()
        return answers

    def commit_one(self, submission: Submission[Command]) -> TaskState | LargeTask:
        """Accept one request in a transaction of its own. Raises the request's error."""
        answer = self.commit([submission])[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def read(self, questions: Sequence[tuple[Caller, str]]) -> list[Answer]:
        """Read the states of tasks. A question is a caller and a task id."""
        ids = {task_id for _, task_id in questions}
        with self._store.read() as tx:
            now = self._store.now(tx)
            found = {row["id"]: row for row in read_shared(tx, among(tx, tasks.c.id, ids))}
        return [visible_state(found.get(task_id), caller, now) for caller, task_id in questions]

    def ended(self, task_ids: Collection[str]) -> set[str]:
        """Those of these tasks that have ended."""
        wanted = select(tasks.c.id).where(tasks.c.state != "running")
        with self._store.read() as tx:
            return set(tx.execute(wanted.where(among(tx, tasks.c.id, task_ids))).scalars())

    def read_large(self, caller: Caller | None, task_id: str) -> TaskState:
        """Read the state of a task with a final response of any size. Raises as `cancel`."""
        with self._store.read_large() as tx:
            state = visible_state(read_whole(tx, task_id), caller, self._store.now(tx))
        if isinstance(state, TaskState):
            return state
        raise state if isinstance(state, BaseException) else TypeError(state)

    def cancel(self, caller: Caller, task_id: str, preconditions: Preconditions) -> None:
        """Cancel a task.

        Raises:
            NoSuchTask: the task is unknown, or the caller may not see it.
            TaskGone: the task was cancelled before, or its retention has ended.
            PreconditionFailed: the task has another ETag now.
        """
        with self._store.write() as tx:
            changes = Changes(self._store.now(tx), self._router)
            cancel(tx, changes, self._tasks, task_id, caller, preconditions)
            changes.write(tx)
        self._after_commit.publish(changes.jobs, changes.joined)
        self._after_commit.changed()

    def delete_post(
        self, post_id: str, caller: Caller, preconditions: Preconditions, note: Note = unnoted
    ) -> None:
        """Delete a post. `note` gets its id and author.

        Raises:
            Problem: not-found or forbidden.
            PreconditionFailed: the post has another ETag now.
        """
        with self._store.write() as tx:
            changes = Changes(self._store.now(tx), self._router)
            post = delete_post(tx, changes, post_id, caller, self._tasks.urls, preconditions)
            note(tx, f"{post_id} of {post['account']}")
            self._tasks.end(tx, changes)
            changes.write(tx)
        self._after_commit.changed()

    def _apply(
        self,
        tx: Connection,
        changes: Changes,
        known: KnownKeys,
        submission: Submission[Command],
    ) -> Answer:
        key = (submission.account, submission.idempotency_key or "")
        if key[1] and key in known:
            fingerprint, state = known[key]
            return state if fingerprint == submission.fingerprint else KeyReused(key[1])
        command = submission.work
        task = changes.new_task(
            submission.account,
            submission.responder_name,
            submission.traceparent,
            submission.idempotency_key,
            submission.fingerprint,
            command.key_id,
        )
        try:
            command.apply(tx, changes, task)
        except Problem as problem:
            if command.own_transaction:
                raise  # to roll back the writes before the refusal
            return problem
        changes.tasks.append(task)
        state = TaskState(task.id, changes.time, total=task.pending)
        if key[1]:
            known[key] = (submission.fingerprint, state)
        return state


def _known_keys(tx: Connection, submissions: Sequence[Submission[Command]], now: int) -> KnownKeys:
    pairs = {(each.account, each.idempotency_key) for each in submissions if each.idempotency_key}
    if not pairs:
        return {}
    by_pair = [(tasks.c.account == a) & (tasks.c.idempotency_key == k) for a, k in pairs]
    return {
        (row["account"], row["idempotency_key"]): (
            row["fingerprint"],
            visible_state(row, None, now),
        )
        for row in read_shared(tx, or_(*by_pair))
    }
