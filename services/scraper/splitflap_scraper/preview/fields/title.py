"""The title of a page and the name of its site. Each helps to find the other."""

import re
from collections.abc import Iterable, Iterator

from splitflap_core.contracts import MAX_TITLE

from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.fields.site_name import (
    SITE_NAMES,
    TITLES,
    site_in_titles,
    site_name,
    site_of_feed,
)
from splitflap_scraper.preview.fields.title_text import (
    HOME,
    begins_a_section,
    ends_a_section,
    is_placeholder,
    is_telling,
    parts,
    without_end,
    without_generator,
    without_named_sections,
    without_sections,
    without_separator,
    without_site,
    without_title,
)
from splitflap_scraper.preview.headings import headings, last_headings
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.structured.jsonld import preview_type
from splitflap_scraper.preview.texts import key, plain
from splitflap_scraper.preview.urls import is_front_page
from splitflap_scraper.preview.words.metas import METAS

DESCRIPTIONS = ("description", "og:description", "twitter:description")

#: Least letters and digits of a description in the place of a title.
A_DESCRIPTION = 40

#: Short titles of the page that are searched for in longer ones.
MAX_OWN = 4

#: The part of a title that WordPress put between its site's name and its post, as a key.
_ARCHIVE = "blogarchive"

#: A page's name with its name space in a wiki.
_WIKI_ID = re.compile(r"[\w-]+(?::[\w-]+)+")


def title_and_site(sources: Sources) -> tuple[str | None, str | None]:
    """Return the title, stripped of the site's name, and that name."""
    page = sources.page
    site = site_name(sources)
    title = _title(_titles(sources), site, of_front=sources.identity.is_front)
    structured = [*sources.names(), *sources.microdata.texts("headline")]
    own = _own(page, structured)
    # Old pages have no heading of the first rank.
    known = own or last_headings(page)[:1]
    site = site or site_in_titles(page, title, known) or site_of_feed(page, title)
    return _fitting(sources, title, site, own), site


def _own(page: Document, structured: list[str]) -> list[str]:
    """Return possible titles that lack the site's name: headings and structured data."""
    texts = [*headings(page), *structured[:MAX_OWN]]
    return [alone for text in texts if (alone := plain(text, MAX_TITLE))]


def _title(titles: Iterable[str], site: str | None, *, of_front: bool) -> str | None:
    """Return the best of all titles, with the site's name still in it.

    A title with only the site's name is a fallback, since it is a common default. It is the title
    of the front page.
    """
    fallback = None
    for text in titles:
        # `plain` removes runs of white space first: they would take quadratic time.
        title = without_generator(plain(text, MAX_TITLE) or "")
        name = without_title(title)
        title = name or title
        if is_placeholder(title):
            continue
        is_of_site = name is not None or key(title) == key(site or "")
        if key(title) not in HOME and (of_front or not is_of_site):
            return title
        fallback = fallback or title
    return fallback


def _titles(sources: Sources) -> Iterator[str]:
    page = sources.page
    if _is_of_front_page(page):
        yield from page.titles
    yield from page.meta(*TITLES)
    described = [key(each[:MAX_TITLE]) for each in page.meta(*DESCRIPTIONS)[:MAX_OWN]]
    headlines = [each for each in sources.names() if not _is_among(each, described)]
    marked = [
        each for each in sources.microdata.texts("headline") if not _is_among(each, described)
    ]
    if preview_type(sources.node) not in {"website", "profile"}:
        yield from headlines
    yield from marked
    yield from page.meta(*METAS["paper_titles"])
    yield from page.titles
    yield from page.meta(*METAS["titles"])
    yield from headlines
    yield from headings(page)
    yield from sources.microdata.texts("name")
    yield from last_headings(page)


def _is_among(title: str, descriptions: list[str]) -> bool:
    """Whether a title is a description, or its begin."""
    letters = key(title[:MAX_TITLE])
    return len(letters) >= A_DESCRIPTION and any(each.startswith(letters) for each in descriptions)


def _is_of_front_page(page: Document) -> bool:
    """Whether a page has the Open Graph of its site's front page. Some generators do that."""
    og_url = next(iter(page.meta("og:url")), "")
    target = page.resolved(og_url) if og_url else None
    return target is not None and is_front_page(target) and not is_front_page(page.url)


def _fitting(sources: Sources, title: str | None, site: str | None, own: list[str]) -> str | None:
    """Strip the site's name and its sections from a title."""
    if not title:
        return title
    page = sources.page
    bare = _without_site(page, without_separator(title), site) if site else title
    bare = without_named_sections(bare, _sections(sources))
    if len(parts(bare)) > 1:
        bare = without_end(bare, {key(each) for each in sources.json_ld("author")[:1]})
    if site:
        bare = _of_heading(bare, site, own, is_stripped=bare != title) or bare
    if _WIKI_ID.fullmatch(bare):
        return next((text for each in headings(page) if (text := plain(each, MAX_TITLE))), bare)
    return site if site and key(bare) in HOME else bare


def _without_site(page: Document, title: str, site: str) -> str:
    named = page.meta("twitter:site", "application-name", *SITE_NAMES)
    names = [site, *(text for text in named if text)]
    pieces = parts(title)
    if len(pieces) > 1 and pieces[-1] != site and _is_short_for(pieces[-1], site):
        names.append(pieces[-1])
    return without_site(without_sections(title, site), dict.fromkeys(names))


def _of_heading(title: str, site: str, own: list[str], *, is_stripped: bool) -> str | None:
    """Return the page's own heading, if the title has sections of the site around it."""
    for alone in own[:MAX_OWN]:
        begin, found, end = title.partition(alone)
        if not found or (begin and end.strip()):
            continue
        is_sure = is_telling(alone) and (is_stripped or key(site) in key(end))
        if end.strip() and is_sure and begins_a_section(end):
            return alone
        # A part before the heading, with the site's name in it, is a section too.
        is_sure = is_telling(alone) and is_stripped and ends_a_section(begin)
        if begin and (is_sure or key(site) in key(begin)):
            return alone
    return None


def _sections(sources: Sources) -> set[str]:
    """Return the names of the page's sections by its metadata, as keys."""
    named = [*sources.page.meta("article:section", "parsely-section", "section", "category"),
             *sources.json_ld("articleSection")]  # fmt: skip
    return {_ARCHIVE} | {
        letters for each in named[:MAX_OWN] if len(letters := key(each[:MAX_TITLE])) > 1
    }


def _is_short_for(name: str, site: str) -> bool:
    """Whether a name means a site: in another spelling, or by its first word."""
    return key(name) == key(site) or site.casefold().startswith(f"{name.casefold()} ")
