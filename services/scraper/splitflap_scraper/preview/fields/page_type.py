"""The type of a page."""

import re

from splitflap_scraper.page.document import Document, Element
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.structured.jsonld import kind
from splitflap_scraper.preview.words import load
from splitflap_scraper.preview.words.types import Types

#: Metas with the time of publication that only articles have.
_OF_NEWS = (
    "publishdate", "publish-date", "publish_date", "pubdate", "parsely-pub-date", "sailthru.date",
    "date.published", "publication-date", "publicationdate",
)  # fmt: skip
_OF_CHANGE = re.compile(r"(?i)modif|(?<!dt-)updated(?!.*publi)|last-?up")
_ARTICLES = frozenset({"article", "news", "newsarticle", "blogposting", "story", "text.article"})

_OPEN_GRAPH = load("types", Types).open_graph


def page_type(sources: Sources) -> str:
    """Return the type by Open Graph, other metas, or structured data; else `website`."""
    page = sources.page
    og_type = next(iter(page.meta("og:type")), "").lower()
    # The part before a dot or colon is the general type, as in "video.movie".
    general = og_type.partition(".")[0].partition(":")[0]
    if found := _OPEN_GRAPH.get(og_type) or _OPEN_GRAPH.get(general):
        return found
    if _is_article(page):
        return "article"
    if _is_called_article(page) and not og_type and not sources.is_list:
        return "article"
    if any(page.meta("product:price:amount", "og:price:amount")):
        return "product"
    # A page with a date in its article is an article.
    is_article = not og_type and not sources.is_list
    if is_article and any(
        each.region & PageRegion.ARTICLE and _is_first(each) for each in page.times
    ):
        return "article"
    is_video = page.meta("og:video", "og:video:url") and not sources.is_list
    kinds = [found for each in sources.nodes if (found := kind(each)) not in {None, "website"}]
    return next(iter(kinds), None) or sources.microdata.kind or ("video" if is_video else "website")


def _is_first(time: Element) -> bool:
    """Whether a time is none of a change."""
    return not _OF_CHANGE.search(f"{time.get('itemprop')} {time.get('class')[:200]}")


def _is_called_article(page: Document) -> bool:
    """Whether metas of news systems say that the page is an article."""
    kinds = {
        each.lower() for each in page.meta("dc.type", "dcterms.type", "pagetype", "content-type")
    }
    return bool(page.meta(*_OF_NEWS)) or not kinds.isdisjoint(_ARTICLES)


def _is_article(page: Document) -> bool:
    is_paper = any(name.startswith("citation_") for name, _ in page.metas)
    return is_paper or bool(page.meta("article:published_time"))
