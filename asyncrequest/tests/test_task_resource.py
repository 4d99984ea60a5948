"""The resource `/tasks/{id}`: waits, idempotency keys, HEAD, DELETE, errors."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask, request

from asyncrequest import AsyncRequests, InProcess, Later, TaskError
from small_app import PATIENCE, SmallApp, same


@pytest.fixture
def small() -> Iterator[SmallApp]:
    """The app. The header X-Account names the account."""
    app = SmallApp(account=lambda: request.headers.get("X-Account", ""))
    yield app.serve()
    app.close()


@pytest.mark.parametrize("status", [204, 304])
def test_204_and_304_come_without_body(small: SmallApp, status: int) -> None:
    small.view("/a", lambda: ("", status, {"ETag": '"1"'}), same)
    final = small.finished("/a")
    assert final.status_code == status
    assert final.data == b""
    assert final.headers["ETag"] == '"1"'
    assert not {"Content-Length", "Content-Type"} & set(final.headers.keys())


def test_head_has_the_headers_of_get(small: SmallApp) -> None:
    small.view("/a", lambda: "four", same)
    place = small.client.post("/a").headers["Location"]
    small.client.get(place, headers={"Prefer": f"wait={PATIENCE:.0f}"})
    head = small.client.head(place)
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", "4")


def test_a_wait_may_end_before_the_task(small: SmallApp) -> None:
    """The 202 says `Preference-Applied`. A later wait gets the response."""
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


def test_a_repeated_request_with_a_key_gets_the_same_task(small: SmallApp) -> None:
    """A different request is refused. Other accounts have their own keys."""
    runs = itertools.count(1)
    small.view("/a", lambda: f"run {next(runs)}", same)
    key = {"Idempotency-Key": "k"}
    first = small.finished("/a", headers=key, data="body")
    again = small.finished("/a", headers=key, data="body")
    assert again.data == first.data == b"run 1"
    for path, data in (("/a", "other"), ("/a?a=1", "body")):
        assert small.client.post(path, headers=key, data=data).status_code == 422
    other = small.finished("/a", headers=key | {"X-Account": "else"}, data="other")
    assert other.data == b"run 2"


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\u00e9", '"a'])
def test_a_malformed_key_is_refused_before_the_view_runs(small: SmallApp, key: str) -> None:
    small.view("/a", lambda: "x", same)
    refused = small.client.post("/a", headers={"Idempotency-Key": key})
    assert refused.status_code == 400
    assert refused.json is not None
    assert refused.json["detail"] == (
        "Idempotency-Key: expected a string of 1 to 255 ASCII characters in quotes, "
        'such as "order-7"'
    )
    assert not small.backend._tasks  # no public method lists the tasks


def test_delete_cancels_the_task_of_its_own_account(small: SmallApp) -> None:
    gate = threading.Event()
    small.view("/a", lambda: gate.wait(PATIENCE), same)
    place = small.client.post("/a").headers["Location"]
    other = {"X-Account": "other"}
    assert small.client.get(place, headers=other).status_code == 404
    assert small.client.delete(place, headers=other).status_code == 404
    cancelled = small.client.delete(place)
    assert (cancelled.status_code, cancelled.data) == (204, b"")
    assert "Content-Type" not in cancelled.headers
    for method in ("GET", "DELETE"):
        assert small.client.open(place, method=method).status_code == 410
    assert small.client.get(place, headers=other).status_code == 404
    gate.set()


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [("/tasks/nothing", 404, "Not Found"), ("/full", 503, "Service Unavailable")],
)
def test_errors_are_problems_by_default(path: str, status: int, title: str) -> None:
    small = SmallApp().serve()
    small.close()

    def full() -> Later[Callable[[], str]]:
        return Later(str)

    small.app.add_url_rule("/full", "full", small.later(same)(full))
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


def test_a_repeated_key_of_a_deleted_task_gets_410(small: SmallApp) -> None:
    """A late repetition must not do cancelled work. A different request is still refused."""
    runs = itertools.count(1)
    small.view("/a", lambda: f"run {next(runs)}", same)
    key = {"Idempotency-Key": "k"}
    small.finished("/a", headers=key)
    place = small.client.post("/a", headers=key | {"X-Account": "else"}).headers["Location"]
    (task_id,) = small.backend._done
    assert small.client.delete(f"/tasks/{task_id}").status_code == 204
    for _ in range(2):
        assert small.client.post("/a", headers=key).status_code == 410
    assert small.client.post("/a", headers=key, data="other").status_code == 422
    assert small.client.get(place, headers={"X-Account": "else"}).status_code in {200, 202}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": '"1"'}, 304),
        ({"If-None-Match": 'W/"1", "2"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"2"'}, 201),
        ({"If-Match": '"1"'}, 201),
        ({"If-Match": "*"}, 201),
        ({"If-Match": '"2"'}, 412),
        ({"If-Match": 'W/"1"'}, 412),
        ({"If-Match": '"2"', "If-None-Match": '"1"'}, 412),
        ({"If-Match": '"1"', "If-None-Match": '"1"'}, 304),
        ({"If-Match": "1"}, 400),
    ],
)
def test_a_read_of_a_task_honours_preconditions(
    small: SmallApp, headers: dict[str, str], status: int
) -> None:
    """In the order of RFC 9110, section 13.2.2: If-Match first."""
    small.view("/a", lambda: ("done", 201, {"ETag": '"1"', "X-Kept": "yes"}), same)
    small.finished("/a")
    (task_id,) = small.backend._done
    response = small.client.get(f"/tasks/{task_id}", headers=headers)
    assert response.status_code == status
    if status == 304:
        assert (response.data, response.headers["ETag"]) == (b"", '"1"')
        assert response.headers["X-Kept"] == "yes"
        assert not {"Content-Length", "Content-Type"} & set(response.headers.keys())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": '"2"'}, 412),
        ({"If-None-Match": "*"}, 412),
        ({"If-None-Match": 'W/"1"'}, 412),
        ({"If-Match": '"1"', "If-None-Match": '"2"'}, 204),
        ({"If-Match": "*"}, 204),
    ],
)
def test_a_delete_of_a_task_honours_preconditions(
    small: SmallApp, headers: dict[str, str], status: int
) -> None:
    small.view("/a", lambda: ("done", 201, {"ETag": '"1"'}), same)
    small.finished("/a")
    (task_id,) = small.backend._done
    assert small.client.delete(f"/tasks/{task_id}", headers=headers).status_code == status
    left = small.client.get(f"/tasks/{task_id}").status_code
    assert left == (410 if status == 204 else 201)


def test_a_running_task_has_no_etag(small: SmallApp) -> None:
    """Only `*` matches it."""
    gate = threading.Event()
    small.view("/a", lambda: gate.wait(PATIENCE), same)
    place = small.client.post("/a").headers["Location"]
    assert small.client.delete(place, headers={"If-Match": '"1"'}).status_code == 412
    assert small.client.get(place, headers={"If-None-Match": '"1"'}).status_code == 202
    assert small.client.delete(place, headers={"If-Match": "*"}).status_code == 204
    gate.set()


@pytest.mark.parametrize("before", [True, False])
def test_an_app_may_handle_task_errors(before: bool) -> None:
    """Its handler is kept, registered before the blueprint or after it."""
    app = Flask("own")
    later = AsyncRequests(InProcess(1))
    if not before:
        app.register_blueprint(later.blueprint())
    app.register_error_handler(TaskError, lambda error: (f"own {type(error).__name__}", 499))
    if before:
        app.register_blueprint(later.blueprint())
    response = app.test_client().get("/tasks/nothing")
    assert (response.status_code, response.data) == (499, b"own NoSuchTask")
