"""Reads microdata as nodes like those of JSON-LD.

A nested item is a value of the item around it: a seller's name belongs to the offer, and not to the
product.
"""

import re
from collections.abc import Iterator

from splitflap_scraper.page.document import Document, Element
from splitflap_scraper.page.markup import text_of
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.structured.graph import Graph
from splitflap_scraper.preview.structured.jsonld import OWNERS, PARTS, Node, preview_type, types
from splitflap_scraper.preview.structured.topic import Identity, are_a_list, page_of, topic_of

#: Characters read of an element's properties, and of its types.
MAX_WORDS = 300

#: Properties in the spelling of schema.org. Pages use other cases too.
_NAMES = {
    name.lower(): name
    for name in (
        "headline", "name", "description", "author", "creator", "byArtist", "publisher",
        "datePublished", "dateCreated", "uploadDate", "image", "thumbnailUrl", "thumbnail",
        "contentUrl", "url", "mainEntity", "mainEntityOfPage", "blogPost", "givenName",
        "familyName", "width", "height", "inLanguage", "offers", "price", "lowPrice",
        "priceCurrency", "availability", "isFamilyFriendly", "embedUrl",
    )
}  # fmt: skip

#: Types of items around the page's text or beside it. They are not its topic.
_CHROME = PARTS | {"Organization", "Person"}

#: Properties for the topic of the page, at any depth.
_MAIN = frozenset({"blogpost", "mainentity", "maincontentofpage"})


#: The letters and signs of footnotes at a name.
_NOTE = re.compile(r"<sup(?=[\s>])[^<>]*+>[a-f,*\s\u2020\u2021\u00a7]{1,9}</sup\s?>", re.IGNORECASE)


class Microdata:
    """The item of the page's topic, and the properties outside of items."""

    def __init__(self, page: Document, identity: Identity) -> None:
        self._is_any = bool(page.marked)
        #: The properties outside of items.
        self._loose: Node = {}
        self._graph = Graph(())
        tops, headed = _items(page, identity, self._loose)
        for top in tops:
            self._graph.add(top)
        self._main = _main(self._graph, tops, identity, headed) if tops else None
        #: Whether one item has the heading of the page: an article, and no list of others.
        self.is_of_heading = (
            len(headed) == 1 and id(self._main) in headed and bool(self.preview_type)
        )
        #: Whether the items are a list, and none of them is the topic.
        self.is_listing = self._main is None and are_a_list(tops)

    @property
    def main(self) -> Node | None:
        """The item of the page's topic, if known."""
        return self._main

    @property
    def preview_type(self) -> str | None:
        """The type of the preview by the item's type, if it is specific."""
        found = preview_type(self._main)
        return found if found != "website" else None

    def texts(self, *names: str) -> list[str]:
        """Return the texts or names of the first of these properties."""
        if not self._is_any:
            return []
        graph = self._graph
        return [*graph.texts(self._main, *names), *graph.texts(self._loose, *names)]

    def urls(self, *names: str) -> Iterator[tuple[str, Node]]:
        """Iterate over the values that are URLs, with their items."""
        yield from self._graph.urls(self._main, *names)
        yield from self._graph.urls(self._loose, *names)


def _items(page: Document, identity: Identity, loose: Node) -> tuple[list[Node], set[int]]:
    """Return the items that may be the topic, and the identities of nodes with the page's heading.

    The properties outside of items are added to `loose`.
    """
    nodes = {0: loose}
    tops: list[Node] = []
    headed: set[int] = set()
    for each in page.marked:
        properties = each.get("itemprop")[:MAX_WORDS].split()
        if not properties and not each.own:
            continue
        if each.own:
            node = nodes[each.own] = _item(each)
            if _is_top(properties) and not _is_of_chrome(each, node):
                tops.append(node)
        owner = nodes.get(each.item)
        # In the body of a page that lists others, these may be the properties of teasers.
        is_of_teaser = owner is loose and identity.is_listing and each.region & PageRegion.BODY
        if owner is None or is_of_teaser:
            continue
        if _add_properties(page, owner, each, properties, nodes):
            headed.add(id(owner))
    return tops, headed


def _add_properties(
    page: Document, owner: Node, element: Element, properties: list[str], nodes: dict[int, Node]
) -> bool:
    """Add the properties of an element to its item, and return whether it is the heading."""
    known = dict.fromkeys(name for each in properties if (name := _NAMES.get(each.lower())))
    for name in known:
        value = nodes[element.own] if element.own else page.pace.after(_value(page, element, name))
        owner.setdefault(name, []).append(value)
    return bool(known) and element.name == "h1"


def _main(graph: Graph, tops: list[Node], identity: Identity, headed: set[int]) -> Node | None:
    """Return the item of the page's topic.

    An item with the page's heading describes the page. Several items are a list. A business without
    the heading is the owner of the site.
    """
    if main := topic_of(graph, identity):
        return main
    with_heading = [each for each in graph.nodes if id(each) in headed]
    if identity.is_listing:
        return None
    is_alone = len(tops) == 1 and OWNERS.isdisjoint(types(tops[0]))
    alone = tops[0] if is_alone else page_of(graph, identity)
    return next(iter(with_heading), alone)


def _is_top(properties: list[str]) -> bool:
    return not properties or properties[0].lower() in _MAIN


def _is_of_chrome(element: Element, node: Node) -> bool:
    """Whether an item stands around the text of the page. The owner of the site often does."""
    is_beside = element.region & (PageRegion.ASIDE | PageRegion.HEADER)
    names = types(node)
    if "typeof" in element.attributes and not names:
        return True  # RDFa of another vocabulary than schema.org
    return not _CHROME.isdisjoint(names) or (is_beside > 0 and not OWNERS.isdisjoint(names))


def _item(element: Element) -> Node:
    # Some items have only a text.
    text = element.get("content") or element.text.strip()
    return {"@type": element.get("itemtype")[:MAX_WORDS].split(), "@value": text}


def _value(page: Document, element: Element, name: str) -> str:
    """Return the value of a property (HTML Standard, "Values"), also from unusual attributes."""
    if value := element.get("content") or element.get("datetime"):
        return value
    if name in {"image", "thumbnailUrl", "thumbnail", "contentUrl"}:
        return element.get("href") or element.source
    if name in {"url", "mainEntityOfPage"}:
        return page.resolved(element.get("href") or element.source) or ""
    if name in {"availability", "embedUrl"}:
        return element.get("href") or element.text
    if name.startswith(("date", "upload")) and element.get("title"):
        return element.get("title")
    has_note = name in {"author", "creator", "name"} and "<sup" in element.markup
    return text_of(_NOTE.sub("", element.markup)) if has_note else element.text
