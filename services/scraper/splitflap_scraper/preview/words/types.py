"""Types of schema.org and Open Graph."""

import msgspec

from splitflap_scraper.preview.words import load


class Types(msgspec.Struct, frozen=True):
    """Types of schema.org by the type of the preview and by role, and types of Open Graph."""

    schema_org: dict[str, list[str]]
    roles: dict[str, list[str]]
    open_graph: dict[str, str]


TYPES = load("types", Types)
