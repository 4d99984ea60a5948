"""Mistakes in the use of the package are errors at once, with a remedy."""

import functools
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from asyncrequest import AsyncRequests, InProcess, Later, Submission
from asyncrequest.inprocess import Work
from small_app import PATIENCE, SmallApp, same


@pytest.fixture
def small() -> Iterator[SmallApp]:
    app = SmallApp()
    yield app.serve()
    app.close()


@pytest.mark.parametrize("backend", [None, object(), InProcess, "tasks.db"])
def test_an_object_without_the_methods_of_a_backend_is_refused(backend: Any) -> None:
    with pytest.raises(TypeError, match=r"expected a backend such as InProcess\(threads=2\)"):
        AsyncRequests(backend)


def test_a_bare_decorator_is_refused(small: SmallApp) -> None:
    """A view takes no result: the call fails before Flask adds the route."""

    def view() -> Later[Work]:
        return Later(lambda: "x")

    with pytest.raises(TypeError, match=r"write @later\(responder\)"):
        small.later(view)  # type: ignore[arg-type]  # mypy finds this mistake too


def test_a_bare_decorator_of_a_view_with_a_parameter_is_refused(small: SmallApp) -> None:
    """Such a view looks like a responder. The route refuses it."""

    def view(number: int) -> Later[Work]:
        return Later(lambda: number)

    with pytest.raises(AttributeError, match=r"write @later\(responder\)"):
        small.app.post("/<int:number>")(small.later(view))
    small.app.add_url_rule("/b/<int:number>", "b", small.later(view))
    small.app.testing = True
    with pytest.raises(TypeError, match=r"write @later\(responder\)"):
        small.client.get("/b/1")


@pytest.mark.parametrize("responder", [None, 3, lambda: "x", lambda a, b: (a, b)])
def test_a_responder_that_cannot_take_the_result_is_refused(responder: Any) -> None:
    with pytest.raises(TypeError, match="result"):
        SmallApp().later(responder)


def test_a_coroutine_function_is_no_responder() -> None:
    async def respond(result: Any) -> Any:
        return result

    with pytest.raises(TypeError, match="a responder must be a plain one"):
        SmallApp().later(respond)


@pytest.mark.parametrize(("threads", "keep"), [(0, 1), (-1, 1), (1, 0)])
def test_a_backend_without_threads_or_places_is_refused(threads: int, keep: int) -> None:
    """Its tasks would never end."""
    with pytest.raises(ValueError, match="must be at least 1"):
        InProcess(threads, keep)


async def coroutine() -> str:
    return "x"


def generator() -> Iterator[str]:
    yield "x"


async def async_generator() -> AsyncIterator[str]:
    yield "x"


@pytest.mark.parametrize(
    "work", [coroutine, generator, async_generator, functools.partial(coroutine), "text", None]
)
def test_work_other_than_a_plain_function_is_refused(small: SmallApp, work: Any) -> None:
    """The request fails, and there is no task."""
    with pytest.raises(TypeError, match=r"plain functions|expected Later\(function\)"):
        small.backend.accept(Submission("me", work, "same"))
    assert not small.backend._tasks


@pytest.mark.parametrize("function", [coroutine, generator, async_generator])
def test_a_coroutine_as_the_result_of_work_is_an_error(
    small: SmallApp, function: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    """It is never sent as its repr: the final response is 500, and the log has the remedy."""
    small.view("/a", lambda: function(), repr)  # noqa: PLW0108 - as apps write it
    with caplog.at_level(logging.ERROR):
        final = small.finished("/a")
    assert final.status_code == 500
    assert b"object" not in final.data
    assert "which return their result" in caplog.text


def test_an_app_without_a_route_for_tasks_accepts_nothing() -> None:
    """The Location of a 202 would be a 404 for ever."""
    small = SmallApp(prefix="/v1")
    small.view("/a", lambda: "x", same)
    small.app.testing = True
    with pytest.raises(RuntimeError, match="no route serves the tasks at /v1/tasks/any: register"):
        small.client.post("/a")
    assert not small.backend._tasks
    small.close()


def test_own_routes_may_serve_tasks() -> None:
    small = SmallApp(prefix="/v1")
    small.app.add_url_rule("/v1/tasks/<task_id>", "show", small.later.show)
    small.view("/a", lambda: "x", same)
    assert small.client.post("/a").status_code == 202
    small.close()


def test_each_app_needs_its_own_route() -> None:
    """One decorator may serve several apps."""
    small = SmallApp().serve()
    small.view("/a", lambda: "x", same)
    assert small.client.post("/a").status_code == 202
    other = Flask("other")
    other.testing = True
    other.add_url_rule("/a", "a", small.app.view_functions["/a"], methods=["POST"])
    with pytest.raises(RuntimeError, match="no route serves the tasks"):
        other.test_client().post("/a")
    small.backend.stop(PATIENCE)
