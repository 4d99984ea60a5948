"""What a page says of itself: Open Graph, Twitter cards, JSON-LD, other metadata, then its text.

All of it is plain text of strangers: whoever shows it must escape it.
"""

from collections.abc import Sequence

from splitflap_core.settings import Network

from splitflap_scraper.page.document import Document
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.fields import language
from splitflap_scraper.preview.fields.author import authors
from splitflap_scraper.preview.fields.description import description
from splitflap_scraper.preview.fields.image import Picture, icon, may_be_shown, picture
from splitflap_scraper.preview.fields.published_at import published
from splitflap_scraper.preview.fields.title import title_and_site
from splitflap_scraper.preview.metadata import Metadata
from splitflap_scraper.preview.structured.jsonld import Graph, Node, kind
from splitflap_scraper.preview.structured.microdata import Microdata

#: Open Graph's types, by the part before the dot, that a preview tells apart.
_TYPES = {
    "article": "article",
    "video": "video",
    "music": "music",
    "book": "book",
    "books": "book",
    "profile": "profile",
    "product": "product",
    "movie": "video",
    "tv_show": "video",
    "song": "music",
    "album": "music",
    "blogpost": "article",
    "post": "article",
    "news": "article",
    "og:product": "product",
    "og:article": "article",
}


def extract(page: Document, allowed: Sequence[Network] = ()) -> Metadata:
    """The metadata of a page.

    Images may stand in the networks that are `allowed` to the scraper, beside the public ones.
    """
    graph = Graph(page.scripts)
    canonical = _canonical(page, allowed)
    own = [page.url, canonical or page.url]
    node, marked = graph.main(own), Microdata(page, own)
    title, site = title_and_site(page, graph, node, marked)
    image = picture(page, graph, node, marked, allowed) or Picture("")
    return Metadata(
        title=title,
        description=description(page, graph, node, marked, title),
        image=image.url or None,
        site_name=site,
        author=authors(page, graph, node, marked),
        published_at=published(page, graph, node, marked),
        language=_language(page, graph, node, marked),
        type=_type(page, node, marked),
        icon=icon(page, allowed),
        canonical=canonical,
        image_width=image.width if image.url else None,
        image_height=image.height if image.url else None,
    )


def _language(page: Document, graph: Graph, node: Node | None, marked: Microdata) -> str | None:
    locales = page.meta("og:locale")
    others = [
        *locales,
        *page.meta(
            "content-language", "language", "dc.language", "citation_language", "inlanguage"
        ),
        *graph.texts(node, "inLanguage"),
        *marked.texts("inLanguage"),
    ]
    return language.spoken(page.language, others)


def _type(page: Document, node: Node | None, marked: Microdata) -> str:
    said = next(iter(page.meta("og:type")), "").lower()
    found = _TYPES.get(said) or _TYPES.get(said.partition(".")[0].partition(":")[0])
    if found:
        return found
    if any(
        name.startswith("citation_") or name == "article:published_time" for name, _ in page.metas
    ):
        return "article"
    if any(page.meta("product:price:amount", "og:price:amount")):
        return "product"
    # What is written by someone, on a day, is an article.
    if not said and page.times and any(each.region & PageRegion.ARTICLE for each in page.times):
        return "article"
    return (
        kind(node)
        or marked.kind
        or ("video" if page.meta("og:video", "og:video:url") else "website")
    )


def _canonical(page: Document, allowed: Sequence[Network]) -> str | None:
    said = [each.get("href") for each in page.linked("canonical")] + page.meta("og:url")
    for reference in said:
        url = page.resolved(reference)
        if url and may_be_shown(url, allowed):
            return url
    return None
