"""The API's description (OpenAPI 3.1), made from the operations and the models of validation."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from splitflap_api import __version__
from splitflap_api.contract import headers
from splitflap_api.contract.models import ProblemBody
from splitflap_api.contract.operations import Operation, Parameter, ResponseSpec
from splitflap_api.contract.problems import MEDIA_TYPE, TYPES
from splitflap_api.contract.schemas import schemas_of

_ID = {"type": "string", "format": "uuid"}

#: Problems of every operation.
_ALWAYS = ("unavailable", "rate-limited", "internal")
#: A 429 or 503 means this request was refused. It says nothing about a task.
_RETRIED = {429, 503}
_RETRYING = (headers.RETRY_AFTER,)
_WITH_KEY = ("unauthorized", "forbidden")


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
                "description": "Posts in Markdown in; safe HTML and link previews out, later.",
                "license": {"name": "MIT", "identifier": "MIT"},
            },
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _models(operations: Iterable[Operation]) -> list[Any]:
    models: dict[Any, None] = {ProblemBody: None}
    for each in operations:
        models |= dict.fromkeys([each.body] if each.body else [])
        for answer in each.answers.values():
            models |= dict.fromkeys(answer.models)
    return list(models)


def _operation(each: Operation, by_model: dict[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": each.name,
        "summary": each.summary,
        "parameters": [*_path_parameters(each), *_query(each), *map(_header, each.headers)],
        "responses": _responses(each, by_model),
    }
    if each.scope is not None:
        described["security"] = [{"key": []}]
        described["description"] = f"Needs a key with the scope `{each.scope}`."
    if each.body is not None:
        content = {"application/json": {"schema": by_model[each.body]}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _path_parameters(each: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _ID}
        for name in re.findall(r"{(\w+)}", each.path)
    ]


def _query(each: Operation) -> list[dict[str, Any]]:
    if each.query is None:
        return []
    schema = schemas_of([each.query])[1][each.query.__name__]
    return [
        {"name": name, "in": "query", "schema": _without_null(of)}
        for name, of in schema["properties"].items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop `null`: an optional query parameter is absent, and cannot be null."""
    options = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return options[0] if options else schema


def _header(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "header",
        "description": parameter.doc,
        "schema": parameter.schema,
    }


def _responses(each: Operation, by_model: dict[Any, Any]) -> dict[str, Any]:
    responses = {str(status): _response(it, by_model) for status, it in each.answers.items()}
    slugs = [*each.problems, *_ALWAYS, *(_WITH_KEY if each.scope is not None else ())]
    by_status: dict[int, list[str]] = {}
    for slug in dict.fromkeys(slugs):
        by_status.setdefault(TYPES[slug].status, []).append(slug)
    for status, of_status in by_status.items():
        responses[str(status)] = {
            **_response_headers(_RETRYING if status in _RETRIED else ()),
            "description": " ".join(f"{TYPES[slug].title} (`{slug}`)." for slug in of_status),
            "content": {MEDIA_TYPE: {"schema": by_model[ProblemBody]}},
        }
    return responses


def _response(answer: ResponseSpec, by_model: dict[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.doc}
    if answer.models:
        schemas = [by_model[model] for model in answer.models]
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        described["content"] = {answer.media_type: {"schema": schema}}
    return described | _response_headers(answer.headers)


def _response_headers(headers: Iterable[Parameter]) -> dict[str, Any]:
    described = {each.name: {"description": each.doc, "schema": each.schema} for each in headers}
    return {"headers": described} if described else {}
