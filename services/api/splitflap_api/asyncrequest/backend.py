"""What the decorator asks of whoever keeps the tasks and does the work.

TaskError
 +-- NoSuchTask    unknown, or another account's
 +-- TaskGone      past its retention, or cancelled
 +-- KeyReused     the idempotency key belongs to a request with another body
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
from flask import Response


class TaskError(Exception):
    """Why a task cannot be had."""


class NoSuchTask(TaskError):
    """No such task for this account."""


class TaskGone(TaskError):
    """The task was there; its final response is kept no longer."""


class KeyReused(TaskError):
    """Another request has used this idempotency key."""


@dataclass(frozen=True)
class Final:
    """A final response, frozen: what the original view would have answered in the end."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, value: Any) -> "Final":
        """From what a Flask view may return: a response, or a body with status and headers.

        Raises:
            TypeError: it is nothing that a view may return.
        """
        if isinstance(value, Final):
            return value
        if isinstance(value, Response):
            return cls(value.status_code, dict(value.headers), value.get_data())
        body, status, headers = _parts(value)
        if isinstance(body, dict | list):
            return cls(status, {"Content-Type": "application/json", **headers}, _json(body))
        if isinstance(body, str | bytes):
            text = body.encode() if isinstance(body, str) else body
            return cls(status, {"Content-Type": "text/html; charset=utf-8", **headers}, text)
        raise TypeError(f"a final response cannot be made of {type(body).__name__}")


def _parts(value: Any) -> tuple[Any, int, dict[str, str]]:
    if not isinstance(value, tuple):
        return value, 200, {}
    body, *rest = value
    status = next((part for part in rest if isinstance(part, int)), 200)
    headers = next((part for part in rest if isinstance(part, dict)), {})
    return body, status, headers


def _json(body: Any) -> bytes:
    return msgspec.json.encode(body)


@dataclass(frozen=True)
class TaskState:
    """A task as its owner sees it. `created_at` is RFC 3339; `final` is there once it is done."""

    id: str
    created_at: str
    done: int = 0
    total: int = 1
    final: Final | None = None


@dataclass(frozen=True)
class Submission:
    """A request to be answered later. `work` is the backend's own business."""

    account: str
    work: Any
    finish: str
    idempotency_key: str | None = None
    fingerprint: str | None = None
    traceparent: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)


class Backend(Protocol):
    """Keeps tasks and sees to their work. All calls may block the calling thread."""

    def accept(self, submission: Submission) -> TaskState:
        """Keep the task for good before returning; a known idempotency key returns its task.

        Raises:
            KeyReused: the idempotency key belongs to a request with another fingerprint.
        """

    def get(self, account: str, task_id: str) -> TaskState:
        """The task as it is now.

        Raises:
            NoSuchTask, TaskGone: as their names say.
        """

    def wait(self, account: str, task_id: str, seconds: float) -> TaskState:
        """The task when it is done, or as it is after `seconds`; raises as `get`."""

    def cancel(self, account: str, task_id: str) -> None:
        """End the task and its work; `get` raises TaskGone from now on. Raises as `get`."""
