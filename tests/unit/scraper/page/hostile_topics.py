"""Hostile pages for the choice of the topic and of the picture."""

import json
from typing import Any

_HOST = "https://b.example/"


def _graph(count: int, **values: Any) -> str:
    """Make a script with many nodes, each with a number in its texts."""
    nodes = [
        {name: _numbered(value, number) for name, value in values.items()}
        for number in range(count)
    ]
    return f"<script type=application/ld+json>{json.dumps({'@graph': nodes})}</script>"


def _numbered(value: Any, number: int) -> Any:
    if isinstance(value, list):
        return [_numbered(each, number) for each in value]
    return value.replace("%n", str(number)) if isinstance(value, str) else value


#: The start of a page, and the text repeated after it.
TOPICS = {
    "nodes with URLs": ("", _graph(290, url=[f"{_HOST}%n%6{n}" for n in range(15)])),
    "nodes with types": ("", _graph(290, **{"@type": ["Article"] * 19 + ["%n"]})),
    "nodes with long names": (
        f"<title>{'я' * 290}</title>",
        _graph(120, **{"@type": "Article"}, headline="я" * 160 + "%n"),
    ),
    "owners with logos": ("", _graph(290, **{"@type": "Person"}, logo=["/%n"] * 15)),
    "references to nodes": ("", _graph(290, **{"@type": "Article", "@id": "%n"}, image="#%n/")),
    "items of RDFa": ("<body>", "<i typeof=Article property='" + "name " * 50 + "'>a"),
    "linked headings": (
        "<body>",
        f"<h3><a {'a ' * 240}href={'x' * 300}>" + "<a " * 90 + "</a></h3>",
    ),
    "dated headings": ("<body>", "<h3>a</h3><time datetime=2020-01-01></time>"),
    "sources of pictures": ("<main>", "<picture><source srcset='" + "a 1w," * 700 + "'><img>"),
    "mistakes in references": (
        "",
        "<meta property=og:image content='" + "//https:/" * 400 + "a." * 1000 + "'>",
    ),
    "metas within a noscript": ("", "<noscript>" + "<meta name=a content=b>" * 170 + "</noscript>"),
}  # fmt: skip
