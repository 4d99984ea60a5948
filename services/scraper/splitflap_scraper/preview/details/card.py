"""The card of a picture, and the text that stands for the picture."""

from collections.abc import Iterator
from typing import Any

from splitflap_core.contracts import MAX_DESCRIPTION, Card
from splitflap_core.urls.addresses import AddressRules

from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.fields.image import Picture
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.structured.jsonld import text_in
from splitflap_scraper.preview.texts import key, plain
from splitflap_scraper.preview.urls import shown

#: Images of one source that are compared with the picture of the card.
MAX_COMPARED = 4

#: Texts of templates in place of a description.
_NO_TEXTS = frozenset({"", "image", "img", "logo", "photo", "picture", "thumbnail", "null",
                       "undefined", "ogimage", "featuredimage", "coverimage"})  # fmt: skip

#: Names of Twitter's cards, with ours.
_CARDS: dict[str, Card] = {
    "summary": "summary",
    "app": "summary",
    "summary_large_image": "large",
    "summary_large": "large",
    "photo": "large",
    "gallery": "large",
    "player": "large",
}

#: Least width of a picture above the text (pixels), and its least ratio of width to height.
LEAST_WIDTH = 600
LEAST_RATIO = 1.3


def card(sources: Sources, picture: Picture) -> Card | None:
    """Return the card that the page asks for, else the one that its picture fits.

    None without a picture, or with one of unknown size.
    """
    if not picture.url:
        return None
    return asked_card(sources.page) or card_of(picture.width, picture.height)


def asked_card(page: Document) -> Card | None:
    """Return the card that a page asks for, or None."""
    names = (name.strip().lower() for name in page.meta("twitter:card"))
    return next((_CARDS[name] for name in names if name in _CARDS), None)


def card_of(width: int | None, height: int | None) -> Card | None:
    """Return the card for a picture of this size in pixels, or None for an unknown size."""
    if not width or not height:
        return None
    return "large" if width >= LEAST_WIDTH and width >= height * LEAST_RATIO else "summary"


def image_alt(sources: Sources, picture: Picture, rules: AddressRules) -> str | None:
    """Return the text for the picture, from the source that names this picture."""
    if not picture.url:
        return None
    page = sources.page
    for reference, text in map(page.pace.after, _described(sources)):
        # Most other pictures differ in their names, so few URLs are resolved.
        if _name(reference) not in picture.url or not (found := _text(text, picture.url)):
            continue
        if shown(page.resolved(reference), rules) == picture.url:
            return found
    return None


def _described(sources: Sources) -> Iterator[tuple[str, str]]:
    """Iterate over the pictures with a text."""
    page = sources.page
    yield from _first(_open_graph(page))
    alts = page.meta("twitter:image:alt")[:1]
    urls = page.meta("twitter:image", "twitter:image:src")[:1]
    yield from zip(urls, alts, strict=False)
    structured = sources.graph.urls(sources.node, "image", "primaryImageOfPage")
    yield from _first((url, _caption(about)) for url, about in structured)
    yield from (
        (each.source, each.get("alt")) for each in page.images if each.attributes.get("alt")
    )


def _open_graph(page: Document) -> Iterator[tuple[str, str]]:
    """Iterate over the pictures of Open Graph with the text after each (ogp.me, "arrays")."""
    names: list[str] = []
    for name, content in page.metas:
        if name == "og:image":
            names = [content]
        elif name in {"og:image:url", "og:image:secure_url"}:
            names.append(content)
        elif name == "og:image:alt":
            yield from ((url, content) for url in names[:3])


def _name(reference: str) -> str:
    return reference.partition("?")[0].rpartition("/")[2].strip()[:100]


def _first(pairs: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return (pair for _, pair in zip(range(MAX_COMPARED), pairs, strict=False) if pair[1])


def _caption(about: dict[str, Any]) -> str:
    return text_in(about.get("caption") or about.get("description")) or ""


def _text(text: str, url: str) -> str | None:
    found = plain(text, MAX_DESCRIPTION)
    if not found or key(found) in _NO_TEXTS or "://" in found:
        return None
    # Some programs write the name of the file.
    return None if found in url.rpartition("/")[2] else found
