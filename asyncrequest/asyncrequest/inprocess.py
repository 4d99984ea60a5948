"""A backend for small apps and for tests: threads of this process, and tasks in its memory.

Tasks end with the process. Several processes of one server have separate tasks.
"""

import logging
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import current_app
from werkzeug.exceptions import HTTPException

from .backend import Submission, TaskState
from .errors import BackendFull, KeyReused, NoSuchTask, TaskGone, problem_body
from .final import Final
from .preconditions import Preconditions
from .usage import check_work, checked_result

logger = logging.getLogger(__name__)

#: Remembered ids and keys of removed tasks: they get 410 instead of 404 or a new task.
MAX_GONE = 10_000

#: Seconds of `Retry-After` for a refused client.
BUSY_RETRY_AFTER = 5

#: An account and one of its idempotency keys.
_Key = tuple[str, str]

#: The work of a task. Its responder gets the return value.
Work = Callable[[], Any]


@dataclass(eq=False)
class _Task:
    state: TaskState
    submission: Submission[Work]
    context: Callable[[], AbstractContextManager[Any]]
    ended: threading.Event = field(default_factory=threading.Event)
    cancelled: bool = False


class _Gone(NamedTuple):
    """A removed task: its account, and its key if it had one."""

    account: str
    key: _Key | None


class InProcess:
    """Calls `work` in a thread, and the responder with its return value.

    Work is a plain function: coroutines and generators are refused.

    Both run in the context of the app. An HTTPException from them (`abort(422)`) becomes the final
    response. Any other exception is logged, and the final response is 500.
    """

    def __init__(self, threads: int, keep: int = 1000) -> None:
        """Keep at most `keep` tasks. A new task replaces the oldest finished one.

        Raises:
            ValueError: without a thread or a place no task can end.
        """
        for name, value in (("threads", threads), ("keep", keep)):
            if value < 1:
                raise ValueError(f"InProcess: {name} must be at least 1, got {value!r}")
        self._size = threads
        self._keep = keep
        self._changed = threading.Condition()
        self._tasks: OrderedDict[str, _Task] = OrderedDict()
        self._waiting: OrderedDict[str, _Task] = OrderedDict()
        self._done: OrderedDict[str, _Task] = OrderedDict()
        self._gone: OrderedDict[str, _Gone] = OrderedDict()
        #: The task and the fingerprint of each key. A removed task leaves its key for a while.
        self._keys: dict[_Key, tuple[str, str | None]] = {}
        self._threads: list[threading.Thread] = []
        self._stopping = False

    def accept(self, submission: Submission[Work]) -> TaskState:
        """Raises also TypeError for work other than a plain function."""
        check_work(submission.work)
        with self._changed:
            if known := self._known(submission):
                return known.state
            self._check_capacity()
            task = self._add(submission)
            self._start_thread()
            self._changed.notify()
            return task.state

    def get(self, account: str, task_id: str) -> TaskState:
        with self._changed:
            return self._find(account, task_id).state

    def wait(self, account: str, task_id: str, seconds: float) -> TaskState:
        with self._changed:
            task = self._find(account, task_id)
        task.ended.wait(seconds)
        with self._changed:
            if task.cancelled:
                raise TaskGone(task_id)
            return task.state

    def cancel(self, account: str, task_id: str, preconditions: Preconditions) -> None:
        """Remove the task. Work that has begun runs to its end, and its result is dropped."""
        with self._changed:
            task = self._find(account, task_id)
            preconditions.check(task.state.etag)
            task.cancelled = True
            self._forget(task)
        task.ended.set()

    def stop(self, timeout: float) -> None:
        """Begin no more work, and wait for each thread, `timeout` seconds at most."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout)

    def _known(self, submission: Submission[Work]) -> _Task | None:
        key = _key_of(submission)
        if key not in self._keys:
            return None
        task_id, fingerprint = self._keys[key]
        if fingerprint != submission.fingerprint:
            raise KeyReused(submission.idempotency_key)
        return self._find(submission.account, task_id)

    def _check_capacity(self) -> None:
        """Forget the oldest finished task at the limit; raises BackendFull if all are running."""
        if self._stopping:
            raise BackendFull(BUSY_RETRY_AFTER)
        if len(self._tasks) >= self._keep:
            if not self._done:
                raise BackendFull(BUSY_RETRY_AFTER)
            self._forget(next(iter(self._done.values())))

    def _add(self, submission: Submission[Work]) -> _Task:
        state = TaskState(str(uuid.uuid4()), datetime.now(UTC).isoformat())
        task = _Task(state, submission, _app_context())
        self._tasks[state.id] = self._waiting[state.id] = task
        if key := _key_of(submission):
            self._keys[key] = state.id, submission.fingerprint
        return task

    def _forget(self, task: _Task) -> None:
        """Remove the task, and remember its id and its key."""
        task_id = task.state.id
        del self._tasks[task_id]
        self._waiting.pop(task_id, None)
        self._done.pop(task_id, None)
        self._gone[task_id] = _Gone(task.submission.account, _key_of(task.submission))
        if len(self._gone) > MAX_GONE:
            _, forgotten = self._gone.popitem(last=False)
            if forgotten.key:
                del self._keys[forgotten.key]

    def _start_thread(self) -> None:
        # At the first tasks, because threads made at import end with the fork of a server.
        if len(self._threads) < self._size:
            name = f"asyncrequest-{len(self._threads)}"
            thread = threading.Thread(target=self._loop, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _loop(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopping)
                if self._stopping:
                    return
                _, task = self._waiting.popitem(last=False)
            final = _final_of(task)
            with self._changed:
                self._end(task, final)
            task.ended.set()

    def _end(self, task: _Task, final: Final) -> None:
        task.state = replace(task.state, done=1, final=final)
        task.submission = replace(task.submission, work=_released)
        if not task.cancelled:
            self._done[task.state.id] = task

    def _find(self, account: str, task_id: str) -> _Task:
        task = self._tasks.get(task_id)
        if task and task.submission.account == account:
            return task
        gone = self._gone.get(task_id)
        if gone and gone.account == account:
            raise TaskGone(task_id)
        raise NoSuchTask(task_id)


def _key_of(submission: Submission[Work]) -> _Key | None:
    key = submission.idempotency_key
    return (submission.account, key) if key else None


def _released() -> None:
    """Stands in for finished work, because the work may hold much memory, such as an upload."""


def _app_context() -> Callable[[], AbstractContextManager[Any]]:
    """A factory of contexts of the present app, for use in other threads."""
    if not current_app:
        return nullcontext
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's documented way to hand an app to a thread
    context: Callable[[], AbstractContextManager[Any]] = app.app_context
    return context


def _final_of(task: _Task) -> Final:
    submission = task.submission
    try:
        with task.context():
            try:
                return Final.of(submission.responder(checked_result(submission.work())))
            except HTTPException as error:
                return Final.of(error.get_response())
    except BaseException:  # a task must end, and its thread must go on, after any exception
        logger.exception("task %s: the work failed; its final response is 500", task.state.id)
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        body = problem_body(status, "the work failed; it is logged")
        return Final(status, (("Content-Type", "application/problem+json"),), body)
