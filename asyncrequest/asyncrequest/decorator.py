"""The decorator for asynchronous views, and the resource `/tasks/{id}`."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar

import msgspec
from flask import Blueprint, Flask, Response, current_app, request
from flask.blueprints import BlueprintSetupState

from . import errors, usage
from .backend import Responder, Submission, TaskBackend, TaskState
from .final import Final
from .headers import RequestHeaders, preferred_wait
from .preconditions import Preconditions

logger = logging.getLogger(__name__)

#: Seconds between two polls of a running task, for `Retry-After`.
RETRY_AFTER = 1

P = ParamSpec("P")
W = TypeVar("W")
W_co = TypeVar("W_co", covariant=True)


class Later(Generic[W_co]):
    """The return value of a view that is answered later. `work` goes to the backend as it is."""

    def __init__(self, work: W_co) -> None:
        self.work = work


class AsyncRequests(Generic[W]):
    """Decorates views, and serves their tasks."""

    def __init__(
        self,
        backend: TaskBackend[W],
        *,
        account: Callable[[], str] = lambda: "",
        prefix: str = "",
        traceparent: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Make a decorator for the views of one backend.

        Args:
            backend: keeps the tasks.
            account: the owner of the present request. Tasks of other accounts are hidden.
            prefix: the path above `/tasks`; a registered blueprint replaces it with its own.
            traceparent: the trace context of the present request, for the backend.

        Raises:
            TypeError: the backend lacks a method of TaskBackend.
        """
        usage.check_backend(backend)
        self._backend = backend
        self._account = account
        self._prefix = prefix
        self._traceparent = traceparent
        #: The responders by name, for backends that store the name.
        self.responders: dict[str, Responder] = {}
        #: The last app found to have a route for tasks.
        self._serving: Flask | None = None

    def __call__(
        self, responder: Responder, *, name: str | None = None
    ) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
        """Decorate a view. Several views may share a responder.

        Args:
            responder: makes the final response from the result of the work.
            name: the name that backends store; the function's own name by default.

        Raises:
            ValueError: another responder has this name.
            TypeError: the responder does not take the result of the work, as a view does not.
        """
        usage.check_responder(responder)
        responder_name = self._register(responder, name)

        def decorate(view: Callable[P, Any]) -> Callable[P, Any]:
            @wraps(view)
            def accept(*args: P.args, **kwargs: P.kwargs) -> Any:
                headers = RequestHeaders.read()
                result = current_app.ensure_sync(view)(*args, **kwargs)
                if not isinstance(result, Later):
                    return result
                submission = self._submission(result.work, responder_name, headers)
                return self._accept(submission, headers.wait)

            return accept

        return usage.Decorator(decorate)

    def blueprint(self, name: str = "tasks") -> Blueprint:
        """`GET` and `DELETE` of `/tasks/{id}`, and a default handler for every TaskError."""
        pages = Blueprint(name, __name__, url_prefix=self._prefix or None)
        pages.add_url_rule("/tasks/<task_id>", "get_task", self.show)
        pages.add_url_rule("/tasks/<task_id>", "cancel_task", self.cancel, methods=["DELETE"])
        pages.record(self._registered)
        return pages

    def show(self, task_id: str) -> Response:
        """The view of a task: 202 while it runs, then its final response; 304 if it is known."""
        preconditions = Preconditions.read()
        wait = preferred_wait()
        if wait:
            task = self._backend.wait(self._account(), task_id, wait)
        else:
            task = self._backend.get(self._account(), task_id)
        return preconditions.answer(self._respond(task, wait))

    def cancel(self, task_id: str) -> Response:
        """The view that ends a task: 204. Later requests for the task get 410."""
        self._backend.cancel(self._account(), task_id, Preconditions.read())
        response = Response(status=204)
        del response.headers["Content-Type"]
        return response

    def _register(self, responder: Responder, name: str | None) -> str:
        name = name or _name_of(responder)
        if self.responders.setdefault(name, responder) is not responder:
            raise ValueError(
                f"another responder is called {name!r}: "
                "rename this one, or decorate with later(responder, name=...)"
            )
        return name

    def _submission(self, work: W, responder_name: str, headers: RequestHeaders) -> Submission[W]:
        return Submission(
            account=self._account(),
            work=work,
            responder_name=responder_name,
            responder=self.responders[responder_name],
            idempotency_key=headers.idempotency_key,
            fingerprint=headers.fingerprint,
            traceparent=self._traceparent(),
        )

    def _registered(self, state: BlueprintSetupState) -> None:
        self._prefix = state.url_prefix or ""
        errors.install(state.app)  # type: ignore[arg-type]  # an App that serves is a Flask

    def _accept(self, submission: Submission[W], wait: int) -> Response:
        self._check_served()
        task = self._backend.accept(submission)
        if wait and not task.final:
            try:
                task = self._backend.wait(submission.account, task.id, wait)
            except errors.TaskError:
                raise
            except Exception as error:  # noqa: BLE001 - the task is accepted, and 202 is true
                logger.warning("task %s: wait failed (%r); sending 202", task.id, error)
        return self._respond(task, wait)

    def _check_served(self) -> None:
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's documented way to the app itself
        if app is not self._serving:
            usage.check_served(app, self._path("any"))
            self._serving = app

    def _path(self, task_id: str) -> str:
        return f"{self._prefix}/tasks/{task_id}"

    def _respond(self, task: TaskState, wait: int) -> Response:
        response = _final(task.final) if task.final else self._running(task)
        if wait:
            response.headers["Preference-Applied"] = f"wait={wait}"
        return response

    def _running(self, task: TaskState) -> Response:
        body = {
            "kind": "task",
            "id": task.id,
            "state": "running",
            "created_at": task.created_at,
            "progress": {"done": task.done, "total": task.total},
        }
        headers = {
            "Location": request.root_path + self._path(task.id),
            "Retry-After": str(RETRY_AFTER),
            "Cache-Control": "no-store",
        }
        return Response(msgspec.json.encode(body), 202, headers, content_type="application/json")


def _final(final: Final) -> Response:
    """The final response. A cache must not show it after the end of the task."""
    response = final.response()
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _name_of(responder: Responder) -> str:
    name = getattr(responder, "__name__", None)
    if not isinstance(name, str):
        raise TypeError(f"{responder!r} has no name: decorate with later(responder, name=...)")
    return name
