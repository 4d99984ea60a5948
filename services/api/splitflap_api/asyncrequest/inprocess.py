"""A backend for small apps and tests: threads of this process, tasks in its memory."""

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from splitflap_api.asyncrequest.backend import (
    Final,
    KeyReused,
    NoSuchTask,
    Submission,
    TaskGone,
    TaskState,
)


@dataclass
class _Task:
    state: TaskState
    submission: Submission
    future: Any = None
    cancelled: bool = False


class InProcess:
    """Does `work` (a callable without arguments) in a thread; keeps the last `keep` tasks."""

    def __init__(
        self, finishers: Callable[[], dict[str, Callable[..., Any]]], threads: int, keep: int = 1000
    ) -> None:
        """`finishers` gives the finish functions by name: `lambda: later.finishers`."""
        self._finishers = finishers
        self._threads = ThreadPoolExecutor(threads)
        self._keep = keep
        self._lock = threading.Lock()
        self._tasks: OrderedDict[str, _Task] = OrderedDict()
        self._keys: dict[tuple[str, str], str] = {}

    def accept(self, submission: Submission) -> TaskState:
        with self._lock:
            if known := self._known(submission):
                return known.state
            task = self._add(submission)
        task.future = self._threads.submit(self._work, task)
        return task.state

    def get(self, account: str, task_id: str) -> TaskState:
        return self._find(account, task_id).state

    def wait(self, account: str, task_id: str, seconds: float) -> TaskState:
        task = self._find(account, task_id)
        wait_for([task.future], timeout=seconds)
        return task.state

    def cancel(self, account: str, task_id: str) -> None:
        task = self._find(account, task_id)
        task.cancelled = True
        task.future.cancel()

    def _known(self, submission: Submission) -> _Task | None:
        key = submission.idempotency_key
        task = self._tasks.get(self._keys.get((submission.account, key), "")) if key else None
        if task and task.submission.fingerprint != submission.fingerprint:
            raise KeyReused(key)
        return task

    def _add(self, submission: Submission) -> _Task:
        state = TaskState(str(uuid.uuid4()), datetime.now(UTC).isoformat())
        task = self._tasks[state.id] = _Task(state, submission)
        if submission.idempotency_key:
            self._keys[submission.account, submission.idempotency_key] = state.id
        while len(self._tasks) > self._keep:
            _, old = self._tasks.popitem(last=False)
            self._keys.pop((old.submission.account, old.submission.idempotency_key or ""), None)
        return task

    def _work(self, task: _Task) -> None:
        finish = self._finishers()[task.submission.finish]
        try:
            final = Final.of(finish(task.submission.work()))
        except Exception as error:  # noqa: BLE001 - whatever it was, it is the task's answer
            final = Final.of(({"title": "The work failed", "detail": str(error)}, 500))
        done = TaskState(task.state.id, task.state.created_at, 1, 1, final)
        task.state = done

    def _find(self, account: str, task_id: str) -> _Task:
        task = self._tasks.get(task_id)
        if not task or task.submission.account != account:
            raise NoSuchTask(task_id)
        if task.cancelled:
            raise TaskGone(task_id)
        return task
