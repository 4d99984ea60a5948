"""The title of a page and the name of its site. Each helps to find the other."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from splitflap_core.contracts import MAX_SITE_NAME, MAX_TITLE

from splitflap_scraper.page.document import Document
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.fields.site_name import A_SENTENCE, feed_name, site_in
from splitflap_scraper.preview.fields.title_text import (
    HOME,
    begins_a_section,
    is_placeholder,
    parts,
    without_maker,
    without_sections,
    without_site,
)
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.structured.jsonld import kind
from splitflap_scraper.preview.texts import key, plain

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

FEEDS = ("application/rss+xml", "application/atom+xml", "application/feed+json")

#: Short titles of the page that are searched for in longer ones.
MAX_OWN = 4

#: A page's name with its name space in a wiki.
_WIKI_ID = re.compile(r"[\w-]+(?::[\w-]+)+")


def title_and_site(sources: Sources) -> tuple[str | None, str | None]:
    """Return the title, stripped of the site's name, and that name."""
    page = sources.page
    site = _site_name(sources)
    title = _title(_titles(sources), site)
    structured = [*sources.json_ld("headline", "name"), *sources.microdata.texts("headline")]
    own = _own(page, structured)
    site = site or _site_in_titles(page, title, own) or _site_of_feed(page, title)
    return _fitting(page, title, site, own), site


def _own(page: Document, structured: list[str]) -> list[str]:
    """Return possible titles that lack the site's name: headings and structured data."""
    texts = [*_headings(page), *structured[:MAX_OWN]]
    return [alone for text in texts if (alone := plain(text, MAX_TITLE))]


def _site_name(sources: Sources) -> str | None:
    page, graph = sources.page, sources.graph
    open_graph = page.meta(*SITE_NAMES)
    sites = [
        text
        for name in ("WebSite", "Blog")
        for each in graph.of_type(name)
        for text in graph.texts(each, "name")
    ]
    publishers = sources.json_ld("publisher", "isPartOf", "sourceOrganization")
    in_title = [name for text in page.titles[:1] if (name := _site_by_host(page, text))]
    houses = [each for each in sources.microdata.texts("publisher") if len(each) <= MAX_SITE_NAME]
    names = [*open_graph, *sites, *in_title, *publishers, *page.meta(*OTHER_SITE_NAMES), *houses]
    fitting = [each for each in names if not is_placeholder(each) and "://" not in each]
    return _first(fitting, MAX_SITE_NAME)


def _site_by_host(page: Document, text: str) -> str | None:
    title = plain(text, MAX_TITLE)
    return site_in(title, page.url, ()) if title else None


def _title(titles: Iterable[str], site: str | None) -> str | None:
    """Return the best of all titles, with the site's name still in it.

    A title with only the site's name is a fallback, since it is a common default.
    """
    fallback = None
    for text in titles:
        # `plain` removes runs of white space first: they would take quadratic time.
        title = without_maker(plain(text, MAX_TITLE) or "")
        if is_placeholder(title):
            continue
        if key(title) != key(site or "") and key(title) not in HOME:
            return title
        fallback = fallback or title
    return fallback


def _titles(sources: Sources) -> Iterator[str]:
    page = sources.page
    if _is_of_front_page(page):
        yield from page.titles
    yield from page.meta(*TITLES)
    if kind(sources.node) not in {"website", "profile"}:
        yield from sources.json_ld("headline", "name")
    yield from sources.microdata.texts("headline")
    yield from page.meta(*OTHER_TITLES[:2])
    yield from page.titles
    yield from page.meta(*OTHER_TITLES[2:])
    yield from sources.json_ld("headline", "name")
    yield from _headings(page)
    yield from sources.microdata.texts("name")


def _is_of_front_page(page: Document) -> bool:
    """Whether a page has the Open Graph of its site's front page. Some generators do that."""
    og_url = next(iter(page.meta("og:url")), "")
    about, here = urlsplit(page.resolved(og_url) or page.url), urlsplit(page.url)
    return about.path in {"", "/"} and not about.query and here.path not in {"", "/"}


def _headings(page: Document) -> list[str]:
    """Return the headings of the page, those of its article first."""
    usable = [each for each in page.headings if not each.region & PageRegion.ASIDE]
    ordered = sorted(
        usable,
        key=lambda each: (
            each.name,
            not each.region & PageRegion.ARTICLE,
            bool(each.region & PageRegion.HEADER),
        ),
    )
    return [each.text for each in ordered if each.name == "h1" or each.region & PageRegion.ARTICLE]


def _site_in_titles(page: Document, title: str | None, own: list[str]) -> str | None:
    """Return the site's name in the page's titles."""
    alone = [*own, *page.meta(*TITLES)]
    for text in [*page.titles[:1], title or ""]:
        cleaned = plain(text, MAX_TITLE)
        if cleaned and (name := site_in(cleaned, page.url, alone)):
            return plain(name, MAX_SITE_NAME)
    return None


def _site_of_feed(page: Document, title: str | None) -> str | None:
    """Return the site's name in the title of the first feed, unless it is the page's title."""
    feeds = (each for each in page.linked("alternate") if each.get("type") in FEEDS)
    name = next((name for each in feeds if (name := feed_name(each.get("title")))), None)
    return name if name and key(name) not in {key(title or ""), *HOME} else None


def _fitting(page: Document, title: str | None, site: str | None, own: list[str]) -> str | None:
    """Strip the site's name from a title. A front page's "Home" becomes the site's name.

    Sections of the site are stripped too: parts between the page's own title and the site's name,
    and parts with that name in them.
    """
    if not title or not site:
        return title
    names = [
        site,
        *(text for text in page.meta("twitter:site", "application-name", *SITE_NAMES) if text),
    ]
    pieces = parts(title)
    if len(pieces) > 1 and pieces[-1] != site and _is_short_for(pieces[-1], site):
        names.append(pieces[-1])
    bare = without_site(without_sections(title, site), names)
    for alone in own[:MAX_OWN]:
        rest = bare.removeprefix(alone)
        is_longer = rest != bare and len(key(alone)) >= A_SENTENCE and begins_a_section(rest)
        if is_longer and (bare != title or key(site) in key(rest)):
            return alone
        # A part before the page's own heading, with the site's name in it, is a section.
        begin, found, end = bare.partition(alone)
        if found and not end.strip() and begin and key(site) in key(begin):
            return found
    if _WIKI_ID.fullmatch(bare):
        return next((text for each in _headings(page) if (text := plain(each, MAX_TITLE))), bare)
    return site if key(bare) in HOME else bare


def _is_short_for(name: str, site: str) -> bool:
    """Whether a name means a site: in another spelling, or by its first word."""
    return key(name) == key(site) or site.casefold().startswith(f"{name.casefold()} ")


def _first(texts: Iterable[str], limit: int) -> str | None:
    return next((cleaned for text in texts if (cleaned := plain(text, limit))), None)
