"""Why a task cannot be had, and what a client is told of it where the app does not say it.

TaskError
 +-- NoSuchTask    404  unknown, or another account's
 +-- TaskGone      410  past its retention, or cancelled
 +-- KeyReused     422  the idempotency key belongs to another request
 +-- BadHeader     400  a request header that cannot be used
 +-- BackendFull          503  the backend is full
"""

from http import HTTPStatus

import msgspec
from flask import Flask, Response


class TaskError(Exception):
    """Why a task cannot be had: the status and the detail of the default response."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "the task cannot be had"


class NoSuchTask(TaskError):
    """No such task for this account."""

    status = HTTPStatus.NOT_FOUND
    detail = "no such task"


class TaskGone(TaskError):
    """The task was there; its final response is kept no longer."""

    status = HTTPStatus.GONE
    detail = "the task was cancelled, or its final response is kept no longer"


class KeyReused(TaskError):
    """Another request has used this idempotency key."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    detail = "this Idempotency-Key came with another request before"


class BadHeader(TaskError):
    """A request header that cannot be used."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"{name}: expected {expected}")
        self.name = name
        self.expected = f"expected {expected}"
        self.detail = f"{name}: expected {expected}"


class BackendFull(TaskError):
    """The backend has as many tasks as it takes; nothing was accepted."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    detail = "too many tasks are running"

    def __init__(self, retry_after: int) -> None:
        """`retry_after` is how long (seconds) a client should wait."""
        super().__init__(self.detail)
        self.retry_after = retry_after


def install(app: Flask) -> None:
    """Answer every TaskError with a problem, unless the app has a handler of its own for it."""
    if TaskError not in app.error_handler_spec[None][None]:
        app.register_error_handler(TaskError, as_problem)


def as_problem(error: TaskError) -> Response:
    """The default response: a problem (RFC 9457) that says no more than its status and detail."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, BackendFull):
        headers["Retry-After"] = str(error.retry_after)
    body = problem_body(error.status, error.detail)
    return Response(body, error.status, headers, content_type="application/problem+json")


def problem_body(status: HTTPStatus, detail: str) -> bytes:
    """A problem of no type of its own; its title is the status's phrase (RFC 9457, 4.2.1)."""
    return msgspec.json.encode(
        {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    )
