"""The one place that turns exceptions into responses: every error is a problem (RFC 9457)."""

import logging
from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from asyncrequest import (
    BadHeader,
    KeyReused,
    NoSuchTask,
    PreconditionFailed,
    TaskError,
    TaskGone,
)
from splitflap_api.contract.problems import MEDIA_TYPE, Problem, bad_parameter, unavailable
from splitflap_api.loops.batcher import Stopped, TookTooLong, Unanswered
from splitflap_api.store.engine import is_conflict, is_outage

logger = logging.getLogger(__name__)

_TASK_ERRORS: dict[type[TaskError], Problem] = {
    NoSuchTask: Problem("not-found", "no task has this id"),
    TaskGone: Problem("gone", "the task was cancelled or is past its retention"),
    KeyReused: Problem("key-reused", "this Idempotency-Key came with another request before"),
}
_UNANSWERED: dict[type[Unanswered], Problem] = {
    Stopped: unavailable("the service is stopping"),
    TookTooLong: unavailable(
        "the database took too long; this request may have been accepted: "
        "repeat it with the same Idempotency-Key"
    ),
}
#: Replace werkzeug's descriptions, which are texts for a person with a browser.
_DETAILS = {
    "not-found": "there is nothing at this path",
    "bad-request": "the request cannot be read",
    "method-not-allowed": "this path has other methods",
}
#: Methods of requests that only read.
READING = {"GET", "HEAD", "OPTIONS"}
SLUGS = {404: "not-found", 405: "method-not-allowed", 408: "request-timeout", 413: "too-large"}


def install(app: Flask) -> None:
    """Answer every exception with a problem."""
    app.register_error_handler(Exception, lambda error: response_of(problem_of(error)))


def response_of(problem: Problem) -> Response:
    """The problem as a Flask response."""
    headers = {"Cache-Control": "no-store", **problem.headers}
    return Response(problem.body(), problem.status, headers, content_type=MEDIA_TYPE)


def problem_of(error: Exception) -> Problem:
    """The problem for an exception. An unexpected one is logged with its traceback."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, TaskError):
        return _of_task(error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    if is_outage(error) or is_conflict(error):
        logger.warning("%s %s: database unavailable (%r)", request.method, request.path, error)
        # A full disk still answers reads.
        can = "answer" if request.method in READING else "store this"
        return unavailable(f"the database cannot {can} now")
    if isinstance(error, Unanswered):
        return _UNANSWERED[type(error)]
    return _unexpected(error)


def _of_task(error: TaskError) -> Problem:
    if isinstance(error, BadHeader):
        return bad_parameter(error.name, error.expected)
    if isinstance(error, PreconditionFailed):
        return Problem("precondition-failed", error.detail)
    return _TASK_ERRORS.get(type(error)) or _unexpected(error)


def _unexpected(error: Exception) -> Problem:
    logger.error("%s %s: unexpected error", request.method, request.path, exc_info=error)
    return Problem("internal", "unexpected error; the service has logged it")


def _of_http(error: HTTPException) -> Problem:
    code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    is_ours = code >= HTTPStatus.INTERNAL_SERVER_ERROR
    slug = SLUGS.get(code, "internal" if is_ours else "bad-request")
    headers = {}
    if valid := getattr(error, "valid_methods", None):
        headers["Allow"] = ", ".join(sorted(valid))
    detail = _DETAILS.get(slug) or error.description or error.name
    return Problem(slug, detail, headers=headers)
