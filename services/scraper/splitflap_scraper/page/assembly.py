"""Assembles a page from the pieces of the scanner: decodes and parses them."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, islice

from splitflap_scraper.page.attributes.rdfa import as_microdata
from splitflap_scraper.page.charsets import TextDecoder
from splitflap_scraper.page.document import Document, Element, Excerpt, decoded_attributes
from splitflap_scraper.page.markup import attributes, unescaped, unescaped_values
from splitflap_scraper.page.pace import Pace
from splitflap_scraper.page.vocabulary import IMAGES, Piece

_MICRODATA = frozenset({"itemprop", "itemtype"})

#: Classes of elements with the author of the page.
WRITERS = re.compile(r"byline|author", re.IGNORECASE)

#: Pieces that are added in one part of the work: 0.1 ms each at most.
PIECES_OF_STEP = 8

#: Pieces that repeat other pieces.
_EXCERPTS = frozenset({"before", "after", "excerpt", "body tag"})

_TAG = re.compile(r"<[^<>]*+>")
#: Letters beyond ASCII at an end.
_CUT = re.compile(r"[^\x00-\x7f]{1,4}\Z")

#: Metas read of a <noscript>.
MAX_METAS_WITHIN = 20
_META = re.compile(r"<meta\s[^<>]*+>", re.IGNORECASE | re.ASCII)

#: Attributes with the name of a meta, by precedence.
_META_NAMES = ("property", "name")

#: The list of each kind of element.
_LISTS = {
    "h1": "headings", "h2": "headings", "h3": "subheadings", "p": "paragraphs",
    "text": "texts", "time": "times", **dict.fromkeys(IMAGES, "images"),
}  # fmt: skip

#: Elements whose `property` is one of Open Graph.
_HEAD = frozenset({"meta", "link"})

#: Elements that stand for the page.
_ROOTS = frozenset({"html", "body"})


def document_of(
    pieces: Sequence[Piece],
    decoder: TextDecoder,
    url: str,
    wall_signs: frozenset[str] = frozenset(),
    pace: Pace | None = None,
) -> Document:
    """Decode and parse the pieces of the page at `url`. `pace` is that of its reader."""
    root = next((attributes(each.tag) for each in pieces if each.name == "html"), {})
    language = root.get("lang") or root.get("xml:lang")
    page = Document(url, language, wall_signs=wall_signs, pace=pace or Pace())
    with page.pace:
        _settle(pieces, decoder, language or "")
        for index, piece in enumerate(pieces):
            _add_piece(page, piece, index, decoder)
            if not index % PIECES_OF_STEP or "&" in piece.tag:
                page.pace.after(None)
    return page


def _add_piece(page: Document, piece: Piece, index: int, decoder: TextDecoder) -> None:
    """Decode a piece, and add it. `index` is its position in the page."""
    name, tag, inner, region, mark, item, own = piece
    if name in _EXCERPTS:
        _add_excerpt(page, name, Excerpt(tag, inner, region, decoder))
        return
    read = decoded_attributes(tag, decoder)
    if name not in _HEAD and ("property" in read or "typeof" in read):
        read |= as_microdata(read)
    if name in _ROOTS:
        page.roots.add(own)
    _add(page, Element(name, read, decoder.text(inner), region, page.pace, item, own, index), mark)


def _settle(pieces: Sequence[Piece], decoder: TextDecoder, language: str) -> None:
    metas = [each.tag for each in pieces if each.name == "meta"]
    foreign = [each for each in pieces if not each.inner.isascii()]
    # References stay: their letters are in no encoding yet.
    texts = (_TAG.sub(" ", each.inner) for each in foreign if each.name not in _EXCERPTS)
    tags = (each for each in metas if not each.isascii())
    # An excerpt may be cut within a character. It counts only in a page of few other letters.
    excerpts = (each.inner for each in foreign if each.name in {"after", "excerpt"})
    lines = (_TAG.sub(" ", _CUT.sub("", each)) for each in excerpts)
    decoder.settle(metas, chain(texts, tags, lines), language)


def _add(page: Document, element: Element, mark: bool) -> None:
    if mark or _is_marked(element):
        page.marked.append(element)
    if not mark:
        _add_kind(page, element)


def _add_kind(page: Document, element: Element) -> None:
    match element.name:
        case "meta":
            _add_meta(page, element)
        case "link":
            page.add_link(element)
        case "base":
            page.base = page.resolved(element.get("href")) or ""
        case "title":
            page.titles.append(unescaped(element.markup))
        case name if name in _LISTS:
            getattr(page, _LISTS[name]).append(element)
            if name == "p":
                page.texts.append(element)
        case "script":
            page.scripts.append(element.markup)
        case "noscript":
            page.refresh_without_scripts = page.refresh_without_scripts or _refresh_within(element)
            _add_metas_within(page, element)


def _add_excerpt(page: Document, name: str, excerpt: Excerpt) -> None:
    match name:
        case "before":
            page.around_headings.append((excerpt, excerpt))
        case "after":
            page.around_headings[-1] = (page.around_headings[-1][0], excerpt)
        case "excerpt":
            page.excerpts.append(excerpt)
        case _:
            page.classes = excerpt.get("class")


def _is_marked(element: Element) -> bool:
    """Whether a relevant element is marked too."""
    if element.name == "meta":
        return False
    about = element.attributes.get("class", "") if element.name == "p" else ""
    return not _MICRODATA.isdisjoint(element.attributes) or WRITERS.search(about) is not None


def _add_meta(page: Document, element: Element) -> None:
    content = element.get("content")
    if not content:
        return
    directive = element.get("http-equiv").lower() if "http-equiv" in element.attributes else ""
    if directive == "refresh":
        page.refresh = page.refresh or content
    # The properties of an item inside the page do not describe the page: see `Microdata`.
    keys = (*_META_NAMES, "itemprop") if element.item in page.roots else _META_NAMES
    for key in keys:
        if key in element.attributes:
            for name in element.attributes[key].lower().split():
                page.add_meta(name, content)
    if "itemprop" in element.attributes:
        page.marked.append(element)
    if directive == "content-language":
        page.add_meta("content-language", content)


def _add_metas_within(page: Document, element: Element) -> None:
    """Add the metas within a <noscript> of the head."""
    for tag in islice(_META.finditer(element.markup), MAX_METAS_WITHIN):
        found = unescaped_values(attributes(tag[0]))
        if "http-equiv" not in found:
            _add_meta(page, replace(element, name="meta", attributes=found, markup=""))


def _refresh_within(element: Element) -> str | None:
    markup = element.markup
    at = markup.lower().find("<meta")
    tag = unescaped_values(attributes(markup[at : markup.find(">", at) + 1])) if at >= 0 else {}
    is_refresh = tag.get("http-equiv", "").strip("\"'").lower() == "refresh"
    return tag.get("content") or None if is_refresh else None
