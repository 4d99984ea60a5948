"""The nodes of a page's structured data, with their references."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from splitflap_scraper.page.pace import Pace
from splitflap_scraper.preview.structured.jsonld import Node, parsed, text_in, types, values

#: Nodes of a page, and levels of nested ones. Real pages have a dozen relevant ones.
MAX_NODES = 300
MAX_DEPTH = 4

#: Properties with the topic of a page.
_TOPICS = ("mainEntity", "mainEntityOfPage", "blogPost", "blogPosts")

#: Types of nodes with parts of the page for values of `mainEntity`.
_WITH_PARTS = frozenset({"FAQPage", "ItemList", "CollectionPage"})

#: Keys of a reference.
_REFERENCE = frozenset({"@id", "@type"})


class Graph:
    """The nodes of a page's scripts, with an index by @id. `nodes` may describe the page."""

    def __init__(self, scripts: Iterable[str], pace: Pace | None = None) -> None:
        self._by_id: dict[str, Node] = {}
        self._indexed = 0
        self.nodes: list[Node] = []
        #: By identity, which holds as long as `nodes` hold them.
        self._types: dict[int, list[str]] = {}
        #: The main entities of pages, by identity and by @id.
        self._main: set[int] = set()
        self._main_ids: set[str] = set()
        for script in scripts:
            for text in parsed(script, pace or Pace()):
                # An array may be long, and its last node the relevant one.
                for top in _all(text):
                    self.add(top)

    def add(self, top: Any) -> None:
        """Add a node with its nested nodes."""
        self._gather(top, 0)
        self._index(top, 0)

    def _gather(self, value: Any, depth: int) -> None:
        is_node = isinstance(value, dict) and value
        if not is_node or len(self.nodes) >= MAX_NODES or depth > MAX_DEPTH:
            return
        self.nodes.append(value)
        self._types[id(value)] = types(value)
        for each in _all(value.get("@graph")):
            self._gather(each, depth + 1)
        for name in _TOPICS:
            inner = [each for each in _all(value.get(name)) if isinstance(each, dict)]
            # Several topics are a list.
            if len(inner) == 1 and _WITH_PARTS.isdisjoint(self._types[id(value)]):
                self._gather_topic(name, inner[0], depth)

    def _gather_topic(self, name: str, topic: Node, depth: int) -> None:
        if name == "mainEntity":
            self._main.add(id(topic))
            if isinstance(topic.get("@id"), str):
                self._main_ids.add(topic["@id"])
        if not _REFERENCE.issuperset(topic):
            self._gather(topic, depth + 1)

    def _index(self, value: Any, depth: int) -> None:
        """Index a node and the nodes inside it. A reference is no node."""
        if self._indexed >= MAX_NODES or depth > MAX_DEPTH:
            return
        if isinstance(value, list):
            for each in value[:MAX_NODES]:
                self._index(each, depth)
        elif isinstance(value, dict):
            self._indexed += 1
            name = value.get("@id")
            if isinstance(name, str) and not _REFERENCE.issuperset(value):
                self._by_id.setdefault(name, value)
            for each in value.values():
                if isinstance(each, (dict, list)):
                    self._index(each, depth + 1)

    def is_main(self, node: Node) -> bool:
        """Whether a page declares a node as its main entity."""
        name = node.get("@id")
        return id(node) in self._main or (isinstance(name, str) and name in self._main_ids)

    def of_type(self, wanted: AbstractSet[str]) -> Iterator[Node]:
        """Iterate over the nodes of these types."""
        return (node for node in self.nodes if not wanted.isdisjoint(self._types[id(node)]))

    def values(self, node: Node | None, *names: str) -> Iterator[Any]:
        """Iterate over the values of the first of these properties. It follows references."""
        for name in names:
            if node and (value := node.get(name)) is not None:
                yield from map(self._followed, values(value))

    def texts(self, node: Node | None, *names: str) -> list[str]:
        """Return the values that are texts or named things."""
        return [found for each in self.values(node, *names) if (found := text_in(each))]

    def urls(self, node: Node | None, *names: str) -> Iterator[tuple[str, Node]]:
        """Iterate over the values that are URLs, with their objects, empty for a bare URL.

        An @id is a name, even if it looks like a URL.
        """
        for each in self.values(node, *names):
            if isinstance(each, str):
                yield each, {}
            elif isinstance(each, dict):
                for key in ("contentUrl", "url", "thumbnailUrl"):
                    for url in values(each.get(key)):
                        if isinstance(url, str):
                            yield url, each

    def _followed(self, value: Any) -> Any:
        """Return the node that a value refers to: an object with an @id, or the @id alone."""
        if isinstance(value, str):
            return self._by_id.get(value, value) if "/" in value or "#" in value else value
        if isinstance(value, dict) and isinstance(value.get("@id"), str):
            named = self._by_id.get(value["@id"], value)
            return named if len(named) > len(value) else value
        return value


def _all(value: Any) -> list[Any]:
    """Return the values of a property with nodes."""
    return value[:MAX_NODES] if isinstance(value, list) else [value]
