"""The decorator that makes any Flask view an asynchronous request, and the task resource.

The talk called it `@async`, which is a reserved word since Python 3.7.
"""

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from splitflap_api.asyncrequest.backend import (
    Backend,
    Final,
    Submission,
    TaskError,
    TaskState,
)

#: Most seconds that a client may ask to wait for the final response (RFC 7240, section 4.3).
MAX_WAIT = 30

#: Seconds that a client is asked to leave between looks at a running task.
RETRY_AFTER = 1

_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?:$|[,;])", re.IGNORECASE)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Later:
    """What a view returns to be answered later: `work` goes to the backend as it is."""

    def __init__(self, work: Any, **meta: Any) -> None:
        self.work = work
        self.meta = meta


class BadHeader(TaskError):
    """A request header that cannot be used."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"{name}: expected {expected}")
        self.name = name
        self.expected = f"expected {expected}"


class AsyncRequests:
    """Decorates views, and serves the tasks that come of them."""

    def __init__(
        self,
        backend: Backend,
        *,
        account: Callable[[], str] = lambda: "",
        prefix: str = "",
        traceparent: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`account` says on whose behalf the present request is made."""
        self._backend = backend
        self._account = account
        self._prefix = prefix
        self._traceparent = traceparent
        self.finishers: dict[str, Callable[..., Any]] = {}

    def __call__(
        self, finish: Callable[..., Any]
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A view's decorator; `finish` makes the final response of what the work came to."""
        name = finish.__name__
        self.finishers[name] = finish

        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(view)
            def accept(*args: Any, **kwargs: Any) -> Any:
                key, wait = _idempotency_key(), _wanted_wait()
                result = view(*args, **kwargs)
                return self._accept(result, name, key, wait) if _is_later(result) else result

            return accept

        return decorate

    def blueprint(self) -> Blueprint:
        """`GET` and `DELETE` of the tasks, below the prefix."""
        pages = Blueprint("tasks", __name__, url_prefix=self._prefix or None)
        pages.add_url_rule("/tasks/<task_id>", "get_task", self.show)
        pages.add_url_rule("/tasks/<task_id>", "cancel_task", self.cancel, methods=["DELETE"])
        return pages

    def _accept(self, later: Later, finish: str, key: str | None, wait: float) -> Response:
        task = self._backend.accept(
            Submission(
                account=self._account(),
                work=later.work,
                finish=finish,
                idempotency_key=key,
                fingerprint=_fingerprint() if key else None,
                traceparent=self._traceparent(),
                meta=later.meta,
            )
        )
        if wait and not task.final:
            task = self._backend.wait(self._account(), task.id, wait)
        response = self._answer(task)
        if wait:
            response.headers["Preference-Applied"] = f"wait={int(wait)}"
        return response

    def show(self, task_id: str) -> Response:
        """The task resource: 202 while it runs, then the final response."""
        wait = _wanted_wait()
        if wait:
            return self._answer(self._backend.wait(self._account(), task_id, wait))
        return self._answer(self._backend.get(self._account(), task_id))

    def cancel(self, task_id: str) -> Response:
        """End a task: 204, and 410 from then on."""
        self._backend.cancel(self._account(), task_id)
        response = Response(status=204)
        del response.headers["Content-Type"]
        return response

    def _answer(self, task: TaskState) -> Response:
        if task.final:
            return _response(task.final)
        body = {
            "id": task.id,
            "state": "running",
            "created_at": task.created_at,
            "progress": {"done": task.done, "total": task.total},
        }
        headers = {
            "Location": f"{self._prefix}/tasks/{task.id}",
            "Retry-After": str(RETRY_AFTER),
            "Cache-Control": "no-store",
        }
        return Response(msgspec.json.encode(body), 202, headers, content_type="application/json")


def _is_later(result: Any) -> bool:
    return isinstance(result, Later)


def _response(final: Final) -> Response:
    response = Response(final.body, final.status)
    response.headers.clear()
    response.headers.update(final.headers)
    response.headers["Content-Length"] = str(len(final.body))
    return response


def _wanted_wait() -> float:
    # RFC 7240, section 2: a preference that cannot be honoured is ignored.
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return min(float(found[1]), MAX_WAIT) if found else 0.0


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise BadHeader("Idempotency-Key", "1 to 255 visible ASCII characters")
    return key


def _fingerprint() -> str:
    parts = (request.method.encode(), request.full_path.encode(), request.get_data())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
