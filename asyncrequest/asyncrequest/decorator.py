"""The decorator that makes any Flask view an asynchronous request, and the task resource.

The talk called it `@async`, which is a reserved word since Python 3.7.
"""

import hashlib
import logging
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec
from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from werkzeug.http import parse_list_header

from . import errors
from .backend import Submission, TaskBackend, TaskState

logger = logging.getLogger(__name__)

#: Most seconds that a client may ask to wait for the final response (RFC 7240, section 4.3).
MAX_WAIT = 30

#: Seconds that a client is asked to leave between looks at a running task.
RETRY_AFTER = 1

_WAIT = re.compile(r"wait(?:\s*=\s*\"?([^\";]*)\"?)?\s*(?:;.*)?", re.IGNORECASE)
_SECONDS = re.compile(r"[0-9]{1,9}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

View = Callable[..., Any]


class Later:
    """What a view returns to be answered later: `work` goes to the backend as it is."""

    def __init__(self, work: Any) -> None:
        self.work = work


class AsyncRequests:
    """Decorates views, and serves the tasks that come of them."""

    def __init__(
        self,
        backend: TaskBackend,
        *,
        account: Callable[[], str] = lambda: "",
        prefix: str = "",
        traceparent: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`account` says on whose behalf the present request is made.

        `prefix` is where `/tasks` is; a registered blueprint knows it better.
        """
        self._backend = backend
        self._account = account
        self._prefix = prefix
        self._traceparent = traceparent
        #: The finish functions by their names, for a backend that keeps only names.
        self.finishers: dict[str, Callable[..., Any]] = {}

    def __call__(
        self, finish: Callable[..., Any], *, name: str | None = None
    ) -> Callable[[View], View]:
        """A view's decorator; `finish` makes the final response of what the work came to.

        `name` is what a backend keeps of `finish`: its own, unless given. Several views may
        share one function.

        Raises:
            ValueError: another function has this name.
        """
        known_as = name or _name_of(finish)
        if self.finishers.setdefault(known_as, finish) is not finish:
            raise ValueError(
                f"another finish function is called {known_as!r}: "
                "rename this one, or decorate with later(finish, name=...)"
            )

        def decorate(view: View) -> View:
            @wraps(view)
            def accept(*args: Any, **kwargs: Any) -> Any:
                key, wait = _idempotency_key(), _wanted_wait()
                # Before the view, which may consume the body as a form.
                fingerprint = _fingerprint() if key else None
                result = current_app.ensure_sync(view)(*args, **kwargs)
                if not isinstance(result, Later):
                    return result
                submission = Submission(
                    account=self._account(),
                    work=result.work,
                    finish=known_as,
                    finisher=finish,
                    idempotency_key=key,
                    fingerprint=fingerprint,
                    traceparent=self._traceparent(),
                )
                return self._accept(submission, wait)

            return accept

        return decorate

    def blueprint(self, name: str = "tasks") -> Blueprint:
        """`GET` and `DELETE` of `/tasks/{id}` below the prefix, and answers to every TaskError."""
        pages = Blueprint(name, __name__, url_prefix=self._prefix or None)
        pages.add_url_rule("/tasks/<task_id>", "get_task", self.show)
        pages.add_url_rule("/tasks/<task_id>", "cancel_task", self.cancel, methods=["DELETE"])
        pages.record(self._registered)
        return pages

    def show(self, task_id: str) -> Response:
        """The task resource: 202 while it runs, then the final response."""
        wait = _wanted_wait()
        if wait:
            return self._answer(self._backend.wait(self._account(), task_id, wait), wait)
        return self._answer(self._backend.get(self._account(), task_id), wait)

    def cancel(self, task_id: str) -> Response:
        """End a task: 204, and 410 from then on."""
        self._backend.cancel(self._account(), task_id)
        response = Response(status=204)
        del response.headers["Content-Type"]
        return response

    def _registered(self, state: BlueprintSetupState) -> None:
        self._prefix = state.url_prefix or ""
        errors.install(state.app)  # type: ignore[arg-type]  # an App that serves is a Flask

    def _accept(self, submission: Submission, wait: int) -> Response:
        task = self._backend.accept(submission)
        if wait and not task.final:
            try:
                task = self._backend.wait(submission.account, task.id, wait)
            except errors.TaskError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the request is accepted
                logger.warning("cannot wait for task %s: %r", task.id, error)
        return self._answer(task, wait)

    def _answer(self, task: TaskState, wait: int) -> Response:
        response = task.final.response() if task.final else self._running(task)
        if wait:
            response.headers["Preference-Applied"] = f"wait={wait}"
        return response

    def _running(self, task: TaskState) -> Response:
        body = {
            "id": task.id,
            "state": "running",
            "created_at": task.created_at,
            "progress": {"done": task.done, "total": task.total},
        }
        headers = {
            "Location": f"{request.root_path}{self._prefix}/tasks/{task.id}",
            "Retry-After": str(RETRY_AFTER),
            "Cache-Control": "no-store",
        }
        return Response(msgspec.json.encode(body), 202, headers, content_type="application/json")


def _name_of(finish: Callable[..., Any]) -> str:
    name = getattr(finish, "__name__", None)
    if not isinstance(name, str):
        raise TypeError(f"{finish!r} has no name: decorate with later(finish, name=...)")
    return name


def _wanted_wait() -> int:
    """Seconds that the client wants to wait; 0 where it does not say so in a way we understand."""
    # RFC 7240, section 2: a preference that cannot be honoured is ignored; of several, the first
    # counts; what follows a semicolon are parameters.
    for preference in parse_list_header(request.headers.get("Prefer", "")):
        if found := _WAIT.fullmatch(preference):
            seconds = found[1] or ""
            return min(int(seconds), MAX_WAIT) if _SECONDS.fullmatch(seconds) else 0
    return 0


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise errors.BadHeader("Idempotency-Key", "1 to 255 visible ASCII characters")
    return key


def _fingerprint() -> str:
    parts = (request.method.encode(), request.full_path.encode(), request.get_data())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
