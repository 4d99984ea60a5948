"""Requests for tests of the parser, without a server."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from splitflap_api.contract.problems import Problem

#: Words of Python and of regular expressions, which no client needs to know.
PYTHON = re.compile(r"`?\b(str|int|float|bool|dict|array|NoneType|codec|regex|enum)\b|\^\[|\\x")

_app = Flask("parser")


@contextmanager
def request_with(**request: Any) -> Iterator[None]:
    """The present request within the block, from arguments of werkzeug's EnvironBuilder."""
    with _app.test_request_context("/", **request):
        yield


def refusal(parse: Callable[[], Any], **request: Any) -> Problem:
    """The problem raised by `parse` on this request."""
    with request_with(**request), pytest.raises(Problem) as refused:
        parse()
    return refused.value


def parts_of(problem: Problem) -> tuple[str, str | None, str]:
    """A problem's slug, the field that it names, and its message."""
    if not problem.errors:
        return problem.slug, None, problem.detail
    (error,) = problem.errors
    assert problem.detail == f"{error['field']}: {error['message']}"
    return problem.slug, error["field"], error["message"]
