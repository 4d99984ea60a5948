"""Who has written a page."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from splitflap_scraper.page.document import WRITERS, Document, Element
from splitflap_scraper.page.markup import text_of
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.fields.site_name import is_of_host
from splitflap_scraper.preview.structured.jsonld import Graph, Node, full_name, text_in
from splitflap_scraper.preview.structured.microdata import Microdata
from splitflap_scraper.preview.texts import key, plain

#: Longest line of authors, in characters, and most of them that are named.
MAX_AUTHORS = 200
MOST = 10

#: Characters of a text that are looked at.
MAX_LOOKED = 2000

#: Longest name, in characters; what is longer is a sentence.
MAX_NAME = 80

_WORDS = r"(?:(?:written |posted |words |story |article )?by|автор)[\s:]+"
#: In other languages the word may be a name's first as well, as in "Di Wang" and "von der Heide".
_OTHER_WORDS = r"(?:von|par|por|di|door|av)"
_BY = re.compile(
    rf"^\s*(?:(?i:{_WORDS})|(?i:{_OTHER_WORDS})(?:\s*:\s*|\s+(?=[^\W\d_a-zß-ÿ]\S*\s+\S)))"
)
#: What is marked as a by-line begins with such a word, and no name.
_BY_IN_LINE = re.compile(rf"(?i)^\s*(?:{_WORDS}|{_OTHER_WORDS}[\s:]+)")
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
#: Where a byline's first line ends, and what stands between its name and more.
_BREAK = re.compile(r"<(?:br|/?p|/?div|time)(?=[\s/>])", re.IGNORECASE)
_AFTER_NAME = re.compile(
    r" ?[|\u00b7\u2022] ?| [\u2013\u2014-] |,? (?:on (?=[A-Z\d])|(?:am|le|il|el) (?=\d))"
)
#: It begins where nothing of it stands before, so that no letter is looked at twice.
_ADDRESS = re.compile(r"[<(]?(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}[>)]?")
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


def authors(page: Document, graph: Graph, node: Node | None, marked: Microdata) -> str | None:
    """The names of a page's authors, in their order, with commas between them."""
    for found in _sources(page, graph, node, marked):
        names: dict[str, str] = {}
        for text in found:
            for name in _names(text):
                names.setdefault(key(name), name)
        if names:
            return plain(", ".join(list(names.values())[:MOST]), MAX_AUTHORS)
    return None


def _sources(
    page: Document, graph: Graph, node: Node | None, marked: Microdata
) -> Iterator[Iterable[str]]:
    """What may name them, from the surest on."""
    yield [
        _given_first_of(each)
        for each in graph.values(node, "author", "creator", "byArtist", "director")
    ]
    yield [_given_first(each) for each in page.meta("citation_author", "citation_authors")]
    for name in _FIRST:
        yield page.meta(name)
    yield _labelled(page)
    for name in _OTHERS:
        yield [_given_first(each) if name.startswith("dc") else each for each in page.meta(name)]
    yield marked.texts("author", "creator", "byArtist")
    yield _bylines(page)
    yield _handles(page)


def _names(text: str) -> Iterator[str]:
    """A text's one name, or its names; none where it is no name."""
    # An address is no name, but may stand beside one.
    found = plain(_ADDRESS.sub("", _BY.sub("", text[:MAX_LOOKED])), MAX_AUTHORS)
    if found and found[0] == "(" and found[-1] == ")":
        found = found[1:-1]
    if not found or "://" in found or found.startswith(("www.", "/")) or key(found) in _NOBODY:
        return
    if len(found) > MAX_NAME and "," not in found and " and " not in found:
        return
    yield found


def _given_first_of(value: Any) -> str:
    """A node's name; of a person whose name has a comma, as people say it."""
    name = (text_in(value) or "")[:MAX_LOOKED]
    if not isinstance(value, dict) or "," not in name:
        return name
    if value.get("familyName") and value.get("givenName"):
        return full_name(value)
    family, _, given = name.partition(",")
    # "A B, C D" may be two people.
    is_one = len(family.split()) == 1 or len(given.split()) == 1
    return _given_first(name) if is_one else name


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


def _bylines(page: Document) -> list[str]:
    """Links to authors, then what is named like a byline; the first, for others are of comments."""
    usable = [
        each
        for each in page.marked
        if not each.region & PageRegion.ASIDE and "itemprop" not in each.attributes and not each.own
    ]
    linked = [each.text for each in usable if "author" in each.relations]
    linked += [each.get("content") or each.get("title") for each in page.linked("author")]
    named = [name for each in usable if _is_of_writer(each) and _is_name(name := _line(each))]
    return [text for text in [*linked, *named] if text.strip()][:1]


def _is_of_writer(element: Element) -> bool:
    about = element.get("class")
    return WRITERS.search(about) is not None and "comment" not in about.lower()


def _line(element: Element) -> str:
    """A byline's first line, without the date that may follow in it."""
    line = " ".join(text_of(_BREAK.split(element.markup, maxsplit=1)[0]).split())
    if "byline" in element.get("class").lower():
        line = _BY_IN_LINE.sub("", line)
    return _AFTER_NAME.split(line, maxsplit=1)[0].rstrip(" ,;:")


def _is_name(text: str) -> bool:
    words = _BY.sub("", text).split()
    # Names are short, and neither dates nor sentences.
    return 0 < len(words) <= 5 and not any(each.isdigit() or each == "by" for each in words)  # noqa: PLR2004


def _handles(page: Document) -> list[str]:
    """An account is better than nothing, unless it is the site's own, by its own word or name."""
    sites = {each.lower() for each in page.meta("twitter:site")}
    return [
        each
        for each in page.meta("twitter:creator")
        if each.lower() not in sites and each.strip("@") and not is_of_host(each, page.url)
    ]
