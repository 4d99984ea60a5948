"""What the API offers, declared once: an operation is served, validated and documented from this.

A view gets its path parameters by name, and `body` and `query` as the models that they must fit.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, g, request

from splitflap_api.domain.keys import Keyring
from splitflap_api.http.auth import authorise
from splitflap_api.http.parse import json_body, query_parameters

#: Where a request's operation is noted for those who count, in its WSGI environment.
ENDPOINT = "splitflap.endpoint"


@dataclass(frozen=True)
class Parameter:
    """A header of a request or a response, for the documentation."""

    name: str
    doc: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """A response: its body's model, or one of several, or none; its media type and headers."""

    doc: str
    model: type[Any] | tuple[type[Any], ...] | None = None
    media_type: str = "application/json"
    headers: tuple[Parameter, ...] = ()

    @property
    def models(self) -> tuple[type[Any], ...]:
        """What the body may be."""
        if self.model is None:
            return ()
        return self.model if isinstance(self.model, tuple) else (self.model,)


@dataclass(frozen=True)
class Operation:
    """A method on a path below the API's prefix. `problems` are slugs of domain/problems.py.

    `scope` is what the caller's key must have; None leaves the operation open to all.
    """

    method: str
    path: str
    name: str
    summary: str
    view: Callable[..., Any]
    answers: Mapping[int, Answer]
    scope: str | None = "read"
    body: type[Any] | None = None
    query: type[Any] | None = None
    headers: tuple[Parameter, ...] = ()
    problems: tuple[str, ...] = field(default=())


def serve(app: Flask, prefix: str, operation: Operation, keyring: Keyring) -> None:
    """Route requests to the operation's view."""

    def handle(**arguments: Any) -> Any:
        request.environ[ENDPOINT] = operation.name
        if operation.scope is not None:
            g.caller = authorise(keyring, operation.scope)
        if operation.query is not None:
            arguments["query"] = query_parameters(operation.query)
        if operation.body is not None:
            arguments["body"] = json_body(operation.body)
        return operation.view(**arguments)

    app.add_url_rule(
        prefix + re.sub(r"{(\w+)}", r"<\1>", operation.path),
        operation.name,
        handle,
        methods=[operation.method],
        provide_automatic_options=False,
    )
