"""The sources of a preview's fields: a page with its structured data."""

from dataclasses import dataclass

from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.structured.jsonld import Graph, Node
from splitflap_scraper.preview.structured.microdata import Microdata


@dataclass(frozen=True, slots=True)
class Sources:
    """A page, its JSON-LD, and its microdata. `node` is the page's topic in JSON-LD, if known."""

    page: Document
    graph: Graph
    node: Node | None
    microdata: Microdata

    @classmethod
    def of(cls, page: Document, urls: list[str]) -> "Sources":
        """Parse the structured data of a page. `urls` are the page's own URLs."""
        graph = Graph(page.scripts)
        return cls(page, graph, graph.main(urls), Microdata(page, urls))

    def json_ld(self, *names: str) -> list[str]:
        """Return the texts of the first of these properties of the topic."""
        return self.graph.texts(self.node, *names)
