"""The task's resource and the headers of the request: Prefer, Idempotency-Key, HEAD, DELETE."""

import itertools
import threading
import time
from collections.abc import Iterator

import pytest
from asyncrequest.decorator import MAX_WAIT, AsyncRequests, Later, _wanted_wait
from flask import Flask, request

from asyncrequest import InProcess, TaskError

from .small_app import PATIENCE, SmallApp, same


@pytest.fixture
def small() -> Iterator[SmallApp]:
    """The app; an account is who the header X-Account says."""
    app = SmallApp(account=lambda: request.headers.get("X-Account", ""))
    yield app.serve()
    app.close()


@pytest.mark.parametrize("status", [204, 304])
def test_finals_without_body(small: SmallApp, status: int) -> None:
    """204 and 304 come without body, length and content type, and with their headers."""
    small.view("/a", lambda: ("", status, {"ETag": '"1"'}), same)
    final = small.finished("/a")
    assert final.status_code == status
    assert final.data == b""
    assert final.headers["ETag"] == '"1"'
    assert not {"Content-Length", "Content-Type"} & set(final.headers.keys())


def test_head(small: SmallApp) -> None:
    """HEAD of a task has the headers of its GET, the length among them, and no body."""
    small.view("/a", lambda: "four", same)
    small.finished("/a", headers={"Idempotency-Key": "k"})
    place = next(iter(small.backend._tasks))
    head = small.client.head(f"/tasks/{place}")
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", "4")


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=7", 7),
        ("respond-async, WAIT = 7", 7),
        ('wait="7"', 7),
        ("wait=7; foo=bar", 7),
        ("wait=7, wait=9", 7),
        ("wait=4000000000", 0),
        ("wait=99", MAX_WAIT),
        ("wait=0", 0),
        ("wait=-1", 0),
        ("wait=1.5", 0),
        ("wait=\u0663", 0),
        ("wait", 0),
        ("wait=x, wait=9", 0),
        ("waiting=7", 0),
        ("respond-async; wait=7", 0),
        ('note="a, wait=7"', 0),
        ("", 0),
    ],
)
def test_prefer_wait(prefer: str, seconds: int) -> None:
    """RFC 7240: the first `wait` counts, up to a bound; what makes no sense is ignored."""
    environ = {"HTTP_PREFER": prefer}
    with Flask("x").test_request_context("/", environ_overrides=environ):
        assert _wanted_wait() == seconds


def test_a_wait_that_ends_too_early(small: SmallApp) -> None:
    """202 after the wait, which is said to have been applied; a later wait gets the response."""
    gate = threading.Event()
    small.view("/a", lambda: f"open: {gate.wait(PATIENCE)}", same)
    began = time.monotonic()
    accepted = small.client.post("/a", headers={"Prefer": "wait=1"})
    assert accepted.status_code == 202
    assert 0.9 < time.monotonic() - began < 10
    assert accepted.headers["Preference-Applied"] == "wait=1"
    gate.set()
    final = small.client.get(accepted.headers["Location"], headers={"Prefer": "wait=20"})
    assert final.data == b"open: True"
    assert final.headers["Preference-Applied"] == "wait=20"


def test_a_key_makes_a_repeated_request_the_same_task(small: SmallApp) -> None:
    """The same request gets the same task; another one is refused; another account is apart."""
    runs = itertools.count(1)
    small.view("/a", lambda: f"run {next(runs)}", same)
    key = {"Idempotency-Key": "k"}
    first = small.finished("/a", headers=key, data="body")
    again = small.finished("/a", headers=key, data="body")
    assert again.data == first.data == b"run 1"
    for path, data in (("/a", "other"), ("/a?a=1", "body")):
        assert small.client.post(path, headers=key, data=data).status_code == 422
    stranger = small.finished("/a", headers=key | {"X-Account": "else"}, data="other")
    assert stranger.data == b"run 2"


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\u00e9"])
def test_a_key_that_cannot_be_used(small: SmallApp, key: str) -> None:
    """It is refused before the view runs, saying what is expected."""
    small.view("/a", lambda: "x", same)
    refused = small.client.post("/a", headers={"Idempotency-Key": key})
    assert refused.status_code == 400
    assert refused.json is not None
    assert refused.json["detail"] == "Idempotency-Key: expected 1 to 255 visible ASCII characters"
    assert not small.backend._tasks


def test_delete_cancels(small: SmallApp) -> None:
    """204, then 410; for another account it is a 404 before and after."""
    gate = threading.Event()
    small.view("/a", lambda: gate.wait(PATIENCE), same)
    place = small.client.post("/a").headers["Location"]
    stranger = {"X-Account": "stranger"}
    assert small.client.get(place, headers=stranger).status_code == 404
    assert small.client.delete(place, headers=stranger).status_code == 404
    cancelled = small.client.delete(place)
    assert (cancelled.status_code, cancelled.data) == (204, b"")
    assert "Content-Type" not in cancelled.headers
    for method in ("GET", "DELETE"):
        assert small.client.open(place, method=method).status_code == 410
    assert small.client.get(place, headers=stranger).status_code == 404
    gate.set()


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [("/tasks/nothing", 404, "Not Found"), ("/full", 503, "Service Unavailable")],
)
def test_errors_are_problems_without_more_code(path: str, status: int, title: str) -> None:
    """An app that handles no TaskError answers with problems that say what is wrong."""
    small = SmallApp(threads=0, keep=0).serve()
    small.app.add_url_rule("/full", "full", small.later(same)(lambda: Later(None)))
    response = small.client.get(path)
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json is not None
    assert response.json | {"detail": ""} == {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": "",
    }
    assert response.headers.get("Retry-After") == ("5" if status == 503 else None)


@pytest.mark.parametrize("before", [True, False])
def test_an_app_can_say_it_itself(before: bool) -> None:
    """An app's own handler is left alone, registered before the blueprint or after it."""
    app = Flask("own")
    later = AsyncRequests(InProcess(1))
    if not before:
        app.register_blueprint(later.blueprint())
    app.register_error_handler(TaskError, lambda error: (f"own {type(error).__name__}", 499))
    if before:
        app.register_blueprint(later.blueprint())
    response = app.test_client().get("/tasks/nothing")
    assert (response.status_code, response.data) == (499, b"own NoSuchTask")
