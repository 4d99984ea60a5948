"""Chooses among the nodes of a page: its topic, the page itself, and the owner of its site.

Real pages describe much more than themselves: teasers, related articles, reviews, the site and its
owner. A lone node of its type is the topic, even with another URL.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from itertools import islice

from splitflap_scraper.page.pace import Pace
from splitflap_scraper.preview.structured.graph import Graph
from splitflap_scraper.preview.structured.jsonld import (
    BESIDE,
    ORGANIZATIONS,
    OWNERS,
    PAGES,
    RANK,
    Node,
    preview_type,
    text_in,
    types,
    values,
)
from splitflap_scraper.preview.texts import key
from splitflap_scraper.preview.urls import address_key, is_front_page

#: Types of topics.
TOPICS = RANK.keys() - PAGES

#: Least letters and digits of a title that identifies its page.
MIN_TITLE = 8

#: Nodes of one type that are a list, even with one name.
A_LIST = 3

#: Characters read of a title, and URLs of a node. Hostile pages have many long ones.
MAX_TITLE = 300
MAX_URLS = 5

#: Least letters and digits of a title that identifies a page by the begin of the page's title.
MIN_BEGIN = 15

#: Types of previews that lists have.
_LISTED = ("article", "product", "video", "music", "book")


class Claim(IntEnum):
    """The relation of a node to the page: by the node's URLs and titles."""

    OTHER = 0
    UNKNOWN = 1
    TITLE = 2
    URL = 3


@dataclass(frozen=True)
class Identity:
    """The URLs and titles of a page, to recognize its own nodes."""

    urls: tuple[str, ...]
    titles: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    #: The page's language: the front page may have it for a path.
    language: str = ""
    #: Whether the page lists others: a front page, a category, a search.
    is_listing: bool = False
    pace: Pace = field(default_factory=Pace, compare=False)
    #: By the identity of nodes, so a copy begins anew: nodes of microdata before it are gone.
    _claims: dict[int, Claim] = field(default_factory=dict, init=False, compare=False)

    @cached_property
    def _own(self) -> frozenset[str]:
        return frozenset(found for each in self.urls if (found := address_key(each)))

    @cached_property
    def _home(self) -> str:
        """The key of the site's front page."""
        return (address_key(self.urls[0]) or "").partition("/")[0] if self.urls else ""

    @cached_property
    def _titles(self) -> list[str]:
        return [key(each[:MAX_TITLE]) for each in (*self.titles, *self.headings)]

    @cached_property
    def is_front(self) -> bool:
        """Whether the page is the front page of its site."""
        return bool(self.urls) and all(is_front_page(url, self.language) for url in self.urls)

    def claim(self, node: Node) -> Claim:
        """Return the relation of a node to the page. It is remembered."""
        if id(node) not in self._claims:
            self._claims[id(node)] = self.pace.after(self._claim(node))
        return self._claims[id(node)]

    def _claim(self, node: Node) -> Claim:
        urls = islice(_urls(node), MAX_URLS)
        keys = {found for each in urls if (found := address_key(each, self._home))}
        if not keys.isdisjoint(self._own):
            return Claim.URL
        if self.has_title_of(node):
            return Claim.TITLE
        # Some sites give each article the URL of their front page.
        is_of_site = keys <= {self._home} and PAGES.isdisjoint(types(node))
        return Claim.UNKNOWN if not keys or is_of_site else Claim.OTHER

    def has_title_of(self, node: Node) -> bool:
        """Whether a title of the page is that of a node."""
        return any(map(self.has_title, _titles(node)))

    def has_title(self, text: str) -> bool:
        """Whether a text is a title of the page, or the long begin of one."""
        name = key(text[:MAX_TITLE])
        is_long = len(name) >= MIN_BEGIN
        is_begin = is_long and any(each.startswith(name) for each in self._titles)
        return is_begin or (len(name) >= MIN_TITLE and name in self._titles)

    def is_declared(self, node: Node) -> bool:
        """Whether the title of the page, and not only a heading, is the name of a node."""
        declared = self._titles[: len(self.titles)]
        return any(key(each) in declared for each in _titles(node))


def topic_of(graph: Graph, identity: Identity) -> Node | None:
    """Return the node of the page's topic, of the most specific type, or None."""
    if not graph.nodes:
        return None
    found = [(identity.claim(node), node) for node in _topics(graph, identity)]
    if identity.is_listing:
        found = [each for each in found if _is_topic_of_list(*each, identity)]
    sure = [node for claim, node in found if claim >= Claim.TITLE or graph.is_main(node)]
    if sure:
        return min(sure, key=lambda node: (_rank(node), -identity.claim(node)))
    unknown = [node for claim, node in found if claim is Claim.UNKNOWN]
    others = [node for claim, node in found if claim is Claim.OTHER]
    return _alone(unknown) or _alone(others)


def are_a_list(nodes: list[Node]) -> bool:
    """Whether nodes, none of which is the topic, are a list."""
    if len(nodes) < A_LIST:
        return False
    kinds = Counter(map(preview_type, nodes))
    return any(kinds[each] >= A_LIST for each in _LISTED)


def page_of(graph: Graph, identity: Identity) -> Node | None:
    """Return the node of the page itself, or None."""
    if not graph.nodes:
        return None
    found = [(identity.claim(node), node) for node in graph.of_type(PAGES)]
    own = [node for claim, node in found if claim is Claim.URL]
    unknown = [node for claim, node in found if claim not in {Claim.URL, Claim.OTHER}]
    # A page may have several nodes. The one with the most properties describes it.
    return max(own, key=len, default=None) or max(unknown, key=len, default=None)


def site_of(graph: Graph, identity: Identity) -> Iterator[Node]:
    """Yield the nodes of the site and its owner, if the page is the site's front page."""
    if identity.is_front:
        yield from graph.of_type({"WebSite"})
        yield from (node for node in graph.of_type(OWNERS) if identity.claim(node))


def _topics(graph: Graph, identity: Identity) -> Iterator[Node]:
    """Yield the nodes that may be the topic of the page."""
    for node in graph.of_type(TOPICS):
        # The owner of the site is the topic of its own page alone.
        is_owner = not OWNERS.isdisjoint(types(node))
        if not is_owner or graph.is_main(node) or _is_page_of_owner(node, identity):
            yield node


def _is_page_of_owner(node: Node, identity: Identity) -> bool:
    if identity.is_front or identity.claim(node) is Claim.OTHER:
        return False
    # A template may have the name of the organization for a title.
    is_named = ORGANIZATIONS.isdisjoint(types(node)) and identity.is_declared(node)
    return is_named or identity.claim(node) is Claim.URL


def _is_topic_of_list(claim: Claim, node: Node, identity: Identity) -> bool:
    """Whether a node is the topic of a page that lists others. Most articles there are teasers."""
    return claim is Claim.URL and (preview_type(node) != "article" or identity.has_title_of(node))


def _rank(node: Node) -> tuple[bool, int]:
    names = types(node)
    # A review may belong to the product beside it.
    return not BESIDE.isdisjoint(names), min(RANK[each] for each in names if each in TOPICS)


def _alone(nodes: list[Node]) -> Node | None:
    """Return the best node, unless there are others of its type: a list.

    Some pages describe their topic twice.
    """
    best = min(nodes, key=_rank, default=None)
    if best is None:
        return None
    alike = list(islice((each for each in nodes if _rank(each) == _rank(best)), A_LIST))
    is_alone = len(alike) < A_LIST and len(set(map(_name, alike))) == 1
    return best if is_alone else None


def _name(node: Node) -> str:
    return key((_titles(node) or [""])[0])


def _titles(node: Node) -> list[str]:
    found = (text_in(node.get(name)) for name in ("headline", "name"))
    return [each[:MAX_TITLE] for each in found if each]


def _urls(node: Node) -> Iterator[str]:
    """Yield the URLs of a node. The @id of an owner may be a fragment of any page of the site."""
    is_owner = not OWNERS.isdisjoint(types(node))
    for name in ("url", "@id", "mainEntityOfPage"):
        for each in values(node.get(name)):
            url = (each.get("@id") or each.get("url")) if isinstance(each, dict) else each
            if isinstance(url, str) and not (is_owner and name == "@id" and "#" in url):
                yield url
