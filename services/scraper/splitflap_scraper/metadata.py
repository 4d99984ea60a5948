"""What a page says of itself: Open Graph, Twitter cards, JSON-LD, other metadata, then its text.

All of it is plain text of strangers: whoever shows it must escape it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from splitflap_core.settings import Network

from splitflap_scraper import languages
from splitflap_scraper.authors import authors
from splitflap_scraper.dates import rfc3339
from splitflap_scraper.document import Document
from splitflap_scraper.jsonld import Graph, Node, kind
from splitflap_scraper.pictures import Picture, icon, may_be_shown, picture
from splitflap_scraper.scan import Place
from splitflap_scraper.texts import key, plain
from splitflap_scraper.titles import (
    HOME,
    is_no_description,
    is_placeholder,
    parts,
    site_in,
    without_site,
)

#: Longest texts, in characters (code points).
MAX_TITLE = 300
MAX_DESCRIPTION = 1000
MAX_SITE_NAME = 100

#: A paragraph that stands for a description has so many characters, and is cut at so many.
MIN_PARAGRAPH = 40
MAX_PARAGRAPH = 300

TITLES = ("og:title", "twitter:title")
OTHER_TITLES = ("citation_title", "dc.title", "dcterms.title", "parsely-title", "sailthru.title",
                "hdl", "title")  # fmt: skip
DESCRIPTIONS = ("og:description", "twitter:description", "description")
OTHER_DESCRIPTIONS = ("citation_abstract", "dc.description", "dcterms.description",
                      "dcterms.abstract", "sailthru.description", "abstract")  # fmt: skip
SITE_NAMES = ("og:site_name",)
OTHER_SITE_NAMES = (
    "application-name",
    "apple-mobile-web-app-title",
    "citation_journal_title",
    "prism.publicationname",
    "dc.publisher",
    "citation_publisher",
    "publisher",
    "al:ios:app_name",
    "al:android:app_name",
    "twitter:app:name:iphone",
)
TIMES = (
    "article:published_time",
    "article:published",
    "og:published_time",
    "og:article:published_time",
    "datepublished",
)
OTHER_TIMES = ("parsely-pub-date", "sailthru.date", "pubdate", "publishdate", "publish-date",
               "publish_date", "publication_date", "date.published", "article.published",
               "citation_publication_date", "citation_online_date", "citation_date",
               "prism.publicationdate", "dcterms.issued", "dc.date.issued", "dcterms.created",
               "dc.date.created", "dcterms.date", "dc.date", "video:release_date",
               "music:release_date", "book:release_date", "og:release_date", "date", "uploaddate",
               "originalpublicationdate", "cxenseparse:recs:publishtime")  # fmt: skip

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

_WORDS_OF_BANNERS = (
    "cookie",
    "javascript",
    "all rights reserved",
    "your browser",
    "subscribe to",
    "sign up for",
    "copyright ©",
    "skip to",
    "advertisement",
    "log in",
)


#: Paragraphs that a page has at least whose text is in paragraphs.
FEW = 3

_BESIDE = re.compile(
    r"(?i)descr|tagline|subtitle|skip|meta|byline|author|caption|cookie|footer|copyright"
    r"|breadcrumb|notice|banner"
)
_BODIES = re.compile(r"(?i)content|body|entry|bbwrapper")


@dataclass(frozen=True)
class Metadata:
    """A page's words of itself. URLs are absolute, http or https, and of public hosts.

    `published_at` is RFC 3339 in UTC, `language` BCP 47, `canonical` the page's word for its own
    address. Sizes are in pixels.
    """

    title: str | None = None
    description: str | None = None
    image: str | None = None
    site_name: str | None = None
    author: str | None = None
    published_at: str | None = None
    language: str | None = None
    type: str | None = None
    icon: str | None = None
    canonical: str | None = None
    image_width: int | None = None
    image_height: int | None = None


def extract(page: Document, allowed: Sequence[Network] = ()) -> Metadata:
    """The metadata of a page.

    Images may stand in the networks that are `allowed` to the scraper, beside the public ones.
    """
    graph = Graph(page.scripts)
    canonical = _canonical(page, allowed)
    node = graph.main([page.url, canonical or page.url])
    site = _site_name(page, graph, node)
    title = _title(page, graph, node, site)
    site = _first([site or "", site_in_titles(page, title) or ""], MAX_SITE_NAME)
    title = _fitting(page, title, site)
    image = picture(page, graph, node, allowed) or Picture("")
    return Metadata(
        title=title,
        description=_description(page, graph, node, title),
        image=image.url or None,
        site_name=site,
        author=authors(page, graph, node),
        published_at=_published(page, graph, node),
        language=_language(page, graph, node),
        type=_type(page, node),
        icon=icon(page, allowed),
        canonical=canonical,
        image_width=image.width if image.url else None,
        image_height=image.height if image.url else None,
    )


def _site_name(page: Document, graph: Graph, node: Node | None) -> str | None:
    said = page.meta(*SITE_NAMES)
    sites = [text for each in graph.of_type("WebSite") for text in graph.texts(each, "name")]
    publishers = graph.texts(node, "publisher", "isPartOf", "sourceOrganization")
    in_title = [name for text in page.titles[:1] if (name := _site_by_host(page, text))]
    marked = [each for each in _marked(page, "publisher") if len(each) <= MAX_SITE_NAME]
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
        title = plain(text, MAX_TITLE)
        if title is None or is_placeholder(title):
            continue
        if key(title) != key(site or "") and key(title) not in HOME:
            return title
        fallback = fallback or title
    return fallback


def _titles(page: Document, graph: Graph, node: Node | None) -> Iterator[str]:
    yield from page.meta(*TITLES)
    if kind(node) not in {"website", "profile"}:
        yield from graph.texts(node, "headline", "name")
    yield from _marked(page, "headline")
    yield from page.meta(*OTHER_TITLES[:2])
    yield from page.titles
    yield from page.meta(*OTHER_TITLES[2:])
    yield from graph.texts(node, "headline", "name")
    yield from _headings(page)
    yield from _marked(page, "name")


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


def site_in_titles(page: Document, title: str | None) -> str | None:
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
        begin, found, end = bare.partition(plain(heading, MAX_TITLE) or title)
        if found and not end.strip() and begin and key(site) in key(begin):
            return found
    return site if key(bare) in HOME else bare


def _description(page: Document, graph: Graph, node: Node | None, title: str | None) -> str | None:
    said = [
        *page.meta(*DESCRIPTIONS),
        *graph.texts(node, "description", "abstract"),
        *page.meta(*OTHER_DESCRIPTIONS),
        *_marked(page, "description"),
    ]
    for text in said:
        found = plain(text, MAX_DESCRIPTION)
        if found and not is_no_description(found) and key(found) != key(title or ""):
            return found
    return _paragraph(page)


def _paragraph(page: Document) -> str | None:
    """The first paragraph that says something, of the article if there is one."""
    beside = Place.ASIDE | Place.HEADER
    usable = [each for each in page.paragraphs if not each.place & Place.ASIDE]
    usable = [
        each for each in usable if not _BESIDE.search(f"{each.get('class')} {each.get('id')}")
    ]
    inside = [each for each in usable if each.place & Place.ARTICLE]
    outside = [each for each in usable if not each.place & beside and each not in inside]
    bodies = [
        each
        for each in page.marked
        if _BODIES.search(each.get("class")) and not each.place & beside
    ]
    # A forum's posts have no paragraphs, and its name has one.
    ordered = [*inside, *bodies, *outside] if len(outside) < FEW else [*inside, *outside, *bodies]
    for each in ordered:
        found = plain(each.text, MAX_PARAGRAPH)
        if found and len(key(found)) >= MIN_PARAGRAPH * 0.5 and len(found) >= _least(found):
            lowered = found[:200].lower()
            if not any(word in lowered for word in _WORDS_OF_BANNERS):
                return found
    return None


def _least(text: str) -> int:
    """Han characters and kana say more each."""
    return MIN_PARAGRAPH if text[:MIN_PARAGRAPH].isascii() else MIN_PARAGRAPH // 2


def _published(page: Document, graph: Graph, node: Node | None) -> str | None:
    said = [
        *page.meta(*TIMES),
        *graph.texts(node, "datePublished", "uploadDate"),
        *_marked_times(page),
        *page.meta(*OTHER_TIMES),
        *graph.texts(node, "dateCreated"),
        *_article_times(page),
    ]
    return next((found for text in said if (found := rfc3339(text))), None)


def _marked_times(page: Document) -> Iterator[str]:
    for name in ("datepublished", "uploaddate", "datecreated"):
        for each in page.marked:
            if name in each.get("itemprop").lower().split():
                yield from (each.get("content"), each.get("datetime"), each.get("title"), each.text)


def _article_times(page: Document) -> Iterator[str]:
    """Times of the article that are said to be its own, or are its first."""
    usable = [each for each in page.times if not each.place & Place.ASIDE]
    telling = ("publish", "entry-date", "dt-published", "posted", "pubdate", "created")
    for each in usable:
        about = f"{each.get('class')} {each.get('itemprop')}".lower()
        if "pubdate" in each.attributes or any(word in about for word in telling):
            yield each.get("datetime") or each.text
    if len(usable) == 1:
        yield usable[0].get("datetime")
    for each in usable:
        if each.place & Place.ARTICLE and "updated" not in each.get("class"):
            yield each.get("datetime") or each.text
            return


def _language(page: Document, graph: Graph, node: Node | None) -> str | None:
    locales = page.meta("og:locale")
    others = [
        *locales,
        *page.meta(
            "content-language", "language", "dc.language", "citation_language", "inlanguage"
        ),
        *graph.texts(node, "inLanguage"),
    ]
    return languages.spoken(page.language, others)


def _type(page: Document, node: Node | None) -> str:
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
    if not said and page.times and any(each.place & Place.ARTICLE for each in page.times):
        return "article"
    return (
        kind(node)
        or _marked_type(page)
        or ("video" if page.meta("og:video", "og:video:url") else "website")
    )


def _marked_type(page: Document) -> str | None:
    """The type of the first microdata item that has one of its own."""
    for each in page.marked:
        if each.get("itemtype") and each.get("itemprop").lower() in {"", "blogpost", "mainentity"}:
            found = kind({"@type": each.get("itemtype")})
            if found and found != "website":
                return found
    return None


def _canonical(page: Document, allowed: Sequence[Network]) -> str | None:
    said = [each.get("href") for each in page.linked("canonical")] + page.meta("og:url")
    for reference in said:
        url = page.resolved(reference)
        if url and may_be_shown(url, allowed):
            return url
    return None


def _marked(page: Document, *names: str) -> Iterator[str]:
    """Values of microdata, of the page's own item: not of one within it."""
    inside = False
    for each in page.marked:
        properties = each.get("itemprop").lower().split()
        if "itemscope" in each.attributes and properties:
            inside = True
            if "publisher" in names and "publisher" in properties:
                yield from _inner_name(page, each)
        if not set(properties).isdisjoint(names) and "itemscope" not in each.attributes:
            ambiguous = not {"name", "description"}.isdisjoint(properties)
            if not (inside and ambiguous):
                yield each.get("content") or each.get("datetime") or each.text


def _inner_name(page: Document, scope: object) -> Iterator[str]:
    seen = False
    for each in page.marked:
        if each is scope:
            seen = True
        elif seen and each.get("itemprop") == "name":
            yield each.get("content") or each.text
            return


def _first(texts: Iterable[str], limit: int) -> str | None:
    return next((cleaned for text in texts if (cleaned := plain(text, limit))), None)
