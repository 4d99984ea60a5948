"""Bad input is refused at once with a problem that names it, and it changes nothing."""

import json
import re
from typing import Any

import pytest

from tests.system.rig.client import Client
from tests.system.rig.raw_http import RawResponse, request
from tests.system.rig.stack import Stack

from .bad_input_cases import CASES, Case

#: Words of Python and of regular expressions, which no client needs to know.
PYTHON = re.compile(r"`(str|int|float|bool|array|object)|NoneType|codec|regex|enum|\^\[")


def send(stack: Stack, case: Case) -> RawResponse:
    """Send a case as raw bytes: HTTP libraries would repair much of it."""
    body = case.body
    if not isinstance(body, bytes):
        body = b"" if body is None else json.dumps(body).encode()
    return request(stack.url(), case.method, case.path, case.key, *case.headers, body=body)


def newest(client: Client) -> Any:
    """The ids of the newest posts of all channels."""
    return [post["id"] for post in client.get("/v1/posts?limit=5").json()["items"]]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_bad_input_is_refused(stack: Stack, case: Case) -> None:
    """The status fits, the problem has all its members, and there is no new post."""
    client = stack.client()
    before = newest(client)
    response = send(stack, case)
    assert response.status == case.status, response
    assert response.header("Content-Type") == "application/problem+json"
    problem = json.loads(response.body)
    assert problem["type"] == f"/v1/problems/{case.slug}"
    assert problem["status"] == case.status
    assert problem["title"]
    assert problem["detail"]
    if case.field is not None:
        assert [each["field"] for each in problem["errors"]] == [case.field]
        assert problem["errors"][0]["message"]
    if case.status == 405:
        assert response.header("Allow")
    if case.status == 401:
        assert (response.header("WWW-Authenticate") or "").startswith("Bearer")
    assert response.header("X-Content-Type-Options") == "nosniff"
    assert response.header("Cache-Control") == "no-store"
    said = str([problem["detail"], problem.get("errors")])
    assert not PYTHON.search(said), said
    assert client.get(problem["type"]).json()["status"] == case.status
    assert newest(client) == before
