"""A page's title and its site's name, which are told by each other."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from splitflap_scraper import microdata
from splitflap_scraper.document import Document
from splitflap_scraper.jsonld import Graph, Node, kind
from splitflap_scraper.texts import MAX_SITE_NAME, MAX_TITLE, key, plain
from splitflap_scraper.titles import (
    HOME,
    is_placeholder,
    parts,
    site_in,
    without_maker,
    without_site,
)
from splitflap_scraper.vocabulary import Place

TITLES = ("og:title", "twitter:title")
OTHER_TITLES = ("citation_title", "dc.title", "dcterms.title", "parsely-title", "sailthru.title",
                "hdl", "title")  # fmt: skip
SITE_NAMES = ("og:site_name",)
OTHER_SITE_NAMES = (
    "application-name",
    "apple-mobile-web-app-title",
    "citation_journal_title",
    "prism.publicationname",
    "dc.publisher",
    "citation_publisher",
    "publisher",
    "og:site",
    "al:ios:app_name",
    "al:android:app_name",
    "twitter:app:name:iphone",
)

#: What follows a title are the sections of its site.
_SECTION = re.compile(r"\s+[-\u2013\u2014|]\s")

#: Letters and digits of a heading that is surely the page's whole title.
A_SENTENCE = 10

#: A page's name with its name space, in wikis.
_WIKI_ID = re.compile(r"[\w-]+(?::[\w-]+)+")


def title_and_site(
    page: Document, graph: Graph, node: Node | None
) -> tuple[str | None, str | None]:
    """The page's title, without its site's name, and that name."""
    site = _site_name(page, graph, node)
    title = _title(page, graph, node, site)
    site = _first([site or "", _site_in_titles(page, title) or ""], MAX_SITE_NAME)
    return _fitting(page, title, site), site


def _site_name(page: Document, graph: Graph, node: Node | None) -> str | None:
    said = page.meta(*SITE_NAMES)
    sites = [text for each in graph.of_type("WebSite") for text in graph.texts(each, "name")]
    publishers = graph.texts(node, "publisher", "isPartOf", "sourceOrganization")
    in_title = [name for text in page.titles[:1] if (name := _site_by_host(page, text))]
    marked = [each for each in microdata.values(page, "publisher") if len(each) <= MAX_SITE_NAME]
    names = [*said, *sites, *in_title, *publishers, *page.meta(*OTHER_SITE_NAMES), *marked]
    fitting = [each for each in names if not is_placeholder(each) and "://" not in each]
    return _first(fitting, MAX_SITE_NAME)


def _site_by_host(page: Document, text: str) -> str | None:
    title = plain(text, MAX_TITLE)
    return site_in(title, page.url, ()) if title else None


def _title(page: Document, graph: Graph, node: Node | None, site: str | None) -> str | None:
    """The best of all titles, with the site's name still in it.

    One that only names the site is a site's default, unless no other says more.
    """
    fallback = None
    for text in _titles(page, graph, node):
        title = plain(without_maker(text), MAX_TITLE)
        if title is None or is_placeholder(title):
            continue
        if key(title) != key(site or "") and key(title) not in HOME:
            return title
        fallback = fallback or title
    return fallback


def _titles(page: Document, graph: Graph, node: Node | None) -> Iterator[str]:
    if _is_of_front_page(page):
        yield from page.titles
    yield from page.meta(*TITLES)
    if kind(node) not in {"website", "profile"}:
        yield from graph.texts(node, "headline", "name")
    yield from microdata.values(page, "headline")
    yield from page.meta(*OTHER_TITLES[:2])
    yield from page.titles
    yield from page.meta(*OTHER_TITLES[2:])
    yield from graph.texts(node, "headline", "name")
    yield from _headings(page)
    yield from microdata.values(page, "name")


def _is_of_front_page(page: Document) -> bool:
    """Whether a page has the Open Graph of its site's front page, as some generators give all."""
    said = next(iter(page.meta("og:url")), "")
    about, here = urlsplit(page.resolved(said) or page.url), urlsplit(page.url)
    return about.path in {"", "/"} and not about.query and here.path not in {"", "/"}


def _headings(page: Document) -> list[str]:
    """Headings of the page, those of its article first, and none of what stands beside it."""
    usable = [each for each in page.headings if not each.place & Place.ASIDE]
    ordered = sorted(
        usable,
        key=lambda each: (
            each.name,
            not each.place & Place.ARTICLE,
            bool(each.place & Place.HEADER),
        ),
    )
    return [each.text for each in ordered if each.name == "h1" or each.place & Place.ARTICLE]


def _site_in_titles(page: Document, title: str | None) -> str | None:
    """The site's name as the page's titles have it beside the page's own."""
    alone = [*_headings(page), *page.meta(*TITLES)]
    for text in [*page.titles[:1], title or ""]:
        cleaned = plain(text, MAX_TITLE)
        if cleaned and (name := site_in(cleaned, page.url, alone)):
            return name
    return None


def _fitting(page: Document, title: str | None, site: str | None) -> str | None:
    """A title without the site's name; a front page's "Home" is its site."""
    if not title or not site:
        return title
    names = [
        site,
        *(text for text in page.meta("twitter:site", "application-name", *SITE_NAMES) if text),
    ]
    pieces = parts(title)
    if len(pieces) > 1 and pieces[-1] != site and key(pieces[-1]) == key(site):
        names.append(pieces[-1])
    bare = without_site(title, names)
    for heading in _headings(page)[:2]:
        # What stands before the page's own heading, and has the site's name in it, is no title.
        own = plain(heading, MAX_TITLE) or title
        rest = bare.removeprefix(own)
        if rest != bare and len(key(own)) >= A_SENTENCE and _SECTION.match(rest):
            return own
        begin, found, end = bare.partition(own)
        if found and not end.strip() and begin and key(site) in key(begin):
            return found
    if _WIKI_ID.fullmatch(bare):
        return next((text for each in _headings(page) if (text := plain(each, MAX_TITLE))), bare)
    return site if key(bare) in HOME else bare


def _first(texts: Iterable[str], limit: int) -> str | None:
    return next((cleaned for text in texts if (cleaned := plain(text, limit))), None)
