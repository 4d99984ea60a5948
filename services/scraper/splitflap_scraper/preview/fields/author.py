"""The authors of a page."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from splitflap_core.contracts import MAX_AUTHORS

from splitflap_scraper.page.document import WRITERS, Document, Element
from splitflap_scraper.page.markup import text_of
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.fields.site_name import is_of_host
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.structured.jsonld import full_name, text_in
from splitflap_scraper.preview.texts import key, plain
from splitflap_scraper.preview.words import load

#: Authors in a preview, at most.
MAX_NAMES = 10

#: Characters read of a text.
MAX_TEXT = 2000

#: Longest name, in characters. A longer text is a sentence.
MAX_NAME = 80

_WORDS = r"(?:(?:written |posted |words |story |article )?by|автор)[\s:]+"
#: These words may begin a name too, as in "Di Wang" and "von der Heide".
_OTHER_WORDS = r"(?:von|par|por|di|door|av)"
_BY = re.compile(
    rf"^\s*(?:(?i:{_WORDS})|(?i:{_OTHER_WORDS})(?:\s*:\s*|\s+(?=[^\W\d_a-zß-ÿ]\S*\s+\S)))"
)
#: Starts of the text of an element marked as a byline.
_BY_IN_LINE = re.compile(rf"(?i)^\s*(?:{_WORDS}|{_OTHER_WORDS}[\s:]+)")
#: Names of accounts that are no person's name.
_ACCOUNTS = frozenset(load("authors", dict[str, list[str]])["accounts"])
#: Ends of a byline's first line, and ends of the name in it.
_BREAK = re.compile(r"<(?:br|/?p|/?div|time)(?=[\s/>])", re.IGNORECASE)
_AFTER_NAME = re.compile(
    r" ?[|\u00b7\u2022] ?| [\u2013\u2014-] |,? (?:on (?=[A-Z\d])|(?:am|le|il|el) (?=\d))"
)
#: A mail address. The look-behind keeps the search linear.
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


def authors(sources: Sources) -> str | None:
    """Return the names of a page's authors in their order, separated by commas."""
    for found in _candidates(sources):
        names: dict[str, str] = {}
        for text in found:
            for name in _names(text):
                names.setdefault(key(name), name)
        if names:
            return plain(", ".join(list(names.values())[:MAX_NAMES]), MAX_AUTHORS)
    return None


def _candidates(sources: Sources) -> Iterator[Iterable[str]]:
    """Iterate over the sources of names, the surest first."""
    page = sources.page
    yield [
        _given_first_of(each)
        for each in sources.values("author", "creator", "byArtist", "director")
    ]
    yield [_given_first(each) for each in page.meta("citation_author", "citation_authors")]
    for name in _FIRST:
        yield page.meta(name)
    yield _labelled(page)
    for name in _OTHERS:
        yield [_given_first(each) if name.startswith("dc") else each for each in page.meta(name)]
    yield sources.microdata.texts("author", "creator", "byArtist")
    if not sources.is_list:
        yield _bylines(page)
    yield _handles(page)


def _names(text: str) -> Iterator[str]:
    """Yield the name in a text, or the line of names."""
    # A mail address may stand beside a name.
    found = plain(_ADDRESS.sub("", _BY.sub("", text[:MAX_TEXT])), MAX_AUTHORS)
    if found and found[0] == "(" and found[-1] == ")":
        found = found[1:-1]
    if not found or "://" in found or found.startswith(("www.", "/")) or key(found) in _ACCOUNTS:
        return
    if len(found) > MAX_NAME and "," not in found and " and " not in found:
        return
    yield found


def _given_first_of(value: Any) -> str:
    """Return a node's name, with the given name first."""
    name = (text_in(value) or "")[:MAX_TEXT]
    if not isinstance(value, dict) or "," not in name:
        return name
    if value.get("familyName") and value.get("givenName"):
        return full_name(value)
    family, _, given = name.partition(",")
    # "A B, C D" may be two people.
    is_one = len(family.split()) == 1 or len(given.split()) == 1
    return _given_first(name) if is_one else name


def _given_first(name: str) -> str:
    """Put the given name first. Libraries write the family name first."""
    each_name = [each.strip() for each in name.split(";")]
    return ", ".join(_FAMILY_FIRST.sub(r"\2 \1", each) for each in each_name if each)


def _labelled(page: Document) -> list[str]:
    """Return the authors in a Twitter card, which has up to two labels with a text each."""
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
    """Return the first link to an author or byline. Later ones belong to comments."""
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
    """Return a byline's first line, up to a date in it."""
    line = " ".join(text_of(_BREAK.split(element.markup, maxsplit=1)[0]).split())
    if "byline" in element.get("class").lower():
        line = _BY_IN_LINE.sub("", line)
    return _AFTER_NAME.split(line, maxsplit=1)[0].rstrip(" ,;:")


def _is_name(text: str) -> bool:
    words = _BY.sub("", text).split()
    # A name is shorter than a sentence, and has no number as a date does.
    return 0 < len(words) <= 5 and not any(each.isdigit() or each == "by" for each in words)  # noqa: PLR2004


def _handles(page: Document) -> list[str]:
    """Return the account of the author on Twitter, unless it is the site's own."""
    sites = {each.lower() for each in page.meta("twitter:site")}
    return [
        each
        for each in page.meta("twitter:creator")
        if each.lower() not in sites and each.strip("@") and not is_of_host(each, page.url)
    ]
