"""The errors of the task resource, and their default responses.

TaskError
 +-- NoSuchTask    404  the id is unknown, or the task belongs to another account
 +-- TaskGone      410  the task was cancelled, or its retention has ended
 +-- KeyReused     422  the idempotency key belongs to another request
 +-- BadHeader     400  a malformed request header
 +-- PreconditionFailed  412  If-Match or If-None-Match does not hold
 +-- BackendFull   503  the backend has reached its limit of tasks
"""

from http import HTTPStatus

import msgspec
from flask import Flask, Response


class TaskError(Exception):
    """Base of the errors; `status` and `detail` make the default response."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "the task is unavailable"


class NoSuchTask(TaskError):
    """The account has no task with this id."""

    status = HTTPStatus.NOT_FOUND
    detail = "no such task"


class TaskGone(TaskError):
    """The task has been removed, with its final response."""

    status = HTTPStatus.GONE
    detail = "the task was cancelled, or its final response is kept no longer"


class KeyReused(TaskError):
    """A different request has used this idempotency key."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    detail = "this Idempotency-Key came with another request before"


class BadHeader(TaskError):
    """A malformed request header."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"{name}: expected {expected}")
        self.name = name
        self.expected = f"expected {expected}"
        self.detail = f"{name}: expected {expected}"


class PreconditionFailed(TaskError):
    """If-Match or If-None-Match does not hold for the present ETag of the resource."""

    status = HTTPStatus.PRECONDITION_FAILED

    def __init__(self, name: str, etag: str | None) -> None:
        """`name` is the header's; `etag` is None for a resource without an ETag."""
        self.detail = f"{name} does not hold: the present ETag is {etag or 'missing'}"
        super().__init__(self.detail)


class BackendFull(TaskError):
    """The backend has reached its limit of tasks, and refused the request."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    detail = "too many tasks are running"

    def __init__(self, retry_after: int) -> None:
        """`retry_after` is in seconds, for the header of the same name."""
        super().__init__(self.detail)
        self.retry_after = retry_after


def install(app: Flask) -> None:
    """Handle TaskError in an app with `as_problem`, unless the app has its own handler."""
    if TaskError not in app.error_handler_spec[None][None]:
        app.register_error_handler(TaskError, as_problem)


def as_problem(error: TaskError) -> Response:
    """The default response: a problem (RFC 9457) with status and detail."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, BackendFull):
        headers["Retry-After"] = str(error.retry_after)
    body = problem_body(error.status, error.detail)
    return Response(body, error.status, headers, content_type="application/problem+json")


def problem_body(status: HTTPStatus, detail: str) -> bytes:
    """A problem of type `about:blank`; its title is the phrase of the status (RFC 9457, 4.2.1)."""
    return msgspec.json.encode(
        {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    )
