"""The Flask application: a route for each operation, and a problem for each error."""

from collections.abc import Sequence

from flask import Flask, Response

from splitflap_api.contract.operations import Operation
from splitflap_api.contract.paths import PREFIX
from splitflap_api.http import errors, events, posts, previews
from splitflap_api.http.access import sessions
from splitflap_api.http.documents import DocumentViews
from splitflap_api.http.operator import audit, dead, keys, status
from splitflap_api.http.responses import JsonResponse, json_of, no_content
from splitflap_api.http.routing import serve
from splitflap_api.http.services import Services
from splitflap_api.http.webhooks import endpoints as webhooks

#: Modules with operations, in the order of the document.
MODULES = (posts, previews, events, webhooks, sessions, keys, dead, status, audit)


def make_app(services: Services) -> Flask:
    """The application on these services."""
    app = Flask("splitflap_api", static_folder=None)
    # Many clients fail to repeat a POST after a 308, so a slash at the end is no redirect.
    app.url_map.strict_slashes = False
    app.url_map.redirect_defaults = False
    app.url_map.merge_slashes = False
    operations = [each for module in MODULES for each in module.operations(services)]
    documents = DocumentViews(operations)
    for operation in [*operations, *documents.operations]:
        serve(app, PREFIX, operation, services)
    serve(app, "", _INDEX, services)
    serve(app, "", _server_options([_INDEX, *operations, *documents.operations]), services)
    errors.install(app)
    return app


def _index() -> JsonResponse:
    return json_of({"service": "splitflap", "openapi": f"{PREFIX}/openapi.json"})


def _server_options(operations: Sequence[Operation]) -> Operation:
    """`OPTIONS *` (RFC 9110, section 9.3.7): the methods of the server. Flask sees `/*`."""
    methods = sorted({each.method for each in operations} | {"HEAD", "OPTIONS"})

    def show() -> Response:
        response = no_content()
        response.headers["Allow"] = ", ".join(methods)
        return response

    return Operation("OPTIONS", "/*", "server_options", "All methods", show, {}, scope=None)


#: It is outside of the versions of the contract, so no document describes it.
_INDEX = Operation("GET", "/", "index", "Where the document is", _index, {}, scope=None)
