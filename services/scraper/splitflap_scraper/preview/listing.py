"""Recognizes pages that list others: front pages, categories, searches.

The first author, time and picture in their text are those of a teaser.
"""

import re
import sys
from itertools import pairwise

from splitflap_scraper.page.document import Document, Element
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.structured.graph import Graph
from splitflap_scraper.preview.structured.jsonld import LISTS, preview_type, types
from splitflap_scraper.preview.structured.topic import (
    Identity,
    are_a_list,
    page_of,
    topic_of,
)
from splitflap_scraper.preview.urls import address_key
from splitflap_scraper.preview.words.metas import METAS

#: Linked headings of a list, at least; and paragraphs before them, with their characters, at most.
MIN_TEASERS = 3
MAX_BEFORE = 1
MAX_TEXT = 600

#: Metas and types of Open Graph that only the page of one thing has.
_SINGLE_METAS = ("article:published_time", "citation_title", "product:price:amount",
                 "og:price:amount")  # fmt: skip
_GENERAL_TYPES = frozenset({"", "website", "blog", "object", "site", "page"})

_LIST_PATH = re.compile(r"(?i)/(?:categor(?:y|ies)|tags?|author)/[^/]+/?\Z|/page/\d+/?\Z")
_NEXT_PAGE = re.compile(r"(?i)/page/2/?\Z")
_CLASSES = frozenset({"archive", "search-results", "post-type-archive", "path-frontpage",
                      "path-taxonomy", "page-taxonomy-term", "home-template", "tag-template",
                      "author-template"})  # fmt: skip
_CLASSES_OF_BLOG = frozenset({"home", "blog"})
_OF_SINGLE = re.compile(r"single|postid-|post-template|(?:page-)?node-type-")
#: Classes of the body that only the page of one text has, and of a post.
_OF_TEXT = re.compile(
    r"single(?:-post)?\Z|postid-\d|post-template(?:-default)?\Z"
    r"|(?:page-)?node-type-(?:article|blog|news|story)"
)
_OF_POST = frozenset({"single-post", "post-template", "post-template-default"})
_HREF = re.compile(r"""<a\s[^<>]{0,500}?href\s*=\s*["']?([^"'\s<>]{1,500})""", re.IGNORECASE)


def is_listing(page: Document, graph: Graph, identity: Identity, *, has_item: bool = False) -> bool:
    """Whether a page lists others. `has_item` says that an item of microdata has its heading."""
    if _is_single(page) or (not identity.is_front and any(page.meta(*METAS["news"]))):
        return False
    own = page_of(graph, identity)
    if own is not None and not LISTS.isdisjoint(types(own)):
        return True
    if identity.is_front or _has_path_of_list(page) or _has_class(page):
        return True
    has_list = are_a_list(graph.nodes) or any(graph.of_type({"ItemList"}))
    if has_list and topic_of(graph, identity) is None:
        return True
    if has_item or has_class_of_text(page):
        return False
    has_teasers = _has_teasers(page) or _has_dated_teasers(page)
    return has_teasers and not _is_described(graph, identity)


def has_class_of_text(page: Document) -> bool:
    """Whether the body has a class of single texts, as in WordPress, Drupal and Ghost."""
    return any(map(_OF_TEXT.match, page.classes.split()))


def has_class_of_post(page: Document) -> bool:
    """Whether the body has a class of posts, as in WordPress and Ghost."""
    return not _OF_POST.isdisjoint(page.classes.split())


def _is_described(graph: Graph, identity: Identity) -> bool:
    """Whether JSON-LD has an article with the title of the page."""
    topic = topic_of(graph, identity)
    return topic is not None and preview_type(topic) == "article" and identity.has_title_of(topic)


def _is_single(page: Document) -> bool:
    """Whether the metas of a page say that it has one topic."""
    og_type = next(iter(page.meta("og:type")), "").lower()
    return og_type not in _GENERAL_TYPES or any(page.meta(*_SINGLE_METAS))


def _has_class(page: Document) -> bool:
    """Whether the body has the classes of a list, as in WordPress, Drupal and Ghost."""
    classes = page.classes.split()
    is_declared = not _CLASSES.isdisjoint(classes) or _CLASSES_OF_BLOG.issubset(classes)
    return is_declared and not any(_OF_SINGLE.match(each) for each in classes)


def _has_path_of_list(page: Document) -> bool:
    if any(_NEXT_PAGE.search(each.get("href")) for each in page.linked("next")):
        return True
    return _LIST_PATH.search(page.url.partition("?")[0]) is not None


def _has_teasers(page: Document) -> bool:
    """Whether linked headings follow the page's heading, and no text stands between them."""
    usable = [each for each in (*page.headings, *page.subheadings) if _is_in_text(each)]
    if len(usable) < MIN_TEASERS:
        return False
    ordered = sorted(usable, key=lambda each: each.index)
    links = [(each, _is_linked(page, each)) for each in ordered]
    start = next((each.index for each, is_link in links if each.name == "h1" and not is_link), 0)
    teasers = [each.index for each, is_link in links if is_link and each.index > start]
    if len(teasers) < MIN_TEASERS:
        return False
    return not _has_text(page, start, teasers[0])


def _has_dated_teasers(page: Document) -> bool:
    """Whether several times have a heading each, and hardly any text is around them."""
    times = [each for each in page.times if _is_in_text(each)]
    moments = {each.get("datetime") or each.text for each in times}
    if len(moments) < MIN_TEASERS:
        return False
    headings = [
        each.index
        for each in (*page.headings, *page.subheadings)
        if _is_in_text(each) and "#" not in each.markup
    ]
    if _has_own_time(page, times, headings):
        times = times[1:]
    texts = [each.index for each in page.texts if each.is_long]
    if len(times) < MIN_TEASERS or _has_text(page, _title_at(page), times[0].index):
        return False
    return all(
        _count(headings, *each) > 0 and _count(texts, *each) <= MAX_BEFORE
        for each in pairwise(each.index for each in times)
    )


def _has_text(page: Document, start: int, end: int) -> bool:
    """Whether the text of an article stands between two places."""
    inside = (each for each in page.texts if start < each.index < end)
    sizes = [len(each.text.strip()) for each in inside if each.is_long]
    return len(sizes) > MAX_BEFORE or sum(sizes) > MAX_TEXT


def _title_at(page: Document) -> int:
    """Return the place of the page's heading, or the end if it has none."""
    return next((each.index for each in page.headings if each.name == "h1"), sys.maxsize)


def _has_own_time(page: Document, times: list[Element], headings: list[int]) -> bool:
    """Whether the first time is that of the page: under its heading, and above that of a list."""
    title = _title_at(page)
    if len(times) < MIN_TEASERS or _count(headings, title, times[0].index):
        return False
    return title < times[0].index and _count(headings, times[0].index, times[1].index) > 1


def _count(indexes: list[int], start: int, end: int) -> int:
    return sum(start < index < end for index in indexes)


def _is_in_text(element: Element) -> bool:
    return not element.region & PageRegion.ASIDE


def _is_linked(page: Document, heading: Element) -> bool:
    """Whether a heading is a link to another page of the same site."""
    link = _HREF.search(heading.markup)
    here = address_key(page.url) or ""
    # Posts of a thread link to themselves.
    if link is None or "#" in link[1] or link[1].startswith("?"):
        return False
    host = here.partition("/")[0]
    target = address_key(link[1], host)
    # A reference that has neither a host nor a slash is beside the page.
    is_beside = target is None and ":" not in link[1]
    return is_beside or (target != here and (target or "").partition("/")[0] == host)
