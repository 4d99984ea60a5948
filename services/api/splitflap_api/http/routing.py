"""Routes of the declared operations: authorise, validate, then call the view."""

import re
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g, request

from asyncrequest import NO_PRECONDITIONS, Preconditions, idempotency_key
from splitflap_api.contract import headers as doc
from splitflap_api.contract.models import NoQuery
from splitflap_api.contract.operations import ENDPOINT, ROUTE, Operation
from splitflap_api.contract.patterns import ACCOUNT
from splitflap_api.contract.problems import bad_parameter
from splitflap_api.http.access.own_page import check_own_page
from splitflap_api.http.auth import act_for, authorise
from splitflap_api.http.parse import check_ids, json_body, query_parameters
from splitflap_api.http.services import Services
from splitflap_api.overload.acting import ActingLimits
from splitflap_api.overload.connection_limits import authenticate


def serve(app: Flask, prefix: str, operation: Operation, services: Services) -> None:
    """Add the operation's route to the app."""
    view = operation.view
    route = prefix + operation.path
    if operation.method == "GET":
        view = conditional(app, view)

    def handle(**arguments: Any) -> Any:
        request.environ[ENDPOINT] = operation.name
        request.environ[ROUTE] = route
        if operation.scope is not None:
            g.caller = authorise(services.keyring, operation.scope)
            authenticate(request.environ, g.caller.key_id)
            _act(operation, services.acting)
        elif doc.PAGE in operation.headers:
            check_own_page()
        check_ids(arguments)
        if operation.method != "GET":
            _check_head(operation)
        if operation.query is not None:
            arguments["query"] = query_parameters(operation.query)
        elif request.environ.get("QUERY_STRING"):
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


def _act(operation: Operation, limits: ActingLimits) -> None:
    """Act for the account that the request names, if the operation may.

    Raises:
        Problem: bad-request for a name of a wrong form, or where none may be named; as `act_for`.
    """
    account = request.headers.get(doc.ACCOUNT.name)
    if account is None:
        return
    if doc.ACCOUNT not in operation.headers:
        raise bad_parameter(doc.ACCOUNT.name, "this operation acts for the key's own account")
    if not ACCOUNT.matches(account):
        raise bad_parameter(doc.ACCOUNT.name, f"expected {ACCOUNT.expected}")
    act_for(account, doc.ACCOUNT.name, limits)


def _check_head(operation: Operation) -> None:
    """Refuse what the head alone decides, before the client is asked for the body.

    Raises:
        Problem: bad-request, for an Idempotency-Key or a webhook of an operation without it.
            Silence would promise what the operation does not keep.
        BadHeader: a malformed header.
        PreconditionFailed: the resource has no ETag, such as a list. No tag matches it.
    """
    if doc.IDEMPOTENCY_KEY in operation.headers:
        idempotency_key()
    elif operation.method == "POST" and "Idempotency-Key" in request.headers:
        raise bad_parameter("Idempotency-Key", "this operation has none: send it without a key")
    if doc.WEBHOOK not in operation.headers and doc.WEBHOOK.name in request.headers:
        raise bad_parameter(doc.WEBHOOK.name, "this operation makes no task")
    preconditions = Preconditions.read()
    if not operation.checks_preconditions:
        preconditions.check(None)
