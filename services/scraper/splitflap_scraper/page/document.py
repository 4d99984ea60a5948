"""A page for the fields of a preview: its relevant elements and excerpts."""

from dataclasses import dataclass, field

from splitflap_core.urls.web_url import BadUrl, WebUrl, joined, known_url

from splitflap_scraper.page.attributes.image_sources import sources_of
from splitflap_scraper.page.attributes.references import mended
from splitflap_scraper.page.charsets import TextDecoder
from splitflap_scraper.page.layout.elements import visible
from splitflap_scraper.page.markup import (
    MAX_VALUE,
    attributes,
    text_of,
    unescaped_values,
)
from splitflap_scraper.page.pace import Pace

#: Least characters of a paragraph of an article.
MIN_PARAGRAPH = 80

#: Longest reference, in characters.
MAX_REFERENCE = 8000


def _value(attributes: dict[str, str], name: str) -> str:
    value = attributes.get(name)
    return value[:MAX_VALUE].strip() if value else ""


def decoded_attributes(tag: str, decoder: TextDecoder) -> dict[str, str]:
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
    def is_long(self) -> bool:
        """Whether the text is as long as a paragraph of an article."""
        return len(self.text.strip()) >= MIN_PARAGRAPH

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
            self._attributes = decoded_attributes(self._tag, self._decoder)
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
