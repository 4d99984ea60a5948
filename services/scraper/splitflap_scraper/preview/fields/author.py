"""The authors of a page."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from splitflap_core.contracts import MAX_AUTHORS

from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.bylines.byline import bylines
from splitflap_scraper.preview.bylines.kinds import is_organization, is_person
from splitflap_scraper.preview.bylines.names import MAX_TEXT, names_in
from splitflap_scraper.preview.bylines.visible import Visible
from splitflap_scraper.preview.fields.site_name import is_of_host
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.structured.jsonld import full_name, text_in
from splitflap_scraper.preview.texts import key, plain
from splitflap_scraper.preview.words.metas import METAS

#: Authors in a preview, at most.
MAX_NAMES = 10

_FAMILY_FIRST = re.compile(r"^([^,\d]{2,40}), ([^,\d]{1,40})$")

#: A link of Markdown around a name.
_LINK = re.compile(r"\[([^\[\]]{1,100})\]\(\s?(?:https?:|/)[^()\s]{0,1000}\)")

#: Between the names of an author and of the site.
_BEFORE_SITE = re.compile(r"\s[|\u2013\u2014-]\s|,\s")


def authors(sources: Sources, visible: Visible, site: str | None) -> str | None:
    """Return the names of a page's authors in their order, separated by commas.

    `site` is the site's name. It is no author of a page that lists others.
    """
    weak: list[str] = []
    for found in _candidates(sources, visible):
        names = _names(found, site)
        if not names:
            continue
        if [*map(key, names)] == [key(site or "")] and _lists_others(visible):
            continue
        # A byline tells more than the name of the site or of its maker.
        if not any(map(is_person, names)):
            weak = weak or names
            if _is_weak(names[0], site, sources):
                continue
        return _joined(weak if weak and not all(map(is_person, names)) else names)
    return _joined(weak or _handles(sources.page)[:1])


def _lists_others(visible: Visible) -> bool:
    return visible.belongs_to_others or visible.has_teasers


def _is_weak(name: str, site: str | None, sources: Sources) -> bool:
    """Whether a name is that of the site, of a house, or of an account in lower case."""
    is_of_site = key(name) == key(site or "") or is_of_host(name, sources.page.url)
    return is_of_site or " " in name or name.islower() or is_organization(name)


def _names(texts: Iterable[str], site: str | None) -> list[str]:
    """Return the different names in some texts."""
    names: dict[str, str] = {}
    for text in texts:
        for name in names_in(_without_site(_LINK.sub(r"\1", text[:MAX_TEXT]), site)):
            names.setdefault(key(name), name)
    return list(names.values())


def _without_site(text: str, site: str | None) -> str:
    """Remove the site's name after an author's."""
    parts = _BEFORE_SITE.split(text)
    is_of_site = len(parts) > 1 and parts[0] and key(parts[-1]) == key(site or "")
    return text[: -len(parts[-1])].rstrip(" ,|-\u2013\u2014") if is_of_site else text


def _joined(names: list[str]) -> str | None:
    return plain(", ".join(names[:MAX_NAMES]), MAX_AUTHORS) if names else None


def _candidates(sources: Sources, visible: Visible) -> Iterator[Iterable[str]]:
    """Iterate over the sources of names, the surest first."""
    page = sources.page
    yield [
        _given_first_of(person)
        for each in sources.values("author", "creator", "byArtist", "director")
        for person in _people(each)
    ]
    yield from _in_metas(page)
    yield sources.microdata.texts("author", "creator", "byArtist")
    if not visible.belongs_to_others:
        yield bylines(visible)
        yield [each.get("content") or each.get("title") for each in page.linked("author")[:1]]


def _in_metas(page: Document) -> Iterator[list[str]]:
    yield [_given_first(each) for each in page.meta("citation_author", "citation_authors")]
    yield from _named(page, METAS["authors"])
    yield _labelled(page)
    yield from _named(page, METAS["other_authors"])


def _named(page: Document, names: Iterable[str]) -> Iterator[list[str]]:
    for name in names:
        if contents := page.meta(name):
            yield list(map(_given_first if name.startswith("dc") else _of_people, contents))


def _people(value: Any) -> list[Any]:
    """Return the people of a node. Some pages give one node the names of all."""
    names = value.get("name") if isinstance(value, dict) else None
    return names[:MAX_NAMES] if isinstance(names, list) else [value]


def _given_first_of(value: Any) -> str:
    """Return a node's name, with the given name first. A number is an id, and no name."""
    if isinstance(value.get("name") if isinstance(value, dict) else value, float):
        return ""
    name = (text_in(value) or "")[:MAX_TEXT]
    if not isinstance(value, dict) or "," not in name:
        return name
    if value.get("familyName") and value.get("givenName"):
        return full_name(value)
    family, _, given = name.partition(",")
    # "A B, C D" may be two people.
    is_one = len(family.split()) == 1 or len(given.split()) == 1
    return _given_first(name) if is_one else name


def _given_first(name: str) -> str:
    """Put the given name first. Libraries write the family name first."""
    each_name = [each.strip() for each in name.split(";")]
    return ", ".join(_FAMILY_FIRST.sub(r"\2 \1", each) for each in each_name if each)


def _of_people(text: str) -> str:
    """Put the given names first in a list like "Lee, Ann; Ray, Bob"."""
    parts = [each.strip() for each in text[:MAX_TEXT].split(";")]
    is_list = len(parts) > 1 and all(map(_FAMILY_FIRST.match, parts))
    return _given_first(text) if is_list else text


def _labelled(page: Document) -> list[str]:
    """Return the authors in a Twitter card, which has up to two labels with a text each."""
    return [
        text
        for number in ("1", "2")
        for label in page.meta(f"twitter:label{number}")[:1]
        if re.match(
            r"(?i)written by|author|by\b|verfasst von|écrit par|escrito por|published by", label
        )
        for text in page.meta(f"twitter:data{number}")[:1]
    ]


def _handles(page: Document) -> list[str]:
    """Return the account of the author on Twitter or in the fediverse, unless it is the site's."""
    handles = page.meta("fediverse:creator", "twitter:creator")
    sites = {each.lower() for each in page.meta("twitter:site")} if handles else set()
    return [
        each
        for each in handles
        if each.lower() not in sites
        and each.strip("@")
        and not is_of_host(each.strip("@").partition("@")[0], page.url)
    ]
