"""The sources of a preview's fields: a page with its structured data."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.listing import is_listing
from splitflap_scraper.preview.structured.graph import Graph
from splitflap_scraper.preview.structured.jsonld import Node
from splitflap_scraper.preview.structured.microdata import Microdata
from splitflap_scraper.preview.structured.topic import (
    Identity,
    page_of,
    site_of,
    topic_of,
)
from splitflap_scraper.preview.urls import is_front_page

#: Properties of a text. A page that lists others has them from its template.
_OF_TEXT = frozenset({"author", "creator", "datePublished", "dateCreated", "uploadDate"})


@dataclass(frozen=True, slots=True)
class Sources:
    """A page, its JSON-LD, and its microdata.

    `topic` and `own` describe the page in JSON-LD: its topic, and the page itself. The articles and
    times of a page that lists others, such as a front page, are those of teasers.
    """

    page: Document
    graph: Graph
    topic: Node | None
    own: Node | None
    microdata: Microdata
    identity: Identity
    #: The site and its owner in JSON-LD, on the site's front page.
    site: list[Node]
    #: The nodes of the topic and of the page, if they are known.
    nodes: list[Node]

    @classmethod
    def of(cls, page: Document, urls: list[str]) -> "Sources":
        """Parse the structured data of a page. `urls` are the page's own URLs."""
        after = page.pace.after
        urls = list(dict.fromkeys(urls))
        graph = after(Graph(page.scripts, page.pace))
        identity = _identity(page, urls)
        microdata = after(Microdata(page, identity))
        is_list = microdata.is_listing or after(
            is_listing(page, graph, identity, has_item=microdata.is_of_heading)
        )
        if is_list:
            identity = replace(identity, is_listing=True)
            microdata = after(Microdata(page, identity))
        topic, own = topic_of(graph, identity), page_of(graph, identity)
        nodes = [each for each in (topic, own) if each]
        site = list(site_of(graph, identity))
        return cls(page, graph, topic, own, microdata, identity, site, nodes)

    @property
    def is_listing(self) -> bool:
        """Whether the page lists others."""
        return self.identity.is_listing

    @property
    def node(self) -> Node | None:
        """The node of the page's topic, else of the page itself."""
        return self.topic or self.own

    def values(self, *names: str) -> list[Any]:
        """Return the values of the first of these properties, by the topic, then by the page."""
        for node in self._with(names):
            if found := list(self.graph.values(node, *names)):
                return found
        return []

    def json_ld(self, *names: str) -> list[str]:
        """Return the texts of the first of these properties, by the topic, then by the page."""
        for node in self._with(names):
            if found := self.graph.texts(node, *names):
                return found
        return []

    def names(self) -> list[str]:
        """Return the titles in JSON-LD. Some wikis have a description for the headline."""
        headlines, names = self.json_ld("headline", "name"), self.json_ld("name")
        has = self.identity.has_title
        return names if any(map(has, names)) and not any(map(has, headlines)) else headlines

    def _with(self, names: tuple[str, ...]) -> list[Node]:
        """Return the nodes with these properties. The date and author of a list mean little."""
        is_of_topic = self.is_listing and not _OF_TEXT.isdisjoint(names)
        return self.nodes[: self.topic is not None] if is_of_topic else self.nodes

    def of_site(self, *names: str) -> Iterator[str]:
        """Yield the texts of these properties of the site, on its front page."""
        for node in self.site:
            yield from self.graph.texts(node, *names)


def _own_urls(url: str, urls: list[str]) -> tuple[str, ...]:
    """Return the URLs of a page. Some sites declare their front page for all their pages."""
    if len(urls) == 1 or is_front_page(url):
        return tuple(urls)
    return tuple(each for each in urls if not is_front_page(each)) or (url,)


def _identity(page: Document, urls: list[str]) -> Identity:
    titles = (*page.meta("og:title", "twitter:title")[:2], *page.titles[:1])
    headings = tuple(each.text for each in page.headings if each.name == "h1")[:2]
    own = _own_urls(page.url, urls)
    return Identity(own, titles, headings, page.language or "", pace=page.pace)
