"""The API's description: valid OpenAPI 3.1, and equal to the operations."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from splitflap_api.contract.operations import Operation
from splitflap_api.contract.paths import PREFIX
from splitflap_api.contract.problems import TYPES
from splitflap_api.http import admin, events, posts, previews
from splitflap_api.http.services import Services

DRAFT = "https://json-schema.org/draft/2020-12/schema"
METHODS = {"get", "put", "post", "delete", "patch", "head", "options", "trace"}


@pytest.fixture
def document(app: Flask) -> Any:
    """The description as it is served."""
    response = app.test_client().get("/v1/openapi.json")
    assert response.content_type == "application/json"
    return response.json


@pytest.fixture
def operations(services: Services) -> list[Operation]:
    """All operations."""
    modules = (posts, previews, events, admin)
    return [each for module in modules for each in module.operations(services)]


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """All objects in a document."""
    if isinstance(node, dict):
        yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from walk(child)


def described(document: Any) -> dict[tuple[str, str], Any]:
    """Operations by method and path."""
    return {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def test_the_document_has_the_members_of_openapi(document: Any) -> None:
    """All required members, and only known ones."""
    assert document["openapi"] == "3.1.0"
    assert set(document) <= {"openapi", "info", "paths", "components", "servers", "tags"}
    assert {"title", "version"} <= set(document["info"])
    assert set(document["components"]) <= {"schemas", "securitySchemes"}
    for path, item in document["paths"].items():
        assert path.startswith("/v1/")
        assert set(item) <= METHODS


def test_every_reference_resolves(document: Any) -> None:
    """Every `$ref` has a target, and every schema has a reference."""
    referred = {node["$ref"] for node in walk(document) if "$ref" in node}
    for reference in referred:
        target = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
    schemas = document["components"]["schemas"]
    assert referred == {f"#/components/schemas/{name}" for name in schemas}


def test_every_schema_is_json_schema(document: Any) -> None:
    """Valid by the meta-schema of draft 2020-12, as OpenAPI 3.1 requires."""
    schemas = [node["schema"] for node in walk(document) if isinstance(node.get("schema"), dict)]
    schemas += document["components"]["schemas"].values()
    for schema in schemas:
        jsonschema_rs.meta.validate({"$schema": DRAFT} | schema)


def test_operation_ids_are_unique(document: Any) -> None:
    """Generators name the methods of clients after them."""
    ids = [operation["operationId"] for operation in described(document).values()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", each) for each in ids)


def test_every_operation_is_described(document: Any, operations: list[Operation]) -> None:
    """Each operation is on its path, with its responses and all its problems."""
    found = described(document)
    assert len(found) == len(operations)
    for each in operations:
        operation = found[each.method.lower(), PREFIX + each.path]
        expected = {str(status) for status in each.answers}
        always = ["unavailable", "rate-limited", "internal"]
        if each.scope is not None:
            always += ["unauthorized", "forbidden"]
        for slug in (*each.problems, *always):
            expected.add(str(TYPES[slug].status))
            assert f"(`{slug}`)" in operation["responses"][str(TYPES[slug].status)]["description"]
        assert set(operation["responses"]) == expected
        assert ("security" in operation) == (each.scope is not None)
        assert ("requestBody" in operation) == (each.body is not None)


def test_parameters_match_the_path(document: Any) -> None:
    """Path parameters are required, and no parameter comes twice."""
    for (_, path), operation in described(document).items():
        parameters = operation["parameters"]
        keys = [(each["in"], each["name"]) for each in parameters]
        assert len(set(keys)) == len(keys)
        in_path = {each["name"] for each in parameters if each["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))
        assert all(each.get("required") for each in parameters if each["in"] == "path")
        assert all(each["schema"] != {"type": "null"} for each in parameters)


def test_every_response_is_described(document: Any) -> None:
    """Bodies have a schema; 204 and 304 are empty."""
    for operation in described(document).values():
        for status, response in operation["responses"].items():
            assert response["description"].strip()
            assert ("content" in response) == (status not in {"204", "304"})
            for content in response.get("content", {}).values():
                assert content["schema"]


def test_every_route_is_described(app: Flask, document: Any) -> None:
    """Every operation has a route. Other routes are open to everybody."""
    served = {
        (method.lower(), re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
    }
    open_to_all = {
        ("get", "/v1/openapi.json"),
        ("get", "/v1/problems/{slug}"),
        ("get", "/"),
    }
    assert served == set(described(document)) | open_to_all
