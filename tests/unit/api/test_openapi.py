"""The API's description: valid OpenAPI 3.1, and equal to the operations."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator
from splitflap_api.contract.operations import Operation
from splitflap_api.contract.paths import PREFIX
from splitflap_api.contract.problems import TYPES
from splitflap_api.http.app import MODULES
from splitflap_api.http.documents import DocumentViews
from splitflap_api.http.services import Services

DRAFT = "https://json-schema.org/draft/2020-12/schema"
METHODS = {"get", "put", "post", "delete", "patch", "head", "options", "trace"}

#: Routes that the document leaves out, with the reason.
NOT_DESCRIBED = {
    ("get", "/"): "it only tells where the document is",
    ("options", "/*"): "it only tells the methods of the server",
}

#: Fields of responses that may be absent.
OPTIONAL = {("ProblemBody", "errors"), ("ProblemBody", "reason")}


@pytest.fixture
def document(app: Flask) -> Any:
    """The description as it is served."""
    response = app.test_client().get("/v1/openapi.json")
    assert response.content_type == "application/json"
    return response.json


@pytest.fixture
def operations(services: Services) -> list[Operation]:
    """All operations."""
    others = [each for module in MODULES for each in module.operations(services)]
    return [*others, *DocumentViews(others).operations]


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
    assert set(document["components"]) <= {"schemas", "headers", "securitySchemes"}
    for path, item in document["paths"].items():
        assert path.startswith("/v1/")
        assert set(item) <= METHODS


def test_the_document_is_valid_openapi(document: Any) -> None:
    """By the meta-schema and the rules of OpenAPI 3.1."""
    OpenAPIV31SpecValidator(document).validate()


def test_every_reference_resolves(document: Any) -> None:
    """Every `$ref` has a target, and every schema and header has a reference."""
    referred = {node["$ref"] for node in walk(document) if "$ref" in node}
    components = document["components"]
    assert referred == {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "headers")
        for name in components[kind]
    }


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
        expected = {str(status) for status in each.answers} | {"default"}
        always = ["bad-request", "precondition-failed"]
        always += ["unavailable", "rate-limited", "internal"]
        if each.scope is not None:
            always += ["unauthorized", "forbidden"]
        for slug in (*each.problems, *always):
            expected.add(str(TYPES[slug].status))
            assert f"(`{slug}`)" in operation["responses"][str(TYPES[slug].status)]["description"]
        assert set(operation["responses"]) == expected
        assert operation["security"] == (
            [] if each.scope is None else [{"key": []}, {"session": []}]
        )
        assert ("requestBody" in operation) == (each.body is not None)


def test_every_problem_is_described(document: Any) -> None:
    """Some operation answers it, unless it is the answer to no operation."""
    texts = [
        response["description"]
        for operation in described(document).values()
        for response in operation["responses"].values()
    ]
    missing = {slug for slug in TYPES if not any(f"(`{slug}`)" in text for text in texts)}
    assert missing == {"method-not-allowed"}


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


def test_every_operation_has_a_declared_tag(document: Any) -> None:
    """Generators make one module or class of a client for each tag."""
    declared = [tag["name"] for tag in document["tags"]]
    used = [tag for each in described(document).values() for tag in each["tags"]]
    assert set(used) == set(declared)
    assert len(used) == len(described(document))
    assert all(re.fullmatch("[a-z]+", tag) for tag in declared)


def test_the_server_is_that_of_the_document(document: Any) -> None:
    """A relative URL holds behind every proxy and every name."""
    assert [server["url"] for server in document["servers"]] == ["/"]


def test_every_response_has_its_headers(document: Any) -> None:
    """Those of the rate limit everywhere; Retry-After, challenge and wait where they belong."""
    for operation in described(document).values():
        waits = "Prefer" in [each["name"] for each in operation["parameters"]]
        for status, response in operation["responses"].items():
            names = set(response["headers"])
            assert names >= {"RateLimit", "RateLimit-Policy"}
            assert ("Retry-After" in names) == (status in {"202", "429", "503"})
            assert ("WWW-Authenticate" in names) == (status in {"401", "403"})
            if waits and status in {"200", "201", "202", "409", "422"}:
                assert "Preference-Applied" in names


def test_problems_are_problem_json(document: Any) -> None:
    """Each status from 400 on has the one schema of problems."""
    for operation in described(document).values():
        for status, response in operation["responses"].items():
            if status >= "400":
                (content,) = response["content"].items()
                schema = {"$ref": "#/components/schemas/ProblemBody"}
                assert content == ("application/problem+json", {"schema": schema})


def test_ids_times_and_addresses_have_formats(document: Any) -> None:
    """Generators make types of them. A link stays as the text has it, so it has no format."""
    formats = {"type": "uri-reference", "file_size": "int64"}
    formats |= dict.fromkeys(("id", "job", "key_id", "post", "session_id", "task"), "uuid")
    formats |= dict.fromkeys(("at", "since", "until", "failing_since"), "date-time")
    formats |= dict.fromkeys(("canonical", "player"), "uri")
    # A proxy may be a path of the client's site.
    formats |= dict.fromkeys(("image", "icon"), "uri-reference")
    for name, schema in document["components"]["schemas"].items():
        for field, of in schema.get("properties", {}).items():
            expected = "date-time" if field.endswith("_at") else formats.get(field)
            if (name, field) != ("Preview", "type"):
                assert of.get("format") == expected, (name, field)


def test_fields_of_responses_are_always_present(document: Any) -> None:
    """A client need not tell an absent field from null."""
    sent = {
        name: of for name, of in document["components"]["schemas"].items() if "properties" in of
    }
    for name, schema in sent.items():
        if schema.get("additionalProperties") is False:
            continue  # a request
        absent = {(name, field) for field in set(schema["properties"]) - set(schema["required"])}
        assert absent <= OPTIONAL


def test_enumerations_have_a_type_and_one_schema(document: Any) -> None:
    """Otherwise they become values of any type, or another type of a client at each use."""
    enumerations = [node for node in walk(document) if "enum" in node or "const" in node]
    assert all(node["type"] == "string" for node in enumerations)
    values = [tuple(node["enum"]) for node in enumerations if "enum" in node]
    assert len(set(values)) == len(values)


def test_names_of_schemas_make_go_that_compiles(document: Any) -> None:
    """openapi-generator makes a function NewX of X, and constants of the values of a named enum."""
    schemas = document["components"]["schemas"]
    assert not [name for name in schemas if f"New{name}" in schemas]
    values = [value for schema in schemas.values() for value in schema.get("enum", ())]
    assert len(set(values)) == len(values)


def test_no_field_has_the_keyword_default(document: Any) -> None:
    """openapi-typescript would make it a field that every request must have."""
    assert not [node for node in walk(document["components"]) if "default" in node]


def test_null_is_a_type_beside_another(document: Any) -> None:
    """`anyOf` with null stays only beside a reference, which can have no second type."""
    for node in walk(document):
        if {"type": "null"} in node.get("anyOf", ()):
            assert [set(each) for each in node["anyOf"]] == [{"$ref"}, {"type"}]


def test_alternatives_are_told_apart_by_one_field(document: Any) -> None:
    """`kind` names the schema, so each body fits one alternative only."""
    schemas = document["components"]["schemas"]
    unions = {name: schema for name, schema in schemas.items() if "oneOf" in schema}
    assert set(unions) == {
        "PostOrTask",
        "BatchOrTask",
        "RenderOrTask",
        "PreviewOrTask",
        "FinalResponseOrTask",
    }
    for union in unions.values():
        assert union["discriminator"]["propertyName"] == "kind"
        mapping = union["discriminator"]["mapping"]
        assert [{"$ref": reference} for reference in mapping.values()] == union["oneOf"]
        for value, reference in mapping.items():
            tag = schemas[reference.rpartition("/")[2]]["properties"]["kind"]
            assert tag == {"type": "string", "const": value}


def test_the_lowest_success_has_the_schema_of_all(document: Any) -> None:
    """Some generators give an operation one type for all successes: that of the lowest status."""
    schemas = document["components"]["schemas"]
    for operation in described(document).values():
        successes = {
            status: content["schema"]
            for status, response in operation["responses"].items()
            if status.startswith("2")
            for content in response.get("content", {}).values()
        }
        if not successes:
            continue
        lowest, *others = (schema for _, schema in sorted(successes.items()))
        of_all = schemas.get(lowest.get("$ref", "").rpartition("/")[2], {}).get("oneOf", [lowest])
        for schema in others:
            alternatives = schemas[schema["$ref"].rpartition("/")[2]].get("oneOf", [schema])
            assert all(each in of_all for each in alternatives)


def test_no_parameter_is_a_constant(document: Any) -> None:
    """openapi-python-client leaves out operations with a parameter that is a `const`."""
    for operation in described(document).values():
        for parameter in operation.get("parameters", ()):
            assert "const" not in parameter["schema"], parameter["name"]


def test_every_route_is_described(app: Flask, document: Any) -> None:
    """Every operation has a route, and every route but those above has an operation."""
    served = {
        (method.lower(), re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
    }
    assert served == set(described(document)) | set(NOT_DESCRIBED)
