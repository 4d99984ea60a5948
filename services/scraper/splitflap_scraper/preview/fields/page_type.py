"""The type of a page."""

import re

from splitflap_scraper.page.document import Document, Element, Excerpt
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.listing import has_class_of_post
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.structured.jsonld import preview_type
from splitflap_scraper.preview.words.metas import METAS
from splitflap_scraper.preview.words.types import TYPES

_OF_CHANGE = re.compile(r"(?i)modif|(?<!dt-)updated(?!.*publi)|last-?up")
_ARTICLES = frozenset({"article", "news", "newsarticle", "blogposting", "story", "text.article"})


def page_type(sources: Sources, declared: str | None) -> str:
    """Return the declared type. A page with a time in its article is an article."""
    if declared is not None:
        return declared
    may_be_article = not sources.is_listing and not sources.page.meta("og:type")
    is_dated = may_be_article and any(_is_first(sources.page, each) for each in sources.page.times)
    return "article" if is_dated else "website"


def declared_type(sources: Sources) -> str | None:
    """Return the type by Open Graph, other metas, or structured data, or None."""
    page = sources.page
    og_type = next(iter(page.meta("og:type")), "").lower()
    # The part before a dot or colon is the general type, as in "video.movie".
    general = og_type.partition(".")[0].partition(":")[0]
    if found := TYPES.open_graph.get(og_type) or TYPES.open_graph.get(general):
        return found
    may_be_article = not og_type and not sources.is_listing
    if _is_article(page) or (may_be_article and _is_called_article(page)):
        return "article"
    if any(page.meta("product:price:amount", "og:price:amount")):
        return "product"
    types = (*map(preview_type, sources.nodes), sources.microdata.preview_type)
    if found := next((each for each in types if each not in {None, "website"}), None):
        return found
    if may_be_article and has_class_of_post(page):
        return "article"
    return "video" if page.meta("og:video", "og:video:url") and not sources.is_listing else None


def _is_first(page: Document, time: Element) -> bool:
    """Whether a time is in an article, and is none of a change."""
    moment = time.get("datetime") or time.markup
    if not time.region & PageRegion.ARTICLE or _is_of_change(time):
        return False
    # The attributes of one tag may take a millisecond.
    after = page.pace.after
    return not any(after(_is_of_change(each)) and moment in each.markup for each in page.excerpts)


def _is_of_change(element: Element | Excerpt) -> bool:
    return _OF_CHANGE.search(f"{element.get('itemprop')} {element.get('class')[:200]}") is not None


def _is_called_article(page: Document) -> bool:
    """Whether metas of news systems say that the page is an article."""
    kinds = {
        each.lower() for each in page.meta("dc.type", "dcterms.type", "pagetype", "content-type")
    }
    return bool(page.meta(*METAS["news"])) or not kinds.isdisjoint(_ARTICLES)


def _is_article(page: Document) -> bool:
    is_paper = any(name.startswith("citation_") for name, _ in page.metas)
    return is_paper or bool(page.meta("article:published_time"))
