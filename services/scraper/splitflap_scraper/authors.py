"""Who has written a page."""

import re
from collections.abc import Iterable, Iterator

from splitflap_scraper.document import Document
from splitflap_scraper.jsonld import Graph, Node
from splitflap_scraper.texts import key, plain
from splitflap_scraper.vocabulary import Place

#: Longest line of authors, in characters, and most of them that are named.
MAX_AUTHORS = 200
MOST = 10

#: Longest name, in characters; what is longer is a sentence.
MAX_NAME = 80

_BY = re.compile(
    r"(?i)^\s*(?:(?:written |posted |words |story |article )?by|von|par|por|di|door|av|автор)[\s:]+"
)
_NOBODY = frozenset(
    [
        "admin",
        "administrator",
        "root",
        "editor",
        "webmaster",
        "user",
        "author",
        "anonymous",
        "staff",
        "guest",
        "unknown",
    ]
)
_FAMILY_FIRST = re.compile(r"^([^,\d]{2,40}), ([^,\d]{1,40})$")

_FIRST = ("article:author", "article:author:name", "og:article:author", "author")
_OTHERS = (
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "dcterms.creator",
    "dc.contributor",
    "byl",
    "og:author",
    "book:author",
    "music:musician_description",
    "music:musician_name",
    "video:director_name",
)


def authors(page: Document, graph: Graph, node: Node | None) -> str | None:
    """The names of a page's authors, in their order, with commas between them."""
    for found in _sources(page, graph, node):
        names: dict[str, str] = {}
        for text in found:
            for name in _names(text):
                names.setdefault(key(name), name)
        if names:
            return plain(", ".join(list(names.values())[:MOST]), MAX_AUTHORS)
    return None


def _sources(page: Document, graph: Graph, node: Node | None) -> Iterator[Iterable[str]]:
    """What may name them, from the surest on."""
    yield graph.texts(node, "author", "creator", "byArtist", "director")
    yield [_given_first(each) for each in page.meta("citation_author", "citation_authors")]
    for name in _FIRST:
        yield page.meta(name)
    yield _labelled(page)
    for name in _OTHERS:
        yield [_given_first(each) if name.startswith("dc") else each for each in page.meta(name)]
    yield _marked(page)
    yield _bylines(page)
    yield _handles(page)


def _names(text: str) -> Iterator[str]:
    """A text's one name, or its names; none where it is no name."""
    found = plain(_BY.sub("", text), MAX_AUTHORS)
    if not found or "://" in found or found.startswith(("www.", "/")) or key(found) in _NOBODY:
        return
    if len(found) > MAX_NAME and "," not in found and " and " not in found:
        return
    yield found


def _given_first(name: str) -> str:
    """As people say it: libraries write the family name first."""
    each_name = [each.strip() for each in name.split(";")]
    return ", ".join(_FAMILY_FIRST.sub(r"\2 \1", each) for each in each_name if each)


def _labelled(page: Document) -> list[str]:
    """Twitter cards may have two labels, each with a text of its own."""
    return [
        text
        for number in ("1", "2")
        for label in page.meta(f"twitter:label{number}")[:1]
        if re.match(
            r"(?i)written by|author|by\b|verfasst von|écrit par|escrito por|published by", label
        )
        for text in page.meta(f"twitter:data{number}")[:1]
    ]


def _marked(page: Document) -> list[str]:
    """Microdata: an author by name, or an item with one."""
    found, scope = [], False
    for each in page.marked:
        properties = each.get("itemprop").lower().split()
        is_author = not {"author", "creator", "byartist"}.isdisjoint(properties)
        if is_author and "itemscope" in each.attributes:
            scope = True
        elif is_author:
            found.append(each.get("content") or each.text)
        elif scope and "name" in properties:
            found.append(each.get("content") or each.text)
            scope = False
        elif "itemscope" in each.attributes:
            scope = False
    return found


def _bylines(page: Document) -> list[str]:
    """Links to authors, then what is named like a byline; the first, for others are of comments."""
    usable = [
        each
        for each in page.marked
        if not each.place & Place.ASIDE and "itemprop" not in each.attributes
    ]
    linked = [each.text for each in usable if "author" in each.relations]
    linked += [each.get("content") or each.get("title") for each in page.linked("author")]
    named = [each.text for each in usable if _is_name(each.text)]
    return [text for text in [*linked, *named] if text.strip()][:1]


def _is_name(text: str) -> bool:
    words = _BY.sub("", text).split()
    return 0 < len(words) <= 5 and not any(each.isdigit() for each in words)  # noqa: PLR2004 - names are short


def _handles(page: Document) -> list[str]:
    """An account is better than nothing, unless it is the site's own."""
    sites = {each.lower() for each in page.meta("twitter:site")}
    return [
        each
        for each in page.meta("twitter:creator")
        if each.lower() not in sites and each.strip("@")
    ]
