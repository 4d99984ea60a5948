"""The clients tell refusals for a backlog from others."""

import json
from typing import Any

import pytest
import requests

from .clients.posters import is_for_backlog


def response(status: int, **problem: Any) -> requests.Response:
    """A response with a problem."""
    made = requests.Response()
    made.status_code = status
    made._content = json.dumps(problem).encode()
    return made


@pytest.mark.parametrize(
    ("status", "kind", "detail", "expected"),
    [
        (503, "/problems/overloaded", "there is work still waiting to be rendered", True),
        (429, "/problems/backlog", "your work waits too long", True),
        (503, "/problems/unavailable", "the database does not answer", False),
        (429, "/problems/rate-limited", "too many requests", False),
        (400, "/problems/bad-json", "still waiting to be JSON", False),
    ],
)
def test_only_refusals_because_work_waits_are_for_a_backlog(
    status: int, kind: str, detail: str, expected: bool
) -> None:
    """A quiet client is never refused for the backlog of a noisy one, so these are faults."""
    assert is_for_backlog(response(status, type=kind, detail=detail)) is expected
