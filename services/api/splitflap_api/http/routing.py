"""Routes of the declared operations: authorise, validate, then call the view."""

import re
from typing import Any

from flask import Flask, g, request

from splitflap_api.contract.operations import ENDPOINT, Operation
from splitflap_api.domain.keys import Keyring
from splitflap_api.http.auth import authorise
from splitflap_api.http.parse import json_body, query_parameters


def serve(app: Flask, prefix: str, operation: Operation, keyring: Keyring) -> None:
    """Add the operation's route to the app."""

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
