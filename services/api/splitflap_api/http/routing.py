"""Routes of the declared operations: authorise, validate, then call the view."""

import re
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g, request

from asyncrequest import NO_PRECONDITIONS, Preconditions
from splitflap_api.contract import headers as doc
from splitflap_api.contract.models import NoQuery
from splitflap_api.contract.operations import ENDPOINT, Operation
from splitflap_api.contract.problems import bad_parameter
from splitflap_api.domain.keys import Keyring
from splitflap_api.http.auth import authorise
from splitflap_api.http.parse import json_body, query_parameters


def serve(app: Flask, prefix: str, operation: Operation, keyring: Keyring) -> None:
    """Add the operation's route to the app."""
    has_no_keys = operation.method == "POST" and doc.IDEMPOTENCY_KEY not in operation.headers
    view = operation.view
    if operation.method == "GET":
        view = conditional(app, view)
    elif not operation.checks_preconditions:
        view = _unless_refused(view)

    def handle(**arguments: Any) -> Any:
        request.environ[ENDPOINT] = operation.name
        if operation.scope is not None:
            g.caller = authorise(keyring, operation.scope)
        if has_no_keys:
            _refuse_idempotency_key()
        if operation.query is not None:
            arguments["query"] = query_parameters(operation.query)
        elif request.query_string:
            query_parameters(NoQuery)
        if operation.body is not None:
            arguments["body"] = json_body(operation.body)
        return view(**arguments)

    app.add_url_rule(
        prefix + re.sub(r"{(\w+)}", r"<\1>", operation.path),
        operation.name,
        handle,
        methods=[operation.method],
        provide_automatic_options=False,
    )


def conditional(app: Flask, view: Callable[..., Any]) -> Callable[..., Any]:
    """A view that reads: it gets 304 or 412 by the ETag of its own response."""

    def read(**arguments: Any) -> Response | Any:
        preconditions = Preconditions.read()
        value = view(**arguments)
        if preconditions is NO_PRECONDITIONS:
            return value
        return preconditions.answer(app.make_response(value))

    return read


def _unless_refused(view: Callable[..., Any]) -> Callable[..., Any]:
    """A view that changes a resource without an ETag, such as a list: no tag matches it."""

    def change(**arguments: Any) -> Any:
        Preconditions.read().check(None)
        return view(**arguments)

    return change


def _refuse_idempotency_key() -> None:
    """Raises Problem: silence would promise a repetition that the operation does not keep."""
    if "Idempotency-Key" in request.headers:
        raise bad_parameter("Idempotency-Key", "this operation has none: send it without a key")
