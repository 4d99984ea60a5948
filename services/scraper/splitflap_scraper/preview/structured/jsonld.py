"""Reads the JSON-LD (schema.org) of real pages: graphs, references, lists, and broken JSON.

The limits are the scanner's (characters), Python's limit on nesting, and MAX_NODES.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from splitflap_scraper.page.vocabulary import MAX_JSON
from splitflap_scraper.preview.words import load
from splitflap_scraper.preview.words.types import Types

#: Nodes of a page, and values of a list. Real pages have a dozen relevant ones.
MAX_NODES = 300
MAX_VALUES = 20

#: Levels of nested nodes.
MAX_DEPTH = 4

_TYPES = load("types", Types)

#: Types of nodes, with the type of the preview; and their rank, if several nodes describe a page.
_KIND_OF = {name: kind for kind, names in _TYPES.schema_org.items() for name in names}
_RANK = {name: rank for rank, name in enumerate(_KIND_OF)}
#: Rank from which on a node counts only if no other describes the page.
_PAGES = _RANK["WebPage"]

#: Properties with the topic of the page.
_INNER = ("@graph", "mainEntity", "mainEntityOfPage", "itemReviewed", "blogPost")

_WRAPPED = re.compile(r"\A\s*(?:<!--|//<!\[CDATA\[|<!\[CDATA\[)?|(?:-->|//\]\]>|\]\]>|;)?\s*\Z")
_TRAILING_COMMA = re.compile(r",(?=\s{0,20}[}\]])")
_LOOSE = re.compile(
    r'"(headline|datePublished|uploadDate|description)"\s{0,9}:\s{0,9}"((?:[^"\\]|\\.){1,2000})"',
    re.DOTALL,
)
_LOOSE_AUTHOR = re.compile(
    r'"author"\s{0,9}:\s{0,9}\[?\s{0,9}\{[^{}]{0,500}?"name"\s{0,9}:\s{0,9}"((?:[^"\\]|\\.){1,200})"'
)
_LOOSE_TYPE = re.compile(r'"@type"\s{0,9}:\s{0,9}"(\w{1,40})"')

Node = dict[str, Any]


class Graph:
    """The nodes of a page's scripts, with an index by @id."""

    def __init__(self, scripts: Iterable[str]) -> None:
        self._by_id: dict[str, Node] = {}
        self.nodes: list[Node] = []
        for script in scripts:
            for top in _values(_parsed(script)):
                self._gather(top, 0)

    def add(self, top: Node) -> None:
        """Add a node with its nested nodes."""
        self._gather(top, 0)

    def _gather(self, value: Any, depth: int) -> None:
        if (
            not value
            or not isinstance(value, dict)
            or len(self.nodes) >= MAX_NODES
            or depth > MAX_DEPTH
        ):
            return
        self.nodes.append(value)
        name = value.get("@id")
        if isinstance(name, str) and len(value) > 1:
            self._by_id.setdefault(name, value)
        for inner in _INNER:
            # A graph may be long, and its last node the relevant one.
            values = value.get(inner)
            each = values[:MAX_NODES] if isinstance(values, list) else [values]
            for one in each:
                self._gather(one, depth + 1)

    def main(self, urls: Iterable[str]) -> Node | None:
        """Return the node of the page's topic: the first one of the most specific type.

        `urls` are the page's own URLs. A node with one of them wins.
        """
        own = {url.split("#")[0].rstrip("/") for url in urls}
        ranked = [
            (rank >= _PAGES, not self._is_of(node, own), rank, index)
            for index, node in enumerate(self.nodes)
            if (rank := min((_RANK[each] for each in types(node) if each in _RANK), default=None))
            is not None
        ]
        return self.nodes[min(ranked)[3]] if ranked else None

    def of_type(self, *names: str) -> Iterator[Node]:
        """Iterate over the nodes of these types."""
        return (node for node in self.nodes if not set(names).isdisjoint(types(node)))

    def values(self, node: Node | None, *names: str) -> Iterator[Any]:
        """Iterate over the values of the first of these properties. It follows references."""
        for name in names:
            found = [self._followed(each) for each in _values((node or {}).get(name))]
            if found:
                yield from found

    def texts(self, node: Node | None, *names: str) -> list[str]:
        """Return the values that are texts or named things."""
        return [found for each in self.values(node, *names) if (found := text_in(each))]

    def urls(self, node: Node | None, *names: str) -> Iterator[tuple[str, Node]]:
        """Iterate over the values that are URLs, with their objects, empty for a bare URL."""
        for each in self.values(node, *names):
            if isinstance(each, str):
                yield each, {}
            elif isinstance(each, dict):
                for key in ("url", "contentUrl", "@id"):
                    for url in _values(each.get(key)):
                        if isinstance(url, str):
                            yield url, each

    def _followed(self, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("@id"), str) and len(value) <= 2:  # noqa: PLR2004 - @type beside @id
            return self._by_id.get(value["@id"], value)
        return value

    def _is_of(self, node: Node, own: set[str]) -> bool:
        places = [
            value
            for name in ("url", "@id", "mainEntityOfPage")
            for value in _values(node.get(name))
        ]
        places += [each.get("@id") for each in places if isinstance(each, dict)]
        texts = [each.split("#")[0].rstrip("/") for each in places if isinstance(each, str)]
        # A node that has no URL belongs to this page.
        return not texts or not own.isdisjoint(texts)


def types(node: Node) -> list[str]:
    """Return the types of a node, stripped of their vocabulary."""
    return [
        re.split(r"[/#:]", each)[-1] for each in _values(node.get("@type")) if isinstance(each, str)
    ]


def kind(node: Node | None) -> str | None:
    """Return the type of the preview by the type of a node."""
    return next((_KIND_OF[each] for each in types(node or {}) if each in _KIND_OF), None)


def _values(value: Any) -> list[Any]:
    """Return the values of a property as a list."""
    if isinstance(value, dict) and isinstance(value.get("@list"), list):
        value = value["@list"]
    if isinstance(value, list):
        return [each for each in value[:MAX_VALUES] if each not in (None, "")]
    return [] if value in (None, "") else [value]


def text_in(value: Any) -> str | None:
    """Return a text, or the name of a thing, or None."""
    if isinstance(value, dict):
        value = value.get("name") or value.get("@value") or full_name(value)
    if isinstance(value, list):
        value = next(iter(value), None)
    if isinstance(value, float) and value.is_integer():
        # The parser reads all numbers as floats.
        value = int(value)
    return str(value) if isinstance(value, (str, int, float)) and value != "" else None


def single(value: Any) -> Any:
    """Unwrap a list of one value."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def full_name(person: Node) -> str:
    """Join the given and family name of a person. Empty if both are missing."""
    parts = (single(person.get("givenName")), single(person.get("familyName")))
    return " ".join(each for each in parts if isinstance(each, str))


def _parsed(script: str) -> Any:
    """Parse a script. For a truncated or broken one, find the main properties by patterns."""
    bare = _WRAPPED.sub("", script)
    if len(script) >= MAX_JSON:
        return _loose(bare)
    mended = _TRAILING_COMMA.sub("", bare)
    for attempt in dict.fromkeys((bare, mended)):
        try:
            # Line feeds in strings are common, but invalid in strict JSON.
            return json.loads(attempt, strict=False, parse_int=float)
        except (ValueError, RecursionError):
            continue
    return _loose(bare)


def _loose(script: str) -> Node:
    node: Node = {}
    for name, value in _LOOSE.findall(script):
        node.setdefault(name, _unquoted(value))
    if author := _LOOSE_AUTHOR.search(script):
        node["author"] = _unquoted(author[1])
    if node and (found := next((t for t in _LOOSE_TYPE.findall(script) if t in _KIND_OF), None)):
        node["@type"] = found
    return node


def _unquoted(string: str) -> str:
    try:
        value = json.loads(f'"{string}"', strict=False)
    except ValueError:
        return string
    return str(value)
