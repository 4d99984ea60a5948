"""What a page's marked elements say: microdata, told by the order of its elements."""

from collections.abc import Iterator

from splitflap_scraper.document import Document
from splitflap_scraper.jsonld import kind


def values(page: Document, *names: str) -> Iterator[str]:
    """Values of microdata, of the page's own item: not of one within it."""
    inside = False
    for each in page.marked:
        properties = each.get("itemprop").lower().split()
        if "itemscope" in each.attributes and properties:
            inside = True
            if "publisher" in names and "publisher" in properties:
                yield from _inner_name(page, each)
        if not set(properties).isdisjoint(names) and "itemscope" not in each.attributes:
            ambiguous = not {"name", "description"}.isdisjoint(properties)
            if not (inside and ambiguous):
                yield each.get("content") or each.get("datetime") or each.text


def _inner_name(page: Document, scope: object) -> Iterator[str]:
    seen = False
    for each in page.marked:
        if each is scope:
            seen = True
        elif seen and each.get("itemprop") == "name":
            yield each.get("content") or each.text
            return


def type_of(page: Document) -> str | None:
    """The type of the first microdata item that has one of its own."""
    for each in page.marked:
        if each.get("itemtype") and each.get("itemprop").lower() in {"", "blogpost", "mainentity"}:
            found = kind({"@type": each.get("itemtype")})
            if found and found != "website":
                return found
    return None
