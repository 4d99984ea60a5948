"""A small Flask app whose views answer later, on the backend that lives in the process."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from asyncrequest import AsyncRequests, InProcess, Later

#: Seconds that a test waits for what must happen.
PATIENCE = 30.0


class SmallApp:
    """An app with its client; what it started ends with `close`."""

    def __init__(self, threads: int = 2, keep: int = 100, **options: Any) -> None:
        self.backend = InProcess(threads, keep)
        self.later = AsyncRequests(self.backend, **options)
        self.app = Flask("small")
        self.client = self.app.test_client()

    def serve(self) -> "SmallApp":
        """Register the tasks' resource."""
        self.app.register_blueprint(self.later.blueprint())
        return self

    def close(self) -> None:
        """End the backend's threads."""
        self.backend.stop(PATIENCE)

    def view(self, rule: str, work: Callable[[], Any], finish: Callable[..., Any]) -> None:
        """A view that needs nothing but this work."""

        def answer_later() -> Later:
            return Later(work)

        self.app.add_url_rule(rule, rule, self.later(finish)(answer_later), methods=["POST"])

    def finished(
        self, rule: str, headers: Mapping[str, str] | None = None, **request: Any
    ) -> TestResponse:
        """The final response to a POST, waited for at the server."""
        wait = {"Prefer": f"wait={PATIENCE:.0f}", **(headers or {})}
        response = self.client.post(rule, headers=wait, **request)
        assert response.status_code != 202, "waited in vain"
        return response


def same(value: Any) -> Any:
    """A finish function: what the work came to is the response."""
    return value
