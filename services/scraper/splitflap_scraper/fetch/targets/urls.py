"""The URLs of requests: absolute, in ASCII, stripped of credentials and fragment."""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from urllib.parse import quote, urljoin, urlsplit

import idna

from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.targets.addresses import parsed

DEFAULT_PORTS = {"http": 80, "https": 443}

#: Longest URL in a request, in characters: four times the limit of a post, since redirects grow.
MAX_FETCHED = 8000

#: Parsed URLs in the cache. One preview parses its own URL several times.
MAX_CACHED = 256

#: Ports of other protocols, whose servers could take a request for a command. Browsers block them
#: too (Fetch Standard, "Port blocking").
# fmt: off
BLOCKED_PORTS = frozenset({
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
})
# fmt: on

#: RFC 3986's reserved characters and "%". Quoted characters stay quoted.
_SAFE = "!#$%&'()*+,/:;=?@[]~"

#: Labels of 1 to 63 characters (RFC 1035). Real names use the underscore too.
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")


@dataclass(frozen=True)
class Target:
    """The target of a request. `host` is a name or a bare address, in ASCII."""

    scheme: str
    host: str
    port: int
    path: str

    @cached_property
    def authority(self) -> str:
        """The Host header (RFC 9110, section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @cached_property
    def origin(self) -> str:
        """Scheme, host and port: the part of a URL for logs. The rest may be secret."""
        return f"{self.scheme}://{self.authority}"

    @cached_property
    def url(self) -> str:
        """The whole URL."""
        return self.origin + self.path


@lru_cache(maxsize=MAX_CACHED)
def target_of(url: str) -> Target:
    """Parse a URL into the target of a request.

    Raises:
        FetchError: `bad_url`, or `forbidden_port`.
    """
    url = url.strip()
    if len(url) > MAX_FETCHED:
        raise FetchError("bad_url", f"the URL has more than {MAX_FETCHED} characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        path = quote(path, safe=_SAFE, errors="strict")
    except ValueError as error:
        raise FetchError("bad_url", str(error)) from error
    if parts.scheme not in DEFAULT_PORTS:
        raise FetchError("bad_url", "neither http nor https")
    if port in BLOCKED_PORTS:
        raise FetchError("forbidden_port", f"port {port}")
    return Target(
        parts.scheme,
        ascii_host(host, parts.netloc),
        port or DEFAULT_PORTS[parts.scheme],
        path,
    )


def joined(base: str, reference: str) -> Target:
    """Resolve a reference in a document or a redirect.

    Raises:
        FetchError: as `target_of`.
    """
    reference = reference.strip()
    if reference.startswith(("https://", "http://")):
        return target_of(reference)
    try:
        return target_of(urljoin(base, reference))
    except ValueError as error:
        raise FetchError("bad_url", str(error)) from error


def ascii_host(host: str, netloc: str = "") -> str:
    """Return a host in the form of DNS and certificates: IDNA 2008 with UTS 46, as browsers do.

    Raises:
        FetchError: `bad_url`, for an invalid host.
    """
    if "\\" in netloc:
        # Browsers read a backslash as a slash, and so find another host.
        raise FetchError("bad_url", "a backslash before the path")
    host = host.lower()
    if ":" in host or netloc.rpartition("@")[2].startswith("["):
        address = parsed(host)
        if address is None:
            raise FetchError("bad_url", "not an IPv6 address")
        return str(address)
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError) as error:
            raise FetchError("bad_url", f"not a host name: {error}") from error
    host = host.removesuffix(".")
    if not _NAME.fullmatch(host):
        raise FetchError("bad_url", "not a host name")
    return host
