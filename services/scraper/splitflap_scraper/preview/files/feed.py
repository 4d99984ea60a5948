"""The channel of a feed as a preview: RSS, RDF, Atom, and JSON Feed.

Only the part before the first item counts. The items describe other pages.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from splitflap_core.contracts import (
    MAX_AUTHORS,
    MAX_DESCRIPTION,
    MAX_SITE_NAME,
    MAX_TITLE,
    PreviewFields,
)

from splitflap_scraper.page.charsets import decoded
from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.fields.image import MIN_PIXELS
from splitflap_scraper.preview.fields.language import tag
from splitflap_scraper.preview.fields.site_name import feed_name, site_in
from splitflap_scraper.preview.fields.title_text import parts
from splitflap_scraper.preview.files.xml import MAX_LONG, first, tags, without
from splitflap_scraper.preview.texts import plain

#: Members read of a JSON Feed.
MAX_MEMBERS = 40

#: Bytes in which a feed names itself.
_BEGIN = 2048

_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_ROOT = re.compile(rb"<(?:([A-Za-z][\w.-]{0,30}):)?([A-Za-z][\w.-]{0,30})(?=[\s/>])")
#: The begin of most pages. The search for a root takes longer.
_PAGE = re.compile(rb"\s*+<(?:!doctype\s+)?html[\s>]", re.IGNORECASE)
#: A name space of Atom or of RSS 1.0, and its prefix in tags.
_PREFIX = re.compile(
    r"""xmlns:([\w.-]{1,30})\s*=\s*["']http://(?:www\.w3\.org/2005/Atom|purl\.org/(?:atom/|rss/1\.0/)|my\.netscape\.com/rdf)"""
)
_RSS_1 = (b"purl.org/rss/1.0", b"my.netscape.com/rdf")
_JSON_FEED = b"jsonfeed.org/version/"

_ITEM = re.compile(r"<(?:item|entry)(?=[\s/>])")
#: White space with the separators of JSON. Each matches at any place.
_SPACE = re.compile(r"[\s,:]*+")
_EDITOR = re.compile(r"\(([^()@]{2,80})\)")


def is_feed(data: bytes) -> bool:
    """Whether a file begins as a feed does."""
    if _PAGE.match(data):
        return False
    begin = data[:_BEGIN]
    if begin.lstrip()[:1] == b"{":
        return _JSON_FEED in begin.replace(b"\\/", b"/")
    root = _ROOT.search(_COMMENT.sub(b"", begin))
    name = root[2].lower() if root else b""
    is_rdf = name == b"rdf" and any(each in begin for each in _RSS_1)
    is_prefixed = root is not None and root[1] is not None
    return is_rdf or (name == b"feed" and (not is_prefixed or b"/Atom" in begin)) or name == b"rss"


def has_root(begin: bytes) -> bool:
    """Whether the begin of a file has its first tag, so that `is_feed` is sure."""
    if _PAGE.match(begin):
        return True
    bare = _COMMENT.sub(b"", begin)
    root = _ROOT.search(bare)
    return root is not None and b"<!--" not in bare and b">" in bare[root.end() :]


def feed_preview(data: bytes, url: str, charset: str | None) -> PreviewFields | None:
    """Return the preview of a feed, or None for another file."""
    if not is_feed(data):
        return None
    text = decoded(data, charset)
    return _of_json(text, url) if text.lstrip()[:1] == "{" else _of_xml(text, url)


def _unprefixed(text: str) -> str:
    """Remove the prefix of the feed's own elements, if its root has it too, or if it is RDF."""
    begin = text[:_BEGIN]
    for prefix in _PREFIX.findall(begin):
        if f"<{prefix}:feed" in begin or f"<{prefix}:channel" in begin:
            text = re.sub(rf"(</?){re.escape(prefix)}:", r"\1", text)
    return text


def _of_xml(text: str, url: str) -> PreviewFields:
    text = _unprefixed(text)
    item = _ITEM.search(text)
    head = text[: item.start()] if item else text
    channel, picture = without(head, "image")
    channel, _ = without(channel, "textInput")
    channel, author = without(channel, "author")
    root = next(tags(head, "rss", "feed", "rdf:RDF"), {})
    links = list(tags(channel, "link", "atom:link", "atom10:link"))
    image, icon = _pictures(channel, picture)
    return _preview(
        url,
        title=first(channel, "title"),
        description=first(channel, "description", "subtitle", "itunes:summary", "itunes:subtitle",
                           "tagline", limit=MAX_LONG),
        image=image,
        icon=icon,
        author=_author(channel, author),
        site=first(channel, "dc:publisher"),
        language=first(channel, "language", "dc:language") or root.get("xml:lang", ""),
        home=_linked(links, "alternate") or first(channel, "link"),
        own=_linked(links, "self"),
    )  # fmt: skip


def _pictures(channel: str, picture: str) -> tuple[str, str]:
    """Return the picture and the icon of a channel. A small picture is an icon."""
    image = next(
        (
            found
            for each in tags(channel, "itunes:image", "googleplay:image", "webfeeds:cover")
            if (found := each.get("href") or each.get("image"))
        ),
        "",
    )
    icon = first(channel, "icon", "webfeeds:icon")
    classic, width = first(picture, "url"), first(picture, "width")
    if width.isascii() and width.isdigit() and int(width[:6]) < MIN_PIXELS:
        icon, classic = icon or classic, ""
    return image or first(channel, "logo", "webfeeds:logo") or classic, icon


def _author(channel: str, author: str) -> str:
    """Return the author of a channel. RSS has a mail address, with a name in parentheses."""
    editor = _EDITOR.search(first(channel, "managingEditor"))
    name = first(author, "name") or first(channel, "itunes:author", "dc:creator")
    return name or (editor[1] if editor else "")


def _of_json(text: str, url: str) -> PreviewFields:
    feed = dict(_members(text))
    authors = feed.get("authors")
    author = authors[0] if isinstance(authors, list) and authors else feed.get("author")
    return _preview(
        url,
        title=_text(feed, "title"),
        description=_text(feed, "description"),
        image=_text(feed, "icon"),
        icon=_text(feed, "favicon"),
        author=_text(author if isinstance(author, dict) else {}, "name"),
        site="",
        language=_text(feed, "language"),
        home=_text(feed, "home_page_url"),
        own=_text(feed, "feed_url"),
    )


def _preview(
    url: str, *, title: str, description: str, image: str, icon: str, author: str, site: str,
    language: str, home: str, own: str,
) -> PreviewFields:  # fmt: skip
    page = Document(url)
    name = plain(title, MAX_TITLE)
    return PreviewFields(
        title=name,
        description=plain(description, MAX_DESCRIPTION),
        image=page.resolved(image),
        site_name=plain(site, MAX_SITE_NAME) or _site(name or "", page.resolved(home) or url),
        author=plain(author, MAX_AUTHORS),
        language=tag(language),
        type="website",
        icon=page.resolved(icon),
        canonical=page.resolved(own),
    )


def _site(title: str, home: str) -> str | None:
    """Return the site's name in a channel's title: the part like its host, or all of it."""
    found = site_in(title, home, ()) or (feed_name(title) if len(parts(title)) == 1 else None)
    return plain(found, MAX_SITE_NAME) if found else None


def _linked(links: list[dict[str, str]], relation: str) -> str:
    named = (each for each in links if each.get("rel", "alternate") == relation)
    return next((found for each in named if (found := each.get("href"))), "")


# JSON. A long feed is cut, so the members before the cut count.


def _members(text: str) -> Iterator[tuple[str, Any]]:
    decoder = json.JSONDecoder(strict=False, parse_int=float)
    at = text.find("{") + 1
    for _ in range(MAX_MEMBERS):
        try:
            name, at = decoder.raw_decode(text, _begin(text, at))
            value, at = decoder.raw_decode(text, _begin(text, at))
        except (ValueError, RecursionError):
            return
        if isinstance(name, str):
            yield name, value


def _begin(text: str, at: int) -> int:
    """Return the begin of the next name or value."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _text(feed: dict[str, Any], name: str) -> str:
    value = feed.get(name)
    return value[:MAX_LONG] if isinstance(value, str) else ""
