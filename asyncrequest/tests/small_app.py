"""A small Flask app with asynchronous views, on the backend `InProcess`."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from asyncrequest import AsyncRequests, InProcess, Later

#: The longest wait of a test, in seconds.
PATIENCE = 30.0


class SmallApp:
    """The app and its test client. `close` ends the threads of the backend."""

    def __init__(self, threads: int = 2, keep: int = 100, **options: Any) -> None:
        self.backend = InProcess(threads, keep)
        self.later = AsyncRequests(self.backend, **options)
        self.app = Flask("small")
        self.client = self.app.test_client()

    def serve(self) -> "SmallApp":
        """Register `/tasks/{id}`, and return this app."""
        self.app.register_blueprint(self.later.blueprint())
        return self

    def close(self) -> None:
        self.backend.stop(PATIENCE)

    def view(self, rule: str, work: Callable[[], Any], responder: Callable[..., Any]) -> None:
        """Add a view that accepts every POST and does `work`."""

        def answer_later() -> Later[Callable[[], Any]]:
            return Later(work)

        self.app.add_url_rule(rule, rule, self.later(responder)(answer_later), methods=["POST"])

    def finished(
        self, rule: str, headers: Mapping[str, str] | None = None, **request: Any
    ) -> TestResponse:
        """POST, wait at the server, and return the final response."""
        wait = {"Prefer": f"wait={PATIENCE:.0f}", **(headers or {})}
        response = self.client.post(rule, headers=wait, **request)
        assert response.status_code != 202, "the task is still running"
        return response


def same(value: Any) -> Any:
    """A responder: the result of the work is the response."""
    return value
