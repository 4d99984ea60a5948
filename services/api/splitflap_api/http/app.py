"""The Flask application: a route for each operation, and a problem for each error."""

from flask import Flask, Response

from splitflap_api.contract import openapi, problems
from splitflap_api.contract.paths import PREFIX, PROBLEMS
from splitflap_api.http import admin, errors, events, posts, previews
from splitflap_api.http.parse import MAX_BODY
from splitflap_api.http.responses import JsonResponse, json_of
from splitflap_api.http.routing import serve
from splitflap_api.http.services import Services


def make_app(services: Services) -> Flask:
    """The application on these services."""
    app = Flask("splitflap_api", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    # Many clients fail to repeat a POST after a 308, so a slash at the end is no redirect.
    app.url_map.strict_slashes = False
    app.url_map.redirect_defaults = False
    app.url_map.merge_slashes = False
    operations = [
        each for module in (posts, previews, events, admin) for each in module.operations(services)
    ]
    for operation in operations:
        serve(app, PREFIX, operation, services.keyring)
    _documents(app, openapi.document(PREFIX, operations))
    errors.install(app)
    return app


def _documents(app: Flask, description: bytes) -> None:
    """Routes that need no key: the OpenAPI description, pages on problems, the index."""

    def describe() -> Response:
        return Response(description, content_type="application/json")

    def problem(slug: str) -> JsonResponse:
        if slug not in problems.TYPES:
            raise problems.Problem("not-found", f"no type of problem {slug[:100]!r}")
        known = problems.TYPES[slug]
        return json_of(
            {
                "type": PROBLEMS + slug,
                "title": known.title,
                "status": known.status,
                "doc": known.doc,
            }
        )

    def index() -> JsonResponse:
        return json_of({"service": "splitflap", "openapi": f"{PREFIX}/openapi.json"})

    for path, name, view in (
        (f"{PREFIX}/openapi.json", "openapi", describe),
        (f"{PROBLEMS}<slug>", "problem", problem),
        ("/", "index", index),
    ):
        app.add_url_rule(path, name, view, methods=["GET"], provide_automatic_options=False)
