"""The structure of types.toml."""

import msgspec


class Types(msgspec.Struct, frozen=True):
    """Types of pages in schema.org, by the type of the preview, and in Open Graph."""

    schema_org: dict[str, list[str]]
    open_graph: dict[str, str]
