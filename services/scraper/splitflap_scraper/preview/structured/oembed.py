"""oEmbed (oembed.com): what a site says of a page to those who would embed it, as JSON.

Asked only where the page itself says too little, since it costs the site another request.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from splitflap_core.settings import Network

from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.fields.image import may_be_shown
from splitflap_scraper.preview.metadata import Metadata
from splitflap_scraper.preview.texts import MAX_SITE_NAME, MAX_TITLE, plain

#: oEmbed's types, as previews say them; `rich` and `link` say nothing.
_TYPES = {"photo": "image", "video": "video"}

_JSON = "application/json+oembed"


class _Endpoint(msgspec.Struct):
    url: str
    schemes: list[str] = []


class _Provider(msgspec.Struct):
    provider_name: str
    endpoints: list[_Endpoint]


@dataclass(frozen=True)
class Providers:
    """Which endpoint answers for which pages."""

    endpoints: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def load(cls, path: str) -> "Providers":
        """The providers of a file in the format of oembed.com/providers.json.

        An empty path stands for the list that comes with the scraper, `none` for no list.

        Raises:
            OSError, ValueError: the file cannot be read, or is no such list.
        """
        if path == "none":
            return cls(())
        builtin = resources.files(__package__) / "providers.json"
        data = Path(path).read_bytes() if path else builtin.read_bytes()
        found = msgspec.json.decode(data, type=list[_Provider])
        return cls(
            tuple((each.url, tuple(each.schemes)) for one in found for each in one.endpoints)
        )

    def endpoint(self, url: str) -> str | None:
        """The request that asks for a page, if one of the providers knows it."""
        for endpoint, schemes in self.endpoints:
            if any(matches(scheme, url) for scheme in schemes):
                where = endpoint.replace("{format}", "json")
                query = urlencode({"url": url, "format": "json"})
                return f"{where}{'&' if '?' in where else '?'}{query}"
        return None


def matches(scheme: str, url: str) -> bool:
    """Whether a URL is of a scheme, in which `*` stands for anything; in linear time."""
    url = re.sub(r"^http:", "https:", url)
    first, *others = re.sub(r"^http:", "https:", scheme).split("*")
    if not url.startswith(first):
        return False
    at = len(first)
    host_end = url.find("/", len("https://"))
    for index, part in enumerate(others):
        is_last = index == len(others) - 1
        if is_last:
            return not part or (url.endswith(part) and len(url) - len(part) >= at)
        found = url.find(part, at)
        # A star in the host stays there.
        if found < 0 or (at <= host_end < found):
            return False
        at = found + len(part)
    return at == len(url)


def discovered(page: Document) -> str | None:
    """The request that a page itself names."""
    links = [each for each in page.links if each.get("type").lower() == _JSON]
    return next((url for each in links if (url := page.resolved(each.get("href")))), None)


def answer_of(data: bytes) -> dict[str, Any] | None:
    """An answer, if it is one."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) and ("type" in answer or "title" in answer) else None


def merged(found: Metadata, answer: dict[str, Any], allowed: Sequence[Network]) -> Metadata:
    """Metadata, with what an answer adds to them."""
    kind = _TYPES.get(str(answer.get("type")))
    image = _first_url(
        [answer.get("thumbnail_url"), answer.get("url") if kind == "image" else None], allowed
    )
    more = {
        "title": plain(_text(answer, "title"), MAX_TITLE),
        "author": plain(_text(answer, "author_name"), MAX_SITE_NAME),
        "site_name": plain(_text(answer, "provider_name"), MAX_SITE_NAME),
        "image": image,
    }
    if kind and found.type in {None, "website"}:
        found = replace(found, type=kind)
    for name, value in more.items():
        if value and not getattr(found, name):
            found = replace(found, **{name: value})  # type: ignore[arg-type]  # these are texts
    return found


def _text(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def _first_url(urls: Iterable[Any], allowed: Sequence[Network]) -> str | None:
    return next((url for url in urls if isinstance(url, str) and may_be_shown(url, allowed)), None)
