"""Reads Set-Cookie headers (RFC 6265bis, sections 5.6 and 5.7)."""

import re
import time
from email.utils import mktime_tz, parsedate_tz
from typing import NamedTuple

from splitflap_core.urls.public_suffixes import is_public_suffix

from splitflap_scraper.fetch.targets.urls import Target

#: Characters of a name with its value, and of an attribute's value. Longer ones are ignored.
MAX_COOKIE = 4096
MAX_ATTRIBUTE = 1024

#: Characters of a date.
_MAX_DATE = 60

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SECONDS = re.compile(r"-?\d{1,12}", re.ASCII)


class Cookie(NamedTuple):
    """A cookie. `is_for_host` limits it to its domain alone, without subdomains."""

    name: str
    value: str
    domain: str
    is_for_host: bool
    path: str
    is_secure: bool
    is_expired: bool

    def matches(self, target: Target) -> bool:
        """Whether a request to a target has this cookie."""
        if self.is_secure and target.scheme != "https":
            return False
        if target.host != self.domain and (
            self.is_for_host or not is_below(target.host, self.domain)
        ):
            return False
        return _is_in(path_of(target), self.path)

    def overlays(self, other: "Cookie") -> bool:
        """Whether some requests have both cookies, by domain, and this one's path is not wider."""
        ours, theirs = self.domain, other.domain
        is_near = ours == theirs or is_below(ours, theirs) or is_below(theirs, ours)
        return is_near and _is_in(self.path, other.path)

    @property
    def pair(self) -> str:
        """The cookie in a request."""
        return f"{self.name}={self.value}" if self.name else self.value


def is_below(host: str, domain: str) -> bool:
    """Whether a host is a subdomain of a domain. An address is none."""
    return host.endswith(f".{domain}")


def _is_in(path: str, other: str) -> bool:
    """Whether a path matches another one (section 5.1.4)."""
    return path == other or (
        path.startswith(other) and (other.endswith("/") or path[len(other)] == "/")
    )


def path_of(target: Target) -> str:
    """Return the path of a request, without its query."""
    return target.path.partition("?")[0]


def set_cookie(line: str, target: Target) -> Cookie | None:
    """Read one header of the response from a target, or return None if it sets no valid cookie."""
    pair, _, rest = line.partition(";")
    name, value = _name_and_value(pair)
    if not name + value or len(name) + len(value) > MAX_COOKIE or _CONTROL.search(pair):
        return None
    attributes = _attributes(rest)
    domain = _domain(attributes.get("domain", ""), target)
    if domain is None:
        return None
    path = attributes.get("path", "")
    cookie = Cookie(
        name,
        value,
        domain or target.host,
        is_for_host=not domain,
        path=path if path.startswith("/") else _default_path(target),
        is_secure="secure" in attributes,
        is_expired=_is_expired(attributes),
    )
    is_allowed = target.scheme == "https" or not cookie.is_secure
    is_for_all_sites = attributes.get("samesite", "").lower() == "none"
    if not is_allowed or (is_for_all_sites and not cookie.is_secure):
        return None
    return cookie if _keeps_its_prefix(cookie, attributes) else None


def _name_and_value(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    return (name.strip(" \t"), value.strip(" \t")) if equals else ("", name.strip(" \t"))


def _attributes(text: str) -> dict[str, str]:
    """Return the attributes. The last one of a name counts."""
    attributes = {}
    for each in text[: 4 * MAX_ATTRIBUTE].split(";"):
        name, _, value = each.partition("=")
        if len(value) <= MAX_ATTRIBUTE:
            attributes[name.strip(" \t").lower()] = value.strip(" \t")
    return attributes


def _domain(text: str, target: Target) -> str | None:
    """Return the domain of a cookie, empty for its host alone, or None for a forbidden one."""
    if not text.isascii():
        return None
    domain = text.lower().removeprefix(".")
    if not domain:
        return ""
    if domain == target.host:
        # An address, and a public suffix with a site of its own, have no subdomains.
        return "" if target.address is not None or is_public_suffix(domain) else domain
    is_ours = target.address is None and is_below(target.host, domain)
    return domain if is_ours and not is_public_suffix(domain) else None


def _default_path(target: Target) -> str:
    return path_of(target).rpartition("/")[0] or "/"


def _is_expired(attributes: dict[str, str]) -> bool:
    """Whether a cookie ends at once. A visit is too short for other ends."""
    if _SECONDS.fullmatch(attributes.get("max-age", "")):
        return int(attributes["max-age"]) <= 0
    read = parsedate_tz(attributes.get("expires", "")[:_MAX_DATE])
    try:
        return read is not None and mktime_tz(read) <= time.time()
    except (ValueError, OverflowError):
        return False


def _keeps_its_prefix(cookie: Cookie, attributes: dict[str, str]) -> bool:
    """Whether a cookie keeps the promise of its name's prefix (section 4.1.3)."""
    name = (cookie.name or cookie.value).lower()
    if name.startswith(("__secure-", "__host-")) and not (cookie.name and cookie.is_secure):
        return False
    is_bound = cookie.is_for_host and attributes.get("path") == "/"
    return is_bound or not name.startswith("__host-")
