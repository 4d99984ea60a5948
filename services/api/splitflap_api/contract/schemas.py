"""JSON Schemas of the models, in the form that generators of clients understand best."""

import inspect
from collections.abc import Sequence
from typing import Any

import msgspec

Schema = dict[str, Any]

_REF = "#/components/schemas/{name}"
_NULL = {"type": "null"}


def schemas_of(models: Sequence[Any]) -> tuple[list[Schema], dict[str, Schema]]:
    """A schema for each model, and the components that they refer to."""
    schemas, components = msgspec.json.schema_components(models, ref_template=_REF)
    named: dict[str, Schema] = {}
    for name, schema in components.items():
        named[name] = _mended(schema, named)
        named[name].pop("title", None)
    return [_mended(each, named) for each in schemas], named


def _mended(schema: Schema, named: dict[str, Schema]) -> Schema:
    """The schema, with its inner schemas, in the form that generators understand."""
    schema = {name: _inner(name, value, named) for name, value in schema.items()}
    for mend in (_described, _portable, _typed_enum, _alternatives):
        schema = mend(schema)
    return _shared(schema, named)


def _inner(name: str, value: Any, named: dict[str, Schema]) -> Any:
    match name:
        case "properties":
            return {field: _mended(schema, named) for field, schema in value.items()}
        case "items":
            return _mended(value, named)
        case "anyOf":
            return [_mended(each, named) for each in value]
    return value


def _described(schema: Schema) -> Schema:
    """The description says the default.

    Generators take a field with the keyword `default` for one that is always present.
    """
    schema = dict(schema)
    description = inspect.cleandoc(schema.pop("description", ""))
    if (default := schema.pop("default", None)) not in {None, ""}:
        shown = msgspec.json.encode(default).decode().strip('"')
        description = f"{description} Default: `{shown}`.".strip()
    return {**schema, "description": description} if description else schema


def _portable(schema: Schema) -> Schema:
    """The pattern is read as JavaScript does."""
    if "pattern" not in schema:
        return schema
    # Only Python knows `\Z`; elsewhere `$` has this meaning (Form.regex).
    return {**schema, "pattern": schema["pattern"].replace(r"\Z", "$")}


def _typed_enum(schema: Schema) -> Schema:
    """Msgspec names no type: generators then make a value of any type."""
    if "enum" not in schema:
        return schema
    if len(schema["enum"]) == 1:
        (value,) = schema.pop("enum")
        return {"type": "string", "const": value, **schema}
    return {"type": "string", **schema}


def _alternatives(schema: Schema) -> Schema:
    """Models with a tag exclude each other. Null joins one type, but not a reference."""
    if "anyOf" not in schema:
        return schema
    if "discriminator" in schema:
        return {("oneOf" if name == "anyOf" else name): of for name, of in schema.items()}
    options = [each for each in schema["anyOf"] if each != _NULL]
    option = options[0]
    if len(options) > 1 or "type" not in option:
        return schema
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**option, **rest, "type": [option["type"], "null"]}


def _shared(schema: Schema, named: dict[str, Schema]) -> Schema:
    """A reference to an enumeration or union with a title, which becomes a component of `named`."""
    if ("enum" in schema or "oneOf" in schema) and (title := schema.pop("title", None)):
        named[title] = schema
        return {"$ref": _REF.format(name=title)}
    return schema
