"""Problems: declared, documented, and made from every exception."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import splitflap_api
from flask import Flask
from splitflap_api.contract.paths import PROBLEMS
from splitflap_api.contract.problems import MEDIA_TYPE, TYPES, Problem, invalid, unavailable
from splitflap_api.http import errors
from splitflap_api.http.errors import problem_of, response_of
from splitflap_api.loops.batcher import Stopped, TookTooLong
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug import exceptions

from asyncrequest import (
    BackendFull,
    BadHeader,
    KeyReused,
    NoSuchTask,
    PreconditionFailed,
    TaskError,
    TaskGone,
)

SOURCES = sorted(Path(splitflap_api.__file__).parent.rglob("*.py"))


def slugs_in(path: Path) -> Iterator[str]:
    """Slugs in a source file: of raised problems, and of the problems of operations."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Problem"):
            yield from strings(node.args[0])
        if isinstance(node, ast.keyword) and node.arg == "problems":
            yield from strings(node.value)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").isupper():
            yield from () if path.name == "problems.py" else known_strings(node.value)


def strings(node: ast.AST) -> Iterator[str]:
    """All strings in an expression."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def known_strings(node: ast.AST) -> Iterator[str]:
    """The strings in a constant that are slugs."""
    yield from (text for text in strings(node) if text in TYPES)


def test_every_used_slug_is_declared() -> None:
    """An undeclared slug would fail while an error is answered."""
    used = {slug for path in SOURCES for slug in slugs_in(path)}
    assert used <= set(TYPES)
    assert len(used) > 10


def test_every_declared_slug_is_used() -> None:
    """The documentation lists only possible problems."""
    used = {slug for path in SOURCES for slug in slugs_in(path)} | set(errors.SLUGS.values())
    assert set(TYPES) <= used


@pytest.mark.parametrize("slug", TYPES)
def test_every_problem_has_a_page(app: Flask, slug: str) -> None:
    """The page has the same title and status, and advice for the client."""
    kind = TYPES[slug]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", slug)
    assert kind.slug == slug
    assert 400 <= kind.status < 600
    assert kind.doc.endswith(".")
    assert not kind.title.endswith(".")
    body = msgspec.json.decode(Problem(slug, "detail").body())
    page = app.test_client().get(body["type"])
    assert page.status_code == 200
    assert page.json == {
        "type": PROBLEMS + slug,
        "title": body["title"],
        "status": body["status"],
        "doc": kind.doc,
    }


def test_the_page_of_an_unknown_problem_is_404(app: Flask) -> None:
    """The 404 is a problem itself."""
    page = app.test_client().get(f"{PROBLEMS}nothing")
    assert page.status_code == 404
    assert page.content_type == MEDIA_TYPE


def test_a_problem_has_the_members_of_rfc_9457() -> None:
    """Errors by field and extra members are added."""
    problem = invalid("text", "is required")
    problem.extra["reason"] = "why"
    assert msgspec.json.decode(problem.body()) == {
        "type": "/v1/problems/invalid",
        "title": "The body does not fit",
        "status": 422,
        "detail": "text: is required",
        "errors": [{"field": "text", "message": "is required"}],
        "reason": "why",
    }


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (NoSuchTask(), "not-found"),
        (TaskGone(), "gone"),
        (KeyReused("k"), "key-reused"),
        (BadHeader("Idempotency-Key", "x"), "bad-request"),
        (PreconditionFailed("If-Match", None), "precondition-failed"),
        (TaskError(), "internal"),
        (Stopped(), "unavailable"),
        (TookTooLong(), "unavailable"),
        (OperationalError("", {}, Exception()), "unavailable"),
        (PoolTimeout(), "unavailable"),
        (DBAPIError("", {}, Exception(), connection_invalidated=True), "unavailable"),
        (IntegrityError("", {}, Exception()), "internal"),
        (exceptions.NotFound(), "not-found"),
        (exceptions.MethodNotAllowed(["GET"]), "method-not-allowed"),
        (exceptions.RequestTimeout(), "request-timeout"),
        (exceptions.RequestEntityTooLarge(), "too-large"),
        (exceptions.BadRequest(), "bad-request"),
        (exceptions.ImATeapot(), "bad-request"),
        (exceptions.ServiceUnavailable(), "internal"),
        (ValueError("secret"), "internal"),
        (unavailable("x"), "unavailable"),
    ],
)
def test_every_exception_becomes_a_problem(error: Exception, slug: str) -> None:
    """It is never cached, and hides the text of an unexpected exception."""
    with Flask("x").test_request_context("/"):
        response = response_of(problem_of(error))
    assert response.status_code == TYPES[slug].status
    assert response.content_type == MEDIA_TYPE
    assert response.headers["Cache-Control"] == "no-store"
    assert b"secret" not in response.data
    assert ("Retry-After" in response.headers) == (slug == "unavailable")


@pytest.mark.parametrize(
    ("method", "words"),
    [("GET", "the database cannot answer now"), ("POST", "the database cannot store this now")],
)
def test_an_outage_of_the_database_is_described_truly(method: str, words: str) -> None:
    """A full disk refuses writes, and still answers."""
    error = OperationalError("", {}, Exception("database or disk is full"))
    with Flask("x").test_request_context("/", method=method):
        assert problem_of(error).detail == words


def test_every_task_error_has_a_problem() -> None:
    """BackendFull is the exception: our backend does not raise it."""
    kinds = set(TaskError.__subclasses__()) - {BackendFull}
    with Flask("x").test_request_context("/"):
        slugs = {
            problem_of(kind("a", "b") if kind in {BadHeader, PreconditionFailed} else kind()).slug
            for kind in kinds
        }
    assert slugs == {"not-found", "gone", "key-reused", "bad-request", "precondition-failed"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/v1/posts/", 401),
        ("PATCH", "/v1/posts", 405),
        ("OPTIONS", "/v1/posts", 405),
        ("DELETE", "/", 405),
    ],
)
def test_flasks_own_errors_are_problems(app: Flask, method: str, path: str, status: int) -> None:
    """Unknown paths and methods. 405 lists the allowed methods."""
    response = app.test_client().open(path, method=method)
    assert response.status_code == status
    assert response.content_type == MEDIA_TYPE
    assert ("Allow" in response.headers) == (status == 405)
