"""oEmbed (oembed.com): a site's description of a page, as JSON.

The scraper requests it only if the page lacks a field, since this costs the site another request.

providers.json has some well-known providers of oembed.com/providers.json, in its format.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from splitflap_core.contracts import MAX_SITE_NAME, MAX_TITLE, PreviewFields
from splitflap_core.urls.addresses import AddressRules

from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.fields.image import shown
from splitflap_scraper.preview.texts import plain

#: Types of oEmbed, with the type of the preview. `rich` and `link` do not identify a type.
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
    """The endpoints of oEmbed, each with the URL patterns of its pages."""

    endpoints: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def load(cls, path: str) -> "Providers":
        """Read a file in the format of oembed.com/providers.json.

        An empty path means the built-in list, and `none` an empty one.

        Raises:
            OSError, ValueError: the file is unreadable or invalid.
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
        """Return the URL that describes a page, or None for an unknown page."""
        for endpoint, schemes in self.endpoints:
            if any(matches(scheme, url) for scheme in schemes):
                where = endpoint.replace("{format}", "json")
                query = urlencode({"url": url, "format": "json"})
                return f"{where}{'&' if '?' in where else '?'}{query}"
        return None


def matches(scheme: str, url: str) -> bool:
    """Whether a URL matches a scheme, with `*` for any text. It takes linear time."""
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
        # A star in the host matches only within the host.
        if found < 0 or (at <= host_end < found):
            return False
        at = found + len(part)
    return at == len(url)


def discovered(page: Document) -> str | None:
    """Return the URL of oEmbed in the page's own link, or None."""
    links = [each for each in page.links if each.get("type").lower() == _JSON]
    return next((url for each in links if (url := page.resolved(each.get("href")))), None)


def answer_of(data: bytes) -> dict[str, Any] | None:
    """Parse an answer, or return None for an invalid one."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) and ("type" in answer or "title" in answer) else None


def merged(found: PreviewFields, answer: dict[str, Any], rules: AddressRules) -> PreviewFields:
    """Add the fields of an answer to the missing fields of a preview."""
    kind = _TYPES.get(str(answer.get("type")))
    image = _first_url(
        [answer.get("thumbnail_url"), answer.get("url") if kind == "image" else None], rules
    )
    added = {
        "title": plain(_text(answer, "title"), MAX_TITLE),
        "author": plain(_text(answer, "author_name"), MAX_SITE_NAME),
        "site_name": plain(_text(answer, "provider_name"), MAX_SITE_NAME),
        "image": image,
    }
    missing = {name: value for name, value in added.items() if value and not getattr(found, name)}
    if kind and found.type in {None, "website"}:
        missing["type"] = kind
    return msgspec.structs.replace(found, **missing)


def _text(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def _first_url(urls: Iterable[Any], rules: AddressRules) -> str | None:
    found = (shown(each, rules) for each in urls if isinstance(each, str))
    return next((url for url in found if url), None)
