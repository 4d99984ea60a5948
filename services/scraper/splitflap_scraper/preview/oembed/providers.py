"""oEmbed (oembed.com): where a site describes its pages.

providers.json has some well-known providers of oembed.com/providers.json, in its format.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.page.document import Document

#: Media types of links to oEmbed, the best first.
_TYPES = ("application/json+oembed", "text/xml+oembed", "application/xml+oembed")

#: Characters read of the Link headers, and links to oEmbed in them and in the page.
MAX_LINKED = 4096
MAX_LINKS = 20

#: One link of a header (RFC 8288), with its parameters.
_LINK = re.compile(r"<([^<>]{1,2000})>((?:\s*;\s*[\w*-]{1,30}\s*=\s*(?:\"[^\"]*+\"|[^\s\",;]++))*)")
_TYPE = re.compile(r""";\s*+type\s*+=\s*+"?+\s*+([^\s",;]{1,60})""", re.IGNORECASE)

#: Links to oEmbed tried. Real pages have one of each type.
MAX_TRIED = 5


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


def discovered(page: Document, headers: Headers) -> str | None:
    """Return the URL of oEmbed in the links of a page or of its response, or None."""
    # Only few links need their references undone.
    about = (each for each in page.links if "oembed" in each.attributes.get("type", "").lower())
    links = [(each.get("type"), each.get("href")) for each in islice(about, MAX_LINKS)]
    links += _in_headers(headers)
    named = (url for kind in _TYPES for found, url in links if found.lower() == kind)
    tried = map(page.resolved, islice(named, MAX_TRIED))
    return next((url for url in tried if url), None)


def _in_headers(headers: Headers) -> Iterator[tuple[str, str]]:
    """Iterate over the links of a response, as media type and reference."""
    text = ", ".join(headers.get_all("Link"))[:MAX_LINKED]
    if "oembed" not in text.lower():
        return
    for _, link in zip(range(MAX_LINKS), _LINK.finditer(text), strict=False):
        if kind := _TYPE.search(link[2]):
            yield kind[1], link[1]
