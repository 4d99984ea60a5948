"""What a page's marked elements say: microdata, as nodes like those of JSON-LD.

An item within another is a value of that: the name of an offer's seller is none of the product's.
"""

from collections.abc import Iterator

from splitflap_scraper.page.document import Document, Element
from splitflap_scraper.preview.structured.jsonld import Graph, Node, kind, types

#: Characters of an element's properties, and of its types, that are looked at.
MAX_WORDS = 300

#: Properties as schema.org spells them; HTML pages do it in other cases too.
_NAMES = {
    name.lower(): name
    for name in (
        "headline", "name", "description", "author", "creator", "byArtist", "publisher",
        "datePublished", "dateCreated", "uploadDate", "image", "thumbnailUrl", "thumbnail",
        "contentUrl", "url", "mainEntity", "mainEntityOfPage", "blogPost", "givenName",
        "familyName", "width", "height", "inLanguage",
    )
}  # fmt: skip

#: What items in a page's frame are, or beside its text, and not what the page is about.
_FRAME = frozenset({
    "Organization", "Person", "ImageObject", "WPHeader", "WPFooter", "WPSideBar",
    "SiteNavigationElement", "BreadcrumbList", "Breadcrumb", "ItemList", "Comment", "UserComments",
    "Answer", "Offer", "Rating", "AggregateRating", "PostalAddress", "WebSite",
})  # fmt: skip

#: Properties whose item is what the page is about, whatever item that is in.
_MAIN = frozenset({"blogpost", "mainentity", "maincontentofpage"})


class Microdata:
    """The item that a page is about, and the properties that stand in no item."""

    def __init__(self, page: Document, urls: list[str]) -> None:
        """`urls` are the page's own."""
        self._is_any = bool(page.marked)
        self._loose: Node = {}
        self._graph = Graph(())
        nodes = {0: self._loose}
        tops: list[Node] = []
        headed: set[int] = set()
        for each in page.marked:
            properties = each.get("itemprop")[:MAX_WORDS].split()
            if each.own:
                node = nodes[each.own] = _item(each)
                if _is_top(properties) and _FRAME.isdisjoint(types(node)):
                    tops.append(node)
            for name in properties:
                known = _NAMES.get(name.lower())
                if known and each.item in nodes:
                    value = nodes[each.own] if each.own else _value(page, each, known)
                    nodes[each.item].setdefault(known, []).append(value)
                    if each.name == "h1":
                        headed.add(id(nodes[each.item]))
        for top in tops:
            self._graph.add(top)
        main = self._graph.main(urls) or next(iter(tops), None)
        alike = [each for each in tops if kind(each) == kind(main)]
        if len(alike) > 1:
            # Of a list's items, the page is about the one that has its URL or heading, or none.
            own = [each for each in alike if any(url in urls for url in each.get("url", ()))]
            own += [each for each in alike if id(each) in headed]
            main = next(iter(own), None)
        self._main = main

    @property
    def kind(self) -> str | None:
        """The type of a preview that the item makes, if it has one of its own."""
        found = kind(self._main)
        return found if found != "website" else None

    def texts(self, *names: str) -> list[str]:
        """Values that are texts, or have a name, of the first of these properties."""
        if not self._is_any:
            return []
        graph = self._graph
        return [*graph.texts(self._main, *names), *graph.texts(self._loose, *names)]

    def urls(self, *names: str) -> Iterator[tuple[str, Node]]:
        """Values that are URLs, or items with one, and these items."""
        yield from self._graph.urls(self._main, *names)
        yield from self._graph.urls(self._loose, *names)


def _is_top(properties: list[str]) -> bool:
    return not properties or properties[0].lower() in _MAIN


def _item(element: Element) -> Node:
    # Some items have a text instead of properties.
    said = element.get("content") or element.text.strip()
    return {"@type": element.get("itemtype")[:MAX_WORDS].split(), "@value": said}


def _value(page: Document, element: Element, name: str) -> str:
    """A property's value (HTML Standard, "Values"), also where it is not in its place."""
    if said := element.get("content") or element.get("datetime"):
        return said
    if name in {"image", "thumbnailUrl", "thumbnail", "contentUrl"}:
        return element.get("href") or element.source
    if name in {"url", "mainEntityOfPage"}:
        return page.resolved(element.get("href") or element.source) or ""
    if name.startswith(("date", "upload")) and element.get("title"):
        return element.get("title")
    return element.text
