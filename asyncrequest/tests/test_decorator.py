"""The decorator: the views that it takes, and the responses of decorated views."""

import asyncio
import functools
import inspect
import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Blueprint, Flask, jsonify, request
from flask.views import MethodView

from asyncrequest import Final, Later, TaskGone, TaskState
from asyncrequest.inprocess import Work
from small_app import SmallApp, same


@pytest.fixture
def small() -> Iterator[SmallApp]:
    """The app, with its tasks below /v9."""
    app = SmallApp(prefix="/v9")
    yield app.serve()
    app.close()


def test_a_task_answers_202_until_it_is_done_then_its_final_response(small: SmallApp) -> None:
    small.view("/a", lambda: ("done", 201, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]), same)
    accepted = small.client.post("/a")
    assert accepted.status_code == 202
    assert accepted.headers["Retry-After"] == "1"
    assert accepted.headers["Cache-Control"] == "no-store"
    assert accepted.json is not None
    assert accepted.json["state"] == "running"
    assert accepted.json["progress"]["total"] == 1
    place = accepted.headers["Location"]
    assert place == f"/v9/tasks/{accepted.json['id']}"
    for _ in range(2):
        final = small.client.get(place, headers={"Prefer": "wait=20"})
        assert (final.status_code, final.data) == (201, b"done")
        assert final.headers.getlist("Set-Cookie") == ["a=1", "b=2"]
        assert final.headers["Content-Length"] == "4"


def test_a_view_keeps_its_arguments_its_name_and_its_methods(small: SmallApp) -> None:

    @small.app.route("/items/<int:item>/<name>", methods=["POST", "PUT"])
    @small.later(same)
    def change(item: int, name: str) -> Later[Work]:
        """Change it."""
        return Later(functools.partial("{} {} {}".format, request.method, item, name))

    assert change.__name__ == "change"
    assert change.__doc__ == "Change it."
    for method in ("POST", "PUT"):
        made = small.client.open("/items/3/x", method=method, headers={"Prefer": "wait=20"})
        assert made.get_data(as_text=True) == f"{method} 3 x"
    assert small.client.get("/items/3/x").status_code == 405


def test_views_of_blueprints_and_classes_are_decorated_alike(small: SmallApp) -> None:
    pages = Blueprint("pages", __name__, url_prefix="/pages")

    class Things(MethodView):
        @small.later(same)
        def post(self) -> Later[Work]:
            return Later(lambda: "from a class")

    @pages.post("/one")
    @small.later(same)
    def one() -> Later[Work]:
        return Later(lambda: "from a blueprint")

    pages.add_url_rule("/things", view_func=Things.as_view("things"))
    small.app.register_blueprint(pages)
    assert small.finished("/pages/one").data == b"from a blueprint"
    assert small.finished("/pages/things").data == b"from a class"


@pytest.mark.parametrize(
    ("value", "status", "body"),
    [
        ("text", 200, b"text"),
        (("text", 418), 418, b"text"),
        ({"a": 1}, 200, b'{"a":1}'),
        (Final(203, (), b"final").response(), 203, b"final"),
    ],
)
def test_a_view_may_answer_at_once(small: SmallApp, value: Any, status: int, body: bytes) -> None:
    """A return value other than `Later` is the response, and the request makes no task."""

    def now() -> Any:
        return value

    small.app.add_url_rule("/now", "now", small.later(same)(now), methods=["POST"])
    response = small.client.post("/now", headers={"Prefer": "wait=1"})
    assert response.status_code == status
    assert response.data.strip().replace(b": ", b":") == body
    assert "Location" not in response.headers
    assert "Preference-Applied" not in response.headers


def test_work_and_responder_run_in_the_context_of_the_app(small: SmallApp) -> None:
    small.app.config["WORD"] = "kept"

    def respond(word: str) -> Any:
        return jsonify(word=word)

    def work() -> Any:
        from flask import current_app

        return current_app.config["WORD"]

    small.view("/ctx", work, respond)
    assert small.finished("/ctx").json == {"word": "kept"}


def test_two_responders_of_one_name_are_refused() -> None:
    """A responder may be shared by views, or registered with another name."""
    later = SmallApp().later

    def responder_of(text: str) -> Any:
        def respond(_: Any) -> str:
            return text

        return respond

    first, second = responder_of("first"), responder_of("second")
    later(first)
    later(first)
    with pytest.raises(ValueError, match="another responder is called 'respond'"):
        later(second)
    later(second, name="second")
    assert later.responders == {"respond": first, "second": second}
    with pytest.raises(TypeError, match="has no name"):
        later(functools.partial(same))


def test_location_includes_the_mount_and_all_prefixes() -> None:
    small = SmallApp(prefix="/ignored")
    outer = Blueprint("outer", __name__, url_prefix="/outer")
    outer.register_blueprint(small.later.blueprint(), url_prefix="/inner")
    small.app.register_blueprint(outer)
    small.view("/a", lambda: "x", same)
    accepted = small.client.post("/a", environ_overrides={"SCRIPT_NAME": "/mount"})
    place = accepted.headers["Location"]
    assert place.startswith("/mount/outer/inner/tasks/")
    assert small.client.get(place.removeprefix("/mount")).status_code in {200, 202}
    small.close()


def test_a_view_may_be_a_coroutine() -> None:
    """The app runs the coroutine by its `ensure_sync`."""

    class AsyncFlask(Flask):
        def ensure_sync(self, view: Any) -> Any:
            if not inspect.iscoroutinefunction(view):
                return view
            return lambda *args, **kwargs: asyncio.run(view(*args, **kwargs))

    small = SmallApp()
    small.app = AsyncFlask("async")
    small.serve()

    async def view() -> Later[Work]:
        return Later(lambda: "awaited")

    small.app.add_url_rule("/a", "a", small.later(same)(view), methods=["POST"])
    response = small.app.test_client().post("/a", headers={"Prefer": "wait=20"})
    assert response.data == b"awaited"
    small.close()


def test_the_blueprint_may_have_another_name(small: SmallApp) -> None:
    app = Flask("other")
    app.register_blueprint(Blueprint("tasks", __name__))
    app.register_blueprint(small.later.blueprint("jobs"))
    assert "jobs.get_task" in app.view_functions


def test_the_fingerprint_includes_a_body_that_the_view_reads_as_a_form(small: SmallApp) -> None:

    def upload() -> Later[Work]:
        data = request.files["file"].read()
        return Later(lambda: data)

    small.app.add_url_rule("/up", "up", small.later(same)(upload), methods=["POST"])

    def send(content: bytes) -> Any:
        boundary = "multipart/form-data; boundary=b"
        part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        body = io.BytesIO(part + content + b"\r\n--b--\r\n")
        key = {"Idempotency-Key": "k", "Prefer": "wait=20"}
        return small.client.post("/up", data=body, content_type=boundary, headers=key)

    assert send(b"one").data == b"one"
    assert send(b"one").data == b"one"
    assert send(b"two").status_code == 422


def test_a_wait_that_fails_leaves_the_request_accepted(
    small: SmallApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The 202 was true before the wait. Only a TaskError of the wait is reported."""
    small.view("/a", lambda: "done", same)

    def wait(*_: object) -> TaskState:
        raise error

    monkeypatch.setattr(small.backend, "wait", wait)
    error: Exception = OSError("the backend is away")
    accepted = small.client.post("/a", headers={"Prefer": "wait=5"})
    assert accepted.status_code == 202
    assert accepted.headers["Location"].startswith("/v9/tasks/")
    error = TaskGone()
    assert small.client.post("/a", headers={"Prefer": "wait=5"}).status_code == 410
