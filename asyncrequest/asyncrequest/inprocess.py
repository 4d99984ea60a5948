"""A backend for small apps and tests: threads of this process, tasks in its memory.

The promise of `accept` reaches as far as the process: tasks end with it, and the workers of a
server with several do not know each other's.
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
from typing import Any

from flask import current_app
from werkzeug.exceptions import HTTPException

from .backend import Submission, TaskState
from .errors import BackendFull, KeyReused, NoSuchTask, TaskGone, problem_body
from .final import Final

logger = logging.getLogger(__name__)

#: Ids remembered of tasks that are gone: 410 is told from 404 by them.
MAX_GONE = 10_000

#: Seconds that a client is asked to wait when all tasks that may be kept are running.
BUSY_RETRY_AFTER = 5


@dataclass(eq=False)
class _Task:
    state: TaskState
    submission: Submission
    context: Callable[[], AbstractContextManager[Any]]
    ended: threading.Event = field(default_factory=threading.Event)
    cancelled: bool = False

    @property
    def key(self) -> tuple[str, str] | None:
        key = self.submission.idempotency_key
        return (self.submission.account, key) if key else None


class InProcess:
    """Does `work` (a callable without arguments) in a thread; `finish` gets what it returns.

    Both run in the app's context. What they raise becomes the final response: an HTTPException
    (`abort(422)`) its own, anything else is logged and a 500.
    """

    def __init__(self, threads: int, keep: int = 1000) -> None:
        """`keep` is how many tasks there may be; of those done, the oldest make room for new."""
        self._size = threads
        self._keep = keep
        self._changed = threading.Condition()
        self._tasks: OrderedDict[str, _Task] = OrderedDict()
        self._waiting: OrderedDict[str, _Task] = OrderedDict()
        self._done: OrderedDict[str, _Task] = OrderedDict()
        self._gone: OrderedDict[str, str] = OrderedDict()
        self._keys: dict[tuple[str, str], _Task] = {}
        self._threads: list[threading.Thread] = []
        self._stopping = False

    def accept(self, submission: Submission) -> TaskState:
        with self._changed:
            if known := self._known(submission):
                return known.state
            self._make_room()
            task = self._add(submission)
            self._start()
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

    def cancel(self, account: str, task_id: str) -> None:
        """What runs already runs to its end, and nobody sees what comes of it."""
        with self._changed:
            task = self._find(account, task_id)
            task.cancelled = True
            self._forget(task)
        task.ended.set()

    def stop(self, timeout: float) -> None:
        """End what runs, each within `timeout` seconds; begin nothing more."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout)

    def _known(self, submission: Submission) -> _Task | None:
        key = submission.idempotency_key
        task = self._keys.get((submission.account, key)) if key else None
        if task and task.submission.fingerprint != submission.fingerprint:
            raise KeyReused(key)
        return task

    def _make_room(self) -> None:
        if self._stopping:
            raise BackendFull(BUSY_RETRY_AFTER)
        if len(self._tasks) >= self._keep:
            if not self._done:
                raise BackendFull(BUSY_RETRY_AFTER)
            self._forget(next(iter(self._done.values())))

    def _add(self, submission: Submission) -> _Task:
        state = TaskState(str(uuid.uuid4()), datetime.now(UTC).isoformat())
        task = _Task(state, submission, _app_context())
        self._tasks[state.id] = self._waiting[state.id] = task
        if task.key:
            self._keys[task.key] = task
        return task

    def _forget(self, task: _Task) -> None:
        """Leave nothing of it but its id."""
        task_id = task.state.id
        del self._tasks[task_id]
        self._waiting.pop(task_id, None)
        self._done.pop(task_id, None)
        if task.key:
            del self._keys[task.key]
        self._gone[task_id] = task.submission.account
        if len(self._gone) > MAX_GONE:
            self._gone.popitem(last=False)

    def _start(self) -> None:
        # Not before the first task: threads made at import would not outlive a server's fork.
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
        # What the work holds, such as an upload, is not needed any more.
        task.submission = replace(task.submission, work=None)
        if not task.cancelled:
            self._done[task.state.id] = task

    def _find(self, account: str, task_id: str) -> _Task:
        task = self._tasks.get(task_id)
        if task and task.submission.account == account:
            return task
        if self._gone.get(task_id) == account:
            raise TaskGone(task_id)
        raise NoSuchTask(task_id)


def _app_context() -> Callable[[], AbstractContextManager[Any]]:
    """Makes contexts of the present app, where there is one, for other threads."""
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
                return Final.of(submission.finisher(submission.work()))
            except HTTPException as error:
                return Final.of(error.get_response())
    except BaseException:  # whatever it was, a task must end, and its thread go on
        logger.exception("the work of task %s failed", task.state.id)
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        body = problem_body(status, "the work failed; it is logged")
        return Final(status, (("Content-Type", "application/problem+json"),), body)
