"""Mistakes in the use of the package, as errors at once: otherwise they show as odd responses."""

import inspect
from collections.abc import Callable
from typing import Any

from flask import Flask, request
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

_METHODS = ("accept", "get", "wait", "cancel")
_BARE = (
    "this decorator takes a responder: write @later(responder) above the view, "
    "below the decorator of its route"
)


class Decorator:
    """The return value of `later(responder)`: decorates one view.

    A view below a bare `@later` leaves this object to Flask as the view.
    """

    def __init__(self, decorate: Callable[[Callable[..., Any]], Any]) -> None:
        self._decorate = decorate

    def __call__(self, view: Any = None, /, *more: Any, **arguments: Any) -> Any:
        if more or arguments or not callable(view):
            raise TypeError(_BARE)
        return self._decorate(view)

    def __getattr__(self, name: str) -> Any:
        # Flask reads `__name__` when the route is added.
        raise AttributeError(_BARE)


def check_backend(backend: object) -> None:
    """Raises TypeError unless the object has the methods of TaskBackend."""
    missing = [name for name in _METHODS if not callable(getattr(backend, name, None))]
    if missing or isinstance(backend, type):
        raise TypeError(
            f"AsyncRequests: expected a backend such as InProcess(threads=2), got {backend!r}"
        )


def check_responder(responder: object) -> None:
    """Raises TypeError unless the object can be called with the result of the work."""
    if not callable(responder):
        raise TypeError(f"expected a responder, a function of the work's result: got {responder!r}")
    if inspect.iscoroutinefunction(responder) or inspect.isasyncgenfunction(responder):
        raise TypeError(f"{responder!r} is a coroutine function: a responder must be a plain one")
    try:
        signature = inspect.signature(responder)
    except ValueError:
        return  # a built-in function without a signature
    try:
        signature.bind(None)
    except TypeError:
        raise TypeError(
            f"{responder!r} cannot be called with one value, the work's result. If it is a view: "
            + _BARE
        ) from None


def check_work(work: object) -> None:
    """Raises TypeError unless the object is a plain function for a thread."""
    if not callable(work):
        raise TypeError(f"expected Later(function) without parameters, got Later({work!r})")
    for is_lazy in (
        inspect.iscoroutinefunction,
        inspect.isgeneratorfunction,
        inspect.isasyncgenfunction,
    ):
        if is_lazy(work):
            raise _lazy(work)


def checked_result(result: Any) -> Any:
    """The result of the work. Raises TypeError for a coroutine or a generator: it has not run."""
    if inspect.iscoroutine(result) or inspect.isgenerator(result):
        result.close()
        raise _lazy(result)
    if inspect.isawaitable(result) or inspect.isasyncgen(result):
        raise _lazy(result)
    return result


def check_served(app: Flask, path: str) -> None:
    """Raises RuntimeError unless the app has a route for this path of a task."""
    adapter = app.create_url_adapter(request)
    try:
        if adapter is not None:
            adapter.match(path, "GET")
    except (NotFound, MethodNotAllowed):
        raise RuntimeError(
            f"no route serves the tasks at {path}: register the blueprint, "
            "app.register_blueprint(later.blueprint())"
        ) from None
    except RequestRedirect:
        pass  # to a route of the app


def _lazy(work: object) -> TypeError:
    return TypeError(
        f"{work!r} is a coroutine or a generator: InProcess runs plain functions, "
        "which return their result"
    )
