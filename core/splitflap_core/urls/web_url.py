"""The one reading of http and https URLs (WHATWG, URL Standard), by the library Ada.

A host has many spellings: `134744072`, `0x8.8.2056`, `8.8.8.8.` and full-width digits are all
`8.8.8.8`. Keys, limits, robots.txt, lists and previews use the host that this module returns.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

from ada_url import URL

from splitflap_core.urls.addresses import Address, parsed

DEFAULT_PORTS = {"http": 80, "https": 443}

#: The beginning of a URL that names its host. A browser also reads `http:host` and `http:///host`.
_BEGINNING = re.compile(r"(?i)https?://([^/?#\\][^/?#]*)")

#: Labels of 1 to 63 characters (RFC 1035). Real names use the underscore too.
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")

#: Longest host and label, in characters (RFC 1035). A host may end with one more dot.
MAX_HOST = 253
MAX_LABEL = 63

#: URLs that `known_url` remembers. A page names its own URL and its image in many places.
MAX_KNOWN = 256

#: Characters of a percent-encoded code point, at most.
_ENCODED = 12

#: The authority as written. Before it, a URL has a scheme with hosts, or two slashes. A browser
#: reads a backslash as a slash, and ignores control characters before the URL.
_AUTHORITY = re.compile(
    r"(?i)[\x00-\x20]*(?:(?:https?|wss?|ftp|file):[/\\]*|(?:[a-z][a-z0-9+.-]*:)?[/\\]{2,})"
    r"([^/\\?#]*)"
)

#: The dots of a host, before IDNA (UTS 46).
_DOTS = re.compile("[.\u3002\uff0e\uff61]")

_SCHEME = re.compile(r"(?i)https?:")

#: A URL as Ada writes it: scheme, credentials, host, port, path, and a query that is not empty.
_WRITTEN = re.compile(
    r"(https?)://(?:([^/?#@]*)@)?(\[[^\]]*\]|[^/?#:]*)(?::([0-9]+))?([^?#]*)(\?[^#]+)?"
)
_WHITE_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")


#: The messages of BadUrl.
_NO_SCHEME = "expected a URL whose scheme is http or https"
_NO_HOST = "expected a URL with a host, without spaces or control characters"


class BadUrl(ValueError):
    """The text is not an http or https URL with a valid host."""


@dataclass(frozen=True)
class WebUrl:
    """A URL without credentials and fragment. `host` is a name or a bare address, in ASCII.

    A name has no final dot. `path` begins with a slash, and includes the query.
    """

    scheme: str
    host: str
    port: int
    path: str
    #: Whether the text had a user or a password.
    had_credentials: bool = field(default=False, compare=False)

    @property
    def authority(self) -> str:
        """The Host header (RFC 9110, section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: the part of a URL for logs. The rest may be secret."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The whole URL."""
        return self.origin + self.path

    @property
    def address(self) -> Address | None:
        """The host as an address, or None for a name."""
        return parsed(self.host)


def web_url(text: str) -> WebUrl:
    """Read an absolute URL.

    Raises:
        BadUrl: the text is not an http or https URL with a valid host.
    """
    text = text.strip()
    found = _BEGINNING.match(text)
    if found is None:
        raise BadUrl(_NO_HOST if _SCHEME.match(text) else _NO_SCHEME)
    if "\\" in found[1]:
        # Browsers read a backslash as a slash, other programs do not.
        raise BadUrl("not a URL: a backslash before the path")
    return _read(text, None)


@lru_cache(maxsize=MAX_KNOWN)
def known_url(text: str) -> WebUrl:
    """Read an absolute URL as `web_url`, and remember it. The caller bounds its length.

    Raises:
        BadUrl: as `web_url`.
    """
    return web_url(text)


def joined(base: str, reference: str) -> WebUrl:
    """Resolve a reference in a document or a redirect, as browsers do.

    Raises:
        BadUrl: as `web_url`.
    """
    return _read(reference.strip(), base)


def canonical(text: str, *, keep_credentials: bool = False) -> str:
    """The one form of a URL that is stored, compared and shown.

    Scheme, host and port have their canonical form, and credentials are removed unless the caller
    keeps them. Path, query and fragment stay as the author wrote them.

    Raises:
        BadUrl: as `web_url`, or white space or control characters.
    """
    if _WHITE_OR_CONTROL.search(text):
        raise BadUrl(_NO_HOST)
    url = web_url(text)
    found = _BEGINNING.match(text)
    assert found is not None, "web_url requires it"  # noqa: S101 - for mypy
    credentials, at, _ = found[1].rpartition("@")
    before = credentials + at if keep_credentials else ""
    return f"{url.scheme}://{before}{url.authority}{text[found.end() :]}"


def host_of(text: str) -> str:
    """The canonical form of a host, for lists of hosts.

    Raises:
        BadUrl: the host is invalid.
    """
    if not text or any(each in text for each in "/?#@\\"):
        raise BadUrl("not a host name")
    if text.count(":") == 1:
        raise BadUrl("a host with a port; expected the host alone")
    if ":" in text:
        return _host(text if text.startswith("[") else f"[{text}]")
    return _read(f"http://{text}/", None).host


def _read(text: str, base: str | None) -> WebUrl:
    _check_size(text)
    try:
        # Each attribute costs a call into the library, so one has to do.
        written = URL(text, base).href
    except ValueError as error:  # also UnicodeEncodeError, for half a surrogate pair
        raise BadUrl("not a URL: its host or port is invalid") from error
    found = _WRITTEN.match(written)
    if found is None:
        raise BadUrl(_NO_SCHEME)
    scheme, credentials, host, port, path, query = found.groups()
    number = int(port) if port else DEFAULT_PORTS[scheme]
    return WebUrl(scheme, _host(host), number, path + (query or ""), bool(credentials))


def _check_size(text: str) -> None:
    """Refuse a long host before IDNA, whose Punycode takes quadratic time (RFC 3492).

    Names grow in IDNA: it makes no valid name of a longer text, beside soft hyphens and the like.
    """
    if len(text) <= MAX_LABEL:
        return
    # A browser removes these anywhere in a URL.
    found = _AUTHORITY.match(text.replace("\t", "").replace("\n", "").replace("\r", ""))
    if found is None:
        return
    host = found[1].rpartition("@")[2].partition(":")[0]
    if len(host) <= MAX_LABEL:
        return
    is_long = len(host) > MAX_HOST * _ENCODED
    host = host if is_long or "%" not in host else unquote(host)
    # One more for the final dot.
    if is_long or len(host) > MAX_HOST + 1 or max(map(len, _DOTS.split(host))) > MAX_LABEL:
        raise BadUrl(f"a host of more than {MAX_HOST} characters, or {MAX_LABEL} in a label")


def _host(host: str) -> str:
    if host.startswith("["):
        address = parsed(host[1:].removesuffix("]"))
        if address is None:
            raise BadUrl("not a URL: its host is no IPv6 address")
        return str(address)
    host = host.removesuffix(".")
    if not _NAME.fullmatch(host):
        raise BadUrl("not a URL: its host is no name")
    return host
