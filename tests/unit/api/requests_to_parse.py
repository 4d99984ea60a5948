"""Requests without a server: what the parser sees, and what it refuses."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from splitflap_api.contract.problems import Problem
from splitflap_api.http.parse import MAX_BODY

_app = Flask("parser")
_app.config["MAX_CONTENT_LENGTH"] = MAX_BODY


@contextmanager
def request_with(**request: Any) -> Iterator[None]:
    """A present request, made of werkzeug's EnvironBuilder's arguments."""
    with _app.test_request_context("/", **request):
        yield


def refusal(parse: Callable[[], Any], **request: Any) -> Problem:
    """The problem that parsing this request ends in."""
    with request_with(**request), pytest.raises(Problem) as refused:
        parse()
    return refused.value


def said(problem: Problem) -> tuple[str, str | None, str]:
    """A problem's slug, the field that it names, and what it says of it."""
    if not problem.errors:
        return problem.slug, None, problem.detail
    (error,) = problem.errors
    assert problem.detail == f"{error['field']}: {error['message']}"
    return problem.slug, error["field"], error["message"]
