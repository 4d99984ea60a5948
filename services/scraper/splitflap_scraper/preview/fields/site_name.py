"""Finds the name of a site in titles, hosts, and the titles of feeds."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from splitflap_core.contracts import MAX_SITE_NAME, MAX_TITLE

from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.fields.title_text import (
    A_SENTENCE,
    HOME,
    is_placeholder,
    parts,
    trimmed,
    without_title,
)
from splitflap_scraper.preview.headings import logos
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.texts import key, plain
from splitflap_scraper.preview.urls import is_front_page
from splitflap_scraper.preview.words import load
from splitflap_scraper.preview.words.metas import METAS

TITLES = ("og:title", "twitter:title")
SITE_NAMES = ("og:site_name",)

FEEDS = ("application/rss+xml", "application/atom+xml", "application/feed+json")

#: Titles in Open Graph and Twitter cards that are read.
MAX_GIVEN = 4

#: Longest name of a site in a title, in characters.
MAX_NAME = 50

#: Labels of a host, from its end, that may name a site. Real hosts have three or four.
MAX_LABELS = 10

_WORDS = load("sites", dict[str, list[str]])

#: Labels of hosts that are no site's name.
_NO_NAMES = frozenset(_WORDS["labels"])

_BEFORE_COLON = re.compile(r"([^:]{2,40}):\s")
_AFTER_COLON = re.compile(r"(.{2,250}):\s([^:]{2,40})\Z")
_IN_BRACKETS = re.compile(r".{1,250}\S\s\[([^\[\]]{2,40})\]\Z")

#: Titles of feeds without a site's name, and words for a feed beside the name.
_FEEDS = frozenset(_WORDS["feeds"])
_FEED = re.compile(
    r"(?i)(?:^|(?<=[\s(\u00bb-]))(?:(?:rss|atom|json|xml|news|flux|fil)[\s-]?)*(?:\d\.\d\s*)?"
    r"(?:rss|atom|feed)(?:\s?\d\.\d)?(?:\s(?:for|of|f\u00fcr|pour|para|de))?(?=[\s):]|$)"
)
_COMMENTS = re.compile(
    r"(?i)comment|kommentar|coment|reacties|\u043a\u043e\u043c\u043c\u0435\u043d\u0442"
)

#: Kinds of pages in titles. They stand where a site's name may stand.
_KINDS = frozenset(_WORDS["kinds"])

#: German and Nordic letters in their spelling for hosts.
_IN_HOSTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "æ": "ae",
                           "ø": "oe"})  # fmt: skip


def site_name(sources: Sources) -> str | None:
    """Return the name of a site by its metadata, or by its host in the page's title."""
    hosts = []
    for each in _site_names(sources):
        if is_placeholder(each) or "://" in each or not (name := plain(each, MAX_SITE_NAME)):
            continue
        # A host is a name only if there is no other.
        if not each.lower().startswith("www."):
            return name
        hosts.append(name)
    return next(iter(hosts), None)


def _site_names(sources: Sources) -> Iterator[str]:
    page, graph = sources.page, sources.graph
    yield from (each for each in page.meta(*SITE_NAMES) if not _is_a_title(page, each))
    for kind in ("WebSite", "Blog"):
        for node in graph.of_type({kind}):
            yield from graph.texts(node, "name")
    yield from (name for text in page.titles[:1] if (name := _site_by_host(page, text)))
    # Blogger names itself.
    generators = {key(each.partition(" ")[0]) for each in page.meta("generator")}
    publishers = sources.json_ld("publisher", "isPartOf", "sourceOrganization")
    yield from (each for each in publishers if key(each[:MAX_TITLE]) not in generators)
    yield from page.meta(*METAS["site_names"])
    publishers = sources.microdata.texts("publisher")
    yield from (each for each in publishers if len(each) <= MAX_SITE_NAME)


def _is_a_title(page: Document, name: str) -> bool:
    """Whether a site's name in Open Graph is the title of the page by mistake."""
    letters = key(name[:MAX_TITLE])
    if len(letters) < A_SENTENCE or is_front_page(page.url) or not page.titles:
        return False
    is_repeated = any(key(each[:MAX_TITLE]) == letters for each in page.meta(*TITLES))
    return is_repeated and key(page.titles[0][:MAX_TITLE]) != letters


def _site_by_host(page: Document, text: str) -> str | None:
    title = plain(text, MAX_TITLE)
    if not title:
        return None
    return without_title(title) or site_in(title, page.url, ())


def site_in_titles(page: Document, title: str | None, own: list[str]) -> str | None:
    """Return the site's name in the page's titles."""
    given = [plain(each, MAX_TITLE) or "" for each in page.meta(*TITLES)[:MAX_GIVEN]]
    alone = [each for each in given if not without_title(each)]
    if bare := next((name for each in given if (name := without_title(each))), None):
        return plain(bare, MAX_SITE_NAME)
    if logo := _logo_in_title(page):
        return logo
    for text in [*page.titles[:1], title or ""]:
        cleaned = plain(text, MAX_TITLE)
        if cleaned and (name := site_in(cleaned, page.url, [*own, *alone])):
            return plain(name, MAX_SITE_NAME)
    return None


def _logo_in_title(page: Document) -> str | None:
    """Return the site's name in a heading, if the title has it beside the page's own part."""
    title = next((plain(each, MAX_TITLE) or "" for each in page.titles[:1]), "")
    begin = _BEFORE_COLON.match(title)
    keys = {key(each) for each in (*parts(title), begin[1] if begin else "")} - {key(title)}
    names = (plain(each, MAX_SITE_NAME) for each in logos(page))
    return next((name for name in names if name and key(name) in keys), None)


def site_of_feed(page: Document, title: str | None) -> str | None:
    """Return the site's name in the title of the first feed, unless it is the page's title."""
    feeds = (each for each in page.linked("alternate") if each.get("type") in FEEDS)
    name = next((name for each in feeds if (name := feed_name(each.get("title")))), None)
    return name if name and key(name) not in {key(title or ""), *HOME} else None


def site_in(title: str, url: str, own: Iterable[str]) -> str | None:
    """Return the site's name in a title: the part like its host, or beside a known title.

    `own` are possible titles of the page without the site's name, such as its headings.
    """
    begin = _BEFORE_COLON.match(title)
    if begin and is_of_host(begin[1], url):
        return begin[1]
    end = _IN_BRACKETS.match(title)
    if end and is_of_host(end[1], url):
        return end[1]
    titles = {key(text) for text in own if text}
    pieces = parts(title)
    if len(pieces) < 2:  # noqa: PLR2004 - a title and a name
        end = _AFTER_COLON.match(title)
        is_beside = end and key(end[1]) in titles and key(end[2]) not in titles
        if end and (is_beside or is_of_host(end[2], url)):
            return end[2]
        return title if key(title) in _host(url)[1] else None
    # Sections may follow the name.
    for name in (pieces[-1], pieces[0], *pieces[1:-1]):
        if len(name) <= MAX_NAME and is_of_host(name, url):
            return name
    return _beside(pieces, titles)


def _beside(pieces: Sequence[str], titles: set[str]) -> str | None:
    """Return the part of a title beside one of these titles, given as keys."""
    last = pieces[-1]
    for name, rest in ((last, pieces[:-1]), (pieces[0], pieces[1:])):
        # Sections may stand between them.
        heads = {key("".join(rest[: n + 1])) for n in range(len(rest))}
        if len(name) <= MAX_NAME and not titles.isdisjoint(heads) and key(name) not in titles:
            return None if key(name) in _KINDS else name
    # A fact about the page, such as its author, may stand between a long title and the name.
    before = key("".join(pieces[:-1]))
    is_after = any(len(each) >= A_SENTENCE and before.startswith(each) for each in titles)
    if is_after and key(last) not in titles | _KINDS:
        return last if len(last) <= MAX_NAME else None
    return last if last.lower().endswith(" documentation") and len(last) <= MAX_NAME else None


def feed_name(text: str) -> str | None:
    """Return the name of the site in the title of its feed, or None."""
    if _COMMENTS.search(text):
        return None
    name = trimmed(" ".join(_FEED.sub(" ", text[: MAX_NAME * 2]).split()))
    return name if len(name) <= MAX_NAME and key(name) not in _FEEDS else None


def is_of_host(name: str, url: str) -> bool:
    """Whether a name is similar to a label of a URL's host."""
    letters = key(name)
    if letters.startswith("the") and len(letters) > 6:  # noqa: PLR2004 - "the" and a name
        letters = letters[3:]
    if len(letters) < 2:  # noqa: PLR2004 - a letter is no name
        return False
    spellings = {letters}
    if not letters.isascii():
        spellings |= {letters.translate(_IN_HOSTS), _ascii(letters)}
    host, labels = _host(url)
    return any(_are_alike(label, spelling) for label in (*labels, *host) for spelling in spellings)


@lru_cache(maxsize=32)
def _host(url: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return a URL's host, and its labels that may name a site, as keys."""
    host = (urlsplit(url).hostname or "").lower()
    labels = [key(each) for each in host.split(".")[-MAX_LABELS - 1 : -1]]
    return frozenset({key(host)} - _NO_NAMES), tuple(set(labels) - _NO_NAMES)


def _ascii(letters: str) -> str:
    """Remove the accents of letters, as most hosts do."""
    if letters.isascii():
        return letters
    apart = unicodedata.normalize("NFKD", letters.replace("\u0131", "i"))
    return "".join(each for each in apart if not unicodedata.combining(each))


def _are_alike(label: str, name: str) -> bool:
    """Whether one contains the other, and is at most twice as long."""
    if label == name:
        return True
    short, long = (label, name) if len(label) <= len(name) else (name, label)
    return len(short) > 3 and short in long and len(short) >= len(long) * 0.5  # noqa: PLR2004 - shorter ones are in many words
