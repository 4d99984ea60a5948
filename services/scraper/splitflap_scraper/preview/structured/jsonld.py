"""JSON-LD (schema.org) as pages have it: graphs, references, lists, and JSON that is none.

Bounded by what the scanner keeps (characters), by Python's limit on nesting, and by MAX_NODES.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from splitflap_scraper.page.vocabulary import MAX_JSON

#: Nodes looked at, and values of a list. Pages have a dozen of what matters.
MAX_NODES = 300
MAX_VALUES = 20

#: Levels of nodes within nodes that are looked at.
MAX_DEPTH = 4

#: Types of nodes by what they make of a preview's type, and, by their order, which of several
#: nodes a page is about.
KINDS = {
    "article": "NewsArticle BlogPosting Article TechArticle ScholarlyArticle Report "
    "ReportageNewsArticle OpinionNewsArticle AnalysisNewsArticle ReviewNewsArticle LiveBlogPosting "
    "AdvertiserContentArticle SocialMediaPosting DiscussionForumPosting Question Recipe "
    "HowTo Review Event JobPosting Course Dataset QAPage CreativeWork",
    "product": "Product ProductGroup IndividualProduct Vehicle Car",
    "video": "VideoObject Movie TVEpisode TVSeries Episode Clip BroadcastEvent",
    "music": "MusicRecording MusicAlbum MusicPlaylist MusicGroup PodcastEpisode PodcastSeries "
    "AudioObject RadioEpisode",
    "book": "Book Audiobook",
    "profile": "ProfilePage Person",
    "website": "SoftwareApplication MobileApplication WebApplication SoftwareSourceCode "
    "Organization LocalBusiness Restaurant PageRegion WebPage CollectionPage AboutPage ItemPage",
}
_KIND_OF = {name: kind for kind, names in KINDS.items() for name in names.split()}
_RANK = {name: rank for rank, name in enumerate(_KIND_OF)}
#: Nodes from here on say something of the page only where no other does.
_PAGES = _RANK["WebPage"]

#: Properties under which the thing stands that a page is about.
_INNER = ("@graph", "mainEntity", "mainEntityOfPage", "itemReviewed", "blogPost")

_WRAPPED = re.compile(r"\A\s*(?:<!--|//<!\[CDATA\[|<!\[CDATA\[)?|(?:-->|//\]\]>|\]\]>|;)?\s*\Z")
_TRAILING_COMMA = re.compile(r",(?=\s{0,20}[}\]])")
_LOOSE = re.compile(
    r'"(headline|datePublished|uploadDate|description)"\s{0,9}:\s{0,9}"((?:[^"\\]|\\.){1,2000})"',
    re.DOTALL,
)
_LOOSE_AUTHOR = re.compile(
    r'"author"\s{0,9}:\s{0,9}\[?\s{0,9}\{[^{}]{0,500}?"name"\s{0,9}:\s{0,9}"((?:[^"\\]|\\.){1,200})"'
)
_LOOSE_TYPE = re.compile(r'"@type"\s{0,9}:\s{0,9}"(\w{1,40})"')

Node = dict[str, Any]


class Graph:
    """All nodes of a page's scripts, found again by their @id."""

    def __init__(self, scripts: Iterable[str]) -> None:
        self._by_id: dict[str, Node] = {}
        self.nodes: list[Node] = []
        for script in scripts:
            for top in _values(_parsed(script)):
                self._gather(top, 0)

    def add(self, top: Node) -> None:
        """One more node, with those within it."""
        self._gather(top, 0)

    def _gather(self, value: Any, depth: int) -> None:
        if (
            not value
            or not isinstance(value, dict)
            or len(self.nodes) >= MAX_NODES
            or depth > MAX_DEPTH
        ):
            return
        self.nodes.append(value)
        name = value.get("@id")
        if isinstance(name, str) and len(value) > 1:
            self._by_id.setdefault(name, value)
        for inner in _INNER:
            # A graph may be long, and what matters be its last node.
            values = value.get(inner)
            each = values[:MAX_NODES] if isinstance(values, list) else [values]
            for one in each:
                self._gather(one, depth + 1)

    def main(self, urls: Iterable[str]) -> Node | None:
        """The node that the page is about: the first of the most telling type.

        `urls` are the page's own; a node of one of them goes before the others.
        """
        own = {url.split("#")[0].rstrip("/") for url in urls}
        ranked = [
            (rank >= _PAGES, not self._is_of(node, own), rank, index)
            for index, node in enumerate(self.nodes)
            if (rank := min((_RANK[each] for each in types(node) if each in _RANK), default=None))
            is not None
        ]
        return self.nodes[min(ranked)[3]] if ranked else None

    def of_type(self, *names: str) -> Iterator[Node]:
        """All nodes of these types."""
        return (node for node in self.nodes if not set(names).isdisjoint(types(node)))

    def values(self, node: Node | None, *names: str) -> Iterator[Any]:
        """The values of the first of these properties, references followed."""
        for name in names:
            found = [self._followed(each) for each in _values((node or {}).get(name))]
            if found:
                yield from found

    def texts(self, node: Node | None, *names: str) -> list[str]:
        """Values that are texts, or have a name."""
        return [found for each in self.values(node, *names) if (found := text_in(each))]

    def urls(self, node: Node | None, *names: str) -> Iterator[tuple[str, Node]]:
        """Values that are URLs, or objects with one, and these objects."""
        for each in self.values(node, *names):
            if isinstance(each, str):
                yield each, {}
            elif isinstance(each, dict):
                for key in ("url", "contentUrl", "@id"):
                    for url in _values(each.get(key)):
                        if isinstance(url, str):
                            yield url, each

    def _followed(self, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("@id"), str) and len(value) <= 2:  # noqa: PLR2004 - @type beside @id
            return self._by_id.get(value["@id"], value)
        return value

    def _is_of(self, node: Node, own: set[str]) -> bool:
        places = [
            value
            for name in ("url", "@id", "mainEntityOfPage")
            for value in _values(node.get(name))
        ]
        places += [each.get("@id") for each in places if isinstance(each, dict)]
        texts = [each.split("#")[0].rstrip("/") for each in places if isinstance(each, str)]
        # What names no place is of this page.
        return not texts or not own.isdisjoint(texts)


def types(node: Node) -> list[str]:
    """The types of a node, without their vocabulary."""
    return [
        re.split(r"[/#:]", each)[-1] for each in _values(node.get("@type")) if isinstance(each, str)
    ]


def kind(node: Node | None) -> str | None:
    """The type of a preview that a node makes."""
    return next((_KIND_OF[each] for each in types(node or {}) if each in _KIND_OF), None)


def _values(value: Any) -> list[Any]:
    """A property's values: one, or a list of them."""
    if isinstance(value, dict) and isinstance(value.get("@list"), list):
        value = value["@list"]
    if isinstance(value, list):
        return [each for each in value[:MAX_VALUES] if each not in (None, "")]
    return [] if value in (None, "") else [value]


def text_in(value: Any) -> str | None:
    """A value that is a text, or has a name."""
    if isinstance(value, dict):
        value = value.get("name") or value.get("@value") or full_name(value)
    if isinstance(value, list):
        value = next(iter(value), None)
    if isinstance(value, float) and value.is_integer():
        # All numbers are read as these.
        value = int(value)
    return str(value) if isinstance(value, (str, int, float)) and value != "" else None


def single(value: Any) -> Any:
    """A property's value, also where it is alone in a list."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def full_name(person: Node) -> str:
    """As its two parts have it; empty where there are none."""
    parts = (single(person.get("givenName")), single(person.get("familyName")))
    return " ".join(each for each in parts if isinstance(each, str))


def _parsed(script: str) -> Any:
    """What a script has; of one that is cut off or broken, what can be told all the same."""
    bare = _WRAPPED.sub("", script)
    if len(script) >= MAX_JSON:
        return _loose(bare)
    mended = _TRAILING_COMMA.sub("", bare)
    for attempt in dict.fromkeys((bare, mended)):
        try:
            # Line feeds within strings are common, and not strict JSON.
            return json.loads(attempt, strict=False, parse_int=float)
        except (ValueError, RecursionError):
            continue
    return _loose(bare)


def _loose(script: str) -> Node:
    node: Node = {}
    for name, value in _LOOSE.findall(script):
        node.setdefault(name, _unquoted(value))
    if author := _LOOSE_AUTHOR.search(script):
        node["author"] = _unquoted(author[1])
    if node and (found := next((t for t in _LOOSE_TYPE.findall(script) if t in _KIND_OF), None)):
        node["@type"] = found
    return node


def _unquoted(string: str) -> str:
    try:
        value = json.loads(f'"{string}"', strict=False)
    except ValueError:
        return string
    return str(value)
