"""A page for the fields of a preview: its pieces, decoded and parsed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from splitflap_core.urls.web_url import BadUrl, WebUrl, joined, known_url

from splitflap_scraper.page.attributes.image_sources import sources_of
from splitflap_scraper.page.attributes.rdfa import as_microdata
from splitflap_scraper.page.attributes.references import mended
from splitflap_scraper.page.charsets import TextDecoder
from splitflap_scraper.page.layout.elements import visible
from splitflap_scraper.page.markup import (
    MAX_VALUE,
    attributes,
    text_of,
    unescaped,
    unescaped_values,
)
from splitflap_scraper.page.pace import Pace
from splitflap_scraper.page.vocabulary import IMAGES, Piece

#: Longest reference, in characters.
MAX_REFERENCE = 8000


def _value(attributes: dict[str, str], name: str) -> str:
    value = attributes.get(name)
    return value[:MAX_VALUE].strip() if value else ""


def _decoded(tag: str, decoder: TextDecoder) -> dict[str, str]:
    """Return the attributes of a tag. Their references are replaced here, and only here."""
    read = attributes(tag)
    if not tag.isascii():
        read = {name: decoder.text(value) for name, value in read.items()}
    return unescaped_values(read) if "&" in tag else read


@dataclass(slots=True)
class Element:
    """A relevant element.

    It is not frozen: each would take 2 us more. Nothing changes it.
    """

    name: str
    attributes: dict[str, str]
    markup: str
    region: int
    #: The pace of the work for the page.
    pace: Pace = field(repr=False, compare=False)
    #: The numbers of the item of microdata around the element, and of its own item; 0 is no item.
    item: int = 0
    own: int = 0
    #: The number of the element among those of the page.
    index: int = 0
    _text: str | None = field(default=None, init=False, repr=False, compare=False)

    def get(self, name: str) -> str:
        """Return the value of an attribute, or an empty string."""
        return _value(self.attributes, name)

    @property
    def text(self) -> str:
        """The visible text of the element, with its white space."""
        # A cached property of the library would take a lock.
        if self._text is None:
            self._text = self.pace.after(text_of(visible(self.markup)))
        return self._text

    @property
    def sources(self) -> list[str]:
        """The sources of an image, also those for a script, the surest first."""
        return sources_of(self.get)

    @property
    def source(self) -> str:
        """The surest source of an image."""
        return next(iter(self.sources), "")


@dataclass(slots=True)
class Excerpt:
    """An excerpt, and the tag that it is about. They are decoded only if a field needs them."""

    _tag: str
    _inner: str
    region: int
    _decoder: TextDecoder = field(compare=False)
    _attributes: dict[str, str] | None = field(default=None, init=False, compare=False)
    _markup: str | None = field(default=None, init=False, compare=False)

    def get(self, name: str) -> str:
        """Return the value of an attribute of the tag, or an empty string."""
        if self._attributes is None:
            self._attributes = _decoded(self._tag, self._decoder)
        return _value(self._attributes, name)

    @property
    def markup(self) -> str:
        """The decoded markup."""
        if self._markup is None:
            self._markup = self._decoder.text(self._inner)
        return self._markup


@dataclass(slots=True)
class Document:
    """The relevant parts of a page."""

    url: str
    language: str | None = None
    base: str = ""
    metas: list[tuple[str, str]] = field(default_factory=list)
    links: list[Element] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    headings: list[Element] = field(default_factory=list)
    subheadings: list[Element] = field(default_factory=list)
    paragraphs: list[Element] = field(default_factory=list)
    #: The paragraphs, and the texts outside of paragraphs, in the order of the page.
    texts: list[Element] = field(default_factory=list)
    images: list[Element] = field(default_factory=list)
    times: list[Element] = field(default_factory=list)
    marked: list[Element] = field(default_factory=list)
    #: The markup around headings, before and after each, and elements with an author or a date.
    around_headings: list[tuple[Excerpt, Excerpt]] = field(default_factory=list)
    excerpts: list[Excerpt] = field(default_factory=list)
    #: The classes of the body.
    classes: str = ""
    scripts: list[str] = field(default_factory=list)
    #: The numbers of items that stand for the page itself; 0 is for elements outside of items.
    roots: set[int] = field(default_factory=lambda: {0})
    #: The content of a meta refresh, and of one within <noscript>.
    refresh: str | None = None
    refresh_without_scripts: str | None = None
    #: The pace of the work for this page.
    pace: Pace = field(default_factory=Pace, compare=False)
    #: Signs of walls anywhere in the page.
    wall_signs: frozenset[str] = frozenset()
    _by_name: dict[str, list[str]] = field(default_factory=dict)
    _by_relation: dict[str, list[Element]] = field(default_factory=dict)
    #: The targets of references by base and reference. Pages name the same image in many places.
    _targets: dict[tuple[str, str], WebUrl | None] = field(default_factory=dict)

    def meta(self, *names: str) -> list[str]:
        """Return the contents of metas with these names, name by name."""
        found: list[str] = []
        for name in names:
            if name in self._by_name:
                found += self._by_name[name]
        return found

    def metas_like(self, pattern: re.Pattern[str]) -> list[str]:
        """Return the contents of metas whose names a pattern finds, in the order of the page."""
        return [content for name, content in self.metas if pattern.search(name)]

    def add_meta(self, name: str, content: str) -> None:
        """Add the content of a meta."""
        self.metas.append((name, content))
        self._by_name.setdefault(name, []).append(content)

    def linked(self, relation: str) -> list[Element]:
        """Return the links with a relation, in the order of the page."""
        return self._by_relation.get(relation, [])

    def add_link(self, link: Element) -> None:
        """Add a link, with the first words of its `rel`."""
        self.links.append(link)
        for relation in set(link.attributes.get("rel", "")[:200].lower().split()):
            self._by_relation.setdefault(relation, []).append(link)

    def resolved(self, reference: str) -> str | None:
        """Resolve a reference to an absolute http or https URL without credentials, or None."""
        target = self.target(reference)
        return target.url if target else None

    def target(self, reference: str) -> WebUrl | None:
        """Return what `resolved` returns, with its parts."""
        key = (self.base or self.url, reference)
        if key not in self._targets:
            self._targets[key] = _target(*key, self.url)
        return self._targets[key]


def _target(base: str, reference: str, url: str) -> WebUrl | None:
    reference = mended(reference.strip(), url).strip()
    if not reference or len(reference) > MAX_REFERENCE:
        return None
    is_absolute = reference.startswith(("https://", "http://"))
    try:
        target = known_url(reference) if is_absolute else joined(base, reference)
    except BadUrl:
        return None
    return None if target.had_credentials else target


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
    read = _decoded(tag, decoder)
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
