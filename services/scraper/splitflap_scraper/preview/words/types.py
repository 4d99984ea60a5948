"""The structure of types.toml."""

import msgspec


class Types(msgspec.Struct, frozen=True):
    """Types of schema.org by the type of the preview and by role, and types of Open Graph."""

    schema_org: dict[str, list[str]]
    roles: dict[str, list[str]]
    open_graph: dict[str, str]
