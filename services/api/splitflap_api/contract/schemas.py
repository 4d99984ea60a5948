"""JSON Schemas of the models, in the form that generators of clients understand best."""

from collections.abc import Sequence
from typing import Any

import msgspec

_REF = "#/components/schemas/{name}"


def schemas_of(models: Sequence[Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A schema for each model, and the components that they refer to."""
    schemas, components = msgspec.json.schema_components(models, ref_template=_REF)
    return [_mended(each) for each in schemas], _mended(components)


def _mended(node: Any) -> Any:
    if isinstance(node, list):
        return [_mended(each) for each in node]
    if not isinstance(node, dict):
        return node
    mended = {name: _mended(value) for name, value in node.items()}
    if isinstance(pattern := mended.get("pattern"), str):
        # Only Python knows `\Z`; elsewhere `$` has this meaning (Form.regex).
        mended["pattern"] = pattern.replace(r"\Z", "$")
    return mended
