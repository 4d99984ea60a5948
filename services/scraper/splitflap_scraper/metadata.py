"""What a page says of itself: Open Graph, then Twitter cards, then plain HTML.

All of it is plain text of strangers: whoever shows it must escape it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode
from splitflap_core.settings import Network

from splitflap_scraper.addresses import may_be_reached, parsed
from splitflap_scraper.errors import FetchError
from splitflap_scraper.urls import joined

#: Longest texts, in characters (code points).
MAX_TITLE = 300
MAX_DESCRIPTION = 1000
MAX_SITE_NAME = 100

#: Longest URL of an image, in characters.
MAX_IMAGE = 2000

TITLES = ("og:title", "twitter:title")
DESCRIPTIONS = ("og:description", "twitter:description", "description")
IMAGES = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")
SITE_NAMES = ("og:site_name", "application-name")

#: Characters that only turn the reading direction around (Unicode, UAX 9), hide, or mark nothing.
_INVISIBLE = re.compile(
    "[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufff9-\ufffb]"
)
#: Control characters, private and unassigned ones, and halves of surrogate pairs.
_DROPPED = frozenset({"Cc", "Co", "Cn", "Cs"})


@dataclass(frozen=True)
class Metadata:
    """A page's words of itself; `image` is an absolute http or https URL."""

    title: str | None
    description: str | None
    image: str | None
    site_name: str | None


def extract(head: str, url: str, allowed: Sequence[Network] = ()) -> Metadata:
    """The metadata in the tags of a page that was found at `url`.

    An image may stand in the networks that are `allowed` to the scraper, beside the public ones.
    """
    tree = LexborHTMLParser(head)
    metas = _metas(tree)
    return Metadata(
        title=_first([*_of(metas, TITLES), *_titles(tree)], MAX_TITLE),
        description=_first(_of(metas, DESCRIPTIONS), MAX_DESCRIPTION),
        image=_image([*_of(metas, IMAGES), *_image_links(tree)], _base(tree, url), allowed),
        site_name=_first(_of(metas, SITE_NAMES), MAX_SITE_NAME),
    )


def clean(text: str, limit: int) -> str | None:
    """Text on one line, without what cannot be seen, `limit` characters at most.

    None if nothing is left. A text that is cut ends with an ellipsis.
    """
    # White space may be a control character, and must not be dropped for it.
    words = " ".join(_INVISIBLE.sub("", text).split())
    seen = "".join(each for each in words if unicodedata.category(each) not in _DROPPED).strip()
    if len(seen) > limit:
        seen = seen[: limit - 1].rstrip() + "\u2026"
    return seen or None


def _metas(tree: LexborHTMLParser) -> dict[str, str]:
    """The first content of each meta, by its property or name, that is not blank."""
    found: dict[str, str] = {}
    for node in tree.css("meta"):
        attributes = node.attributes
        content = attributes.get("content")
        if content and not content.isspace():
            for key in ("property", "name", "itemprop"):
                name = (attributes.get(key) or "").strip().lower()
                found.setdefault(name, content)
    return found


def _of(metas: dict[str, str], names: Iterable[str]) -> Iterator[str]:
    return (metas[name] for name in names if name in metas)


def _titles(tree: LexborHTMLParser) -> Iterator[str]:
    return (node.text() for node in tree.css("title"))


def _image_links(tree: LexborHTMLParser) -> Iterator[str]:
    for node in tree.css("link"):
        if "image_src" in (node.attributes.get("rel") or "").lower().split():
            yield node.attributes.get("href") or ""


def _first(texts: Iterable[str], limit: int) -> str | None:
    return next((cleaned for text in texts if (cleaned := clean(text, limit))), None)


def _base(tree: LexborHTMLParser, url: str) -> str:
    """What relative URLs are relative to: the first <base href>, itself relative to the page."""
    node: LexborNode | None = tree.css_first("base[href]")
    try:
        return joined(url, (node.attributes.get("href") or "") if node else "").url
    except FetchError:
        return url


def _image(references: Iterable[str], base: str, allowed: Sequence[Network]) -> str | None:
    """The first that is a URL which a reader's browser may be sent to."""
    for reference in references:
        try:
            target = joined(base, reference)
        except FetchError:
            continue
        address = parsed(target.host)
        is_private = address is not None and not may_be_reached(address, allowed)
        if reference.strip() and len(target.url) <= MAX_IMAGE and not is_private:
            return target.url
    return None
