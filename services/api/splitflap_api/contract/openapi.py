"""The API's description (OpenAPI 3.1), made from the operations and the models of validation."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from splitflap_api import __version__
from splitflap_api.contract import headers
from splitflap_api.contract.access.credentials import COOKIE, SECURE_COOKIE
from splitflap_api.contract.models import ProblemBody
from splitflap_api.contract.operations import ANY_SCOPE, Operation, Parameter, ResponseSpec
from splitflap_api.contract.paths import PREFIX, makes_work
from splitflap_api.contract.problems import MEDIA_TYPE, TYPES
from splitflap_api.contract.schemas import Schema, schemas_of

DESCRIPTION = """\
Posts in Markdown in; safe HTML and link previews out, later.

- **Keys.** Send `Authorization: Bearer KEY`. Each operation names the scope that the key needs.
- **Sessions.** The page of this service exchanges a key for a cookie. A request with the cookie \
comes from the same origin, and has the header `Splitflap-Page: 1` unless its method is GET or HEAD.
- **Asynchronous requests.** Operations with a 202 accept work and answer with the `Location` of a \
task. `GET` of the task answers 202 while it runs, then with the final response. \
`Prefer: wait=10` waits for it.
- **Problems.** Every refusal is a problem (RFC 9457). Its `type` is the path of a page about it.
- **HEAD.** Every `GET` also answers `HEAD`.
- **Health.** `/healthz`, `/readyz` and `/metrics` are on a port of their own, for operators only.
"""

#: The tags, in the order of the document. The first part of a path is its tag, unless it is here.
TAGS = {
    "posts": "Posts, their revisions and their HTML.",
    "tasks": "The state and the final response of asynchronous requests.",
    "events": "What happens to posts, as Server-Sent Events.",
    "renders": "HTML for a text, without a post.",
    "previews": "A preview of a URL, without a post.",
    "sessions": "Sessions of browsers, and tokens for event streams.",
    "keys": "Keys of accounts, for admins.",
    "dead": "Jobs that ended without a result, for operators.",
    "status": "What waits, what runs and what is refused, for operators.",
    "audit": "What operators changed.",
    "service": "The API itself.",
}

_TAG_OF = {"session": "sessions", "stream-tokens": "sessions"}

#: Parameters in paths, by name. All others are ids.
_PATH_PARAMETERS = {"slug": {"type": "string", "enum": sorted(TYPES)}}
_ID = {"type": "string", "format": "uuid"}

_SCOPES = {None: "It needs no key.", ANY_SCOPE: "Any valid key may do this."}

#: Problems of every operation.
_ALWAYS = ("bad-request", "precondition-failed", "unavailable", "rate-limited", "internal")
_WITH_KEY = ("unauthorized", "forbidden", "not-own-page", "too-many-in-progress")
#: Problems of every operation that creates jobs.
_WITH_WORK = ("backlog",)
#: Problems found before the server knows the operation.
_BEFORE_ROUTING = (
    "request-timeout",
    "target-too-long",
    "expectation-failed",
    "head-too-large",
    "not-implemented",
    "version-not-supported",
)
#: Headers of problems, by status. A 429 or 503 means this request was refused. It says nothing
#: about a task.
_OF_PROBLEMS = {
    401: (headers.WWW_AUTHENTICATE,),
    403: (headers.WWW_AUTHENTICATE,),
    415: (headers.ACCEPT, headers.ACCEPT_ENCODING),
    429: (headers.RETRY_AFTER,),
    503: (headers.RETRY_AFTER,),
}
#: Problems that can be final responses, so that the client may have waited for them.
_FINAL = {409, 422}


def document(prefix: str, operations: Sequence[Operation]) -> bytes:
    """The whole description as JSON."""
    models = _models(operations)
    schemas, components = schemas_of(models)
    by_model = dict(zip(models, schemas, strict=True))
    paths: dict[str, Any] = {}
    for each in operations:
        paths.setdefault(prefix + each.path, {})[each.method.lower()] = _operation(each, by_model)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Splitflap",
                "version": __version__,
                "description": DESCRIPTION,
                "contact": {"name": "The operators of this service"},
                "license": {"name": "MIT", "identifier": "MIT"},
            },
            "servers": [{"url": "/", "description": "The server of this document."}],
            "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
            "paths": paths,
            "components": {
                "schemas": components,
                "headers": {each.name: _header_object(each) for each in headers.OF_RESPONSES},
                "securitySchemes": {
                    "key": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "A key of an account, with scopes.",
                    },
                    "session": {
                        "type": "apiKey",
                        "in": "cookie",
                        "name": COOKIE,
                        "description": "The cookie of a session, for the page of this service "
                        f"alone. Its name is `{SECURE_COOKIE}` over https.",
                    },
                },
            },
        }
    )


def _models(operations: Iterable[Operation]) -> list[Any]:
    models: dict[Any, None] = {ProblemBody: None}
    for each in operations:
        models |= dict.fromkeys([each.body] if each.body else [])
        models |= dict.fromkeys(it.model for it in each.answers.values() if it.model)
    return list(models)


def _operation(each: Operation, by_model: dict[Any, Schema]) -> dict[str, Any]:
    first = each.path.split("/")[1]
    tag = _TAG_OF.get(first, first)
    described: dict[str, Any] = {
        "operationId": each.name,
        "tags": [tag if tag in TAGS else "service"],
        "summary": each.summary,
        "description": _description(each),
        "security": [] if each.scope is None else [{"key": []}, {"session": []}],
        "parameters": [*_path_parameters(each), *_query(each), *map(_parameter, each.headers)],
        "responses": _responses(each, by_model),
    }
    if each.body is not None:
        content = {"application/json": {"schema": by_model[each.body]}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _description(each: Operation) -> str:
    scope = _SCOPES.get(each.scope, f"The key needs the scope `{each.scope}`.")
    return f"{each.doc}\n\n{scope}" if each.doc else scope


def _path_parameters(each: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _PATH_PARAMETERS.get(name, _ID)}
        for name in re.findall(r"{(\w+)}", each.path)
    ]


def _query(each: Operation) -> list[dict[str, Any]]:
    if each.query is None:
        return []
    schema = schemas_of([each.query])[1][each.query.__name__]
    return [_query_parameter(name, of) for name, of in schema["properties"].items()]


def _query_parameter(name: str, schema: Schema) -> dict[str, Any]:
    schema = _without_null(schema)
    return {"name": name, "in": "query", "description": schema.pop("description"), "schema": schema}


def _without_null(schema: Schema) -> Schema:
    """Drop `null`: an optional query parameter is absent, and cannot be null."""
    match schema.get("type"):
        case [name, "null"]:
            return {**schema, "type": name}
    match schema.get("anyOf"):
        case [one, {"type": "null"}]:
            return {**one, "description": schema["description"]}
    return schema


def _parameter(header: Parameter) -> dict[str, Any]:
    return {
        "name": header.name,
        "in": "header",
        "description": header.doc,
        "required": header.always,
        "schema": header.schema,
    }


def _header_object(header: Parameter) -> dict[str, Any]:
    return {"description": header.doc, "required": header.always, "schema": header.schema}


def _responses(each: Operation, by_model: dict[Any, Schema]) -> dict[str, Any]:
    responses = {status: _response(each, it, by_model) for status, it in each.answers.items()}
    work = _WITH_WORK if makes_work(each.method, PREFIX + each.path) else ()
    slugs = [*each.problems, *_ALWAYS, *(_WITH_KEY if each.scope is not None else ()), *work]
    by_status: dict[int, list[str]] = {}
    for slug in dict.fromkeys(slugs):
        by_status.setdefault(TYPES[slug].status, []).append(slug)
    for status, of_status in by_status.items():
        problem = _problem(of_status, _OF_PROBLEMS.get(status, ()), final=status in _FINAL)
        responses[status] = _response(each, problem, by_model)
    unread = _response(each, _problem(_BEFORE_ROUTING, (), final=False), by_model)
    return {str(status): responses[status] for status in sorted(responses)} | {"default": unread}


def _problem(slugs: Iterable[str], own: tuple[Parameter, ...], *, final: bool) -> ResponseSpec:
    doc = " ".join(f"{TYPES[slug].title} (`{slug}`)." for slug in slugs)
    return ResponseSpec(doc, ProblemBody, MEDIA_TYPE, own, final=final)


def _response(each: Operation, answer: ResponseSpec, by_model: dict[Any, Schema]) -> dict[str, Any]:
    declared = [*answer.headers, *headers.OF_EVERY_RESPONSE]
    if answer.final and headers.PREFER in each.headers:
        declared.append(headers.PREFERENCE_APPLIED)
    described: dict[str, Any] = {
        "description": answer.doc,
        "headers": {it.name: {"$ref": f"#/components/headers/{it.name}"} for it in declared},
    }
    if answer.model is not None:
        described["content"] = {answer.media_type: {"schema": by_model[answer.model]}}
    return described
