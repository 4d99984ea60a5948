"""The check of the system tests' responses against the OpenAPI document finds each deviation."""

import json
from typing import Any

import pytest
from flask import Flask

from tests.support.description import Description

TASK = {
    "kind": "task",
    "id": "0192f0c8-0000-7000-8000-000000000001",
    "state": "running",
    "created_at": "2026-01-02T03:04:05.678Z",
    "progress": {"done": 0, "total": 1},
}
PATH = f"/v1/tasks/{TASK['id']}"
HEADERS = {
    "Content-Type": "application/json",
    "Date": "Sun, 06 Nov 1994 08:49:37 GMT",
    "Location": PATH,
    "Retry-After": "1",
}
PROBLEM = {"Content-Type": "application/problem+json"}
GONE = {"type": "/v1/problems/gone", "title": "Gone", "status": 410, "detail": "gone"}


@pytest.fixture
def description(app: Flask) -> Description:
    """The document as it is served."""
    return Description(app.test_client().get("/v1/openapi.json").json)


def check(
    description: Description,
    *,
    method: str = "GET",
    path: str = PATH,
    status: int = 202,
    headers: dict[str, str] = HEADERS,
    body: Any = TASK,
) -> None:
    """Check a poll of a running task, or a variation of it."""
    description.check(method, path, status, headers.items(), json.dumps(body).encode)


def test_a_described_response_passes(description: Description) -> None:
    """Also the response to HEAD, and to a request of no operation."""
    check(description)
    check(description, method="HEAD", body=None)
    check(description, status=410, headers=PROBLEM, body=GONE)
    check(description, path="/v1/nothing", status=418)
    check(description, method="PATCH", status=418)


@pytest.mark.parametrize(
    ("deviation", "complaint"),
    [
        ({"status": 206}, "does not describe status 206"),
        ({"status": 404, "headers": PROBLEM, "body": GONE}, "does not describe the problem gone"),
        ({"status": 418, "headers": PROBLEM, "body": GONE}, "does not describe the problem gone"),
        ({"headers": HEADERS | {"X-Other": "1"}}, r"does not describe the headers \['x-other'\]"),
        ({"headers": {**HEADERS, "Content-Type": "text/html"}}, "does not describe text/html"),
        ({"headers": {"Content-Type": "application/json"}}, "the headers .*location.* are missing"),
        ({"body": {}}, "is a required property"),
        ({"body": TASK | {"created_at": "yesterday"}}, '"date-time"'),
        ({"body": TASK | {"id": "1"}}, '"uuid"'),
        ({"body": TASK | {"state": "walking"}}, '"running" was expected'),
    ],
)
def test_a_deviation_is_found(description: Description, deviation: Any, complaint: str) -> None:
    """The status, a header, the media type, or the body."""
    with pytest.raises(AssertionError, match=complaint):
        check(description, **deviation)
