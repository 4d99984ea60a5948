"""The header fields of requests: those of all, and those of single hosts.

The operator may set fields for single hosts. They may be secrets, so a field goes only to the host
that it was set for, however a redirect leads.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from splitflap_core.urls.web_url import BadUrl, host_of, web_url

from splitflap_scraper.fetch.http.decoding import ACCEPT_ENCODING
from splitflap_scraper.fetch.targets.urls import Target

ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"

#: Bounds of the settings for single hosts: bytes of the file, hosts, fields of a host, and
#: characters of a field.
MAX_FILE = 256 * 1024
MAX_HOSTS = 500
MAX_FIELDS = 20
MAX_VALUE = 2000

#: Fields that the fetch sets itself, beside those with a prefix of `_OWN_PREFIXES`.
_OWN = frozenset({
    "accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "range",
    "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
_OWN_PREFIXES = ("if-", "proxy-")

#: Fields that are no secrets. All others go over https alone, or to an origin that is named.
_OPEN = frozenset({"user-agent", "accept", "accept-language"})

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")

Fields = Mapping[str, str]


class HostFields:
    """Header fields for single hosts. The keys are origins, hosts, or `*.` before a domain."""

    def __init__(self, fields: Mapping[str, Fields] | None = None) -> None:
        """Read the fields by key and name.

        Raises:
            ValueError: a key or a field is invalid. The message has no value.
        """
        given = fields or {}
        if len(given) > MAX_HOSTS:
            raise ValueError(f"more than {MAX_HOSTS} hosts")
        self._by_key: dict[str, Fields] = {}
        for key, each in given.items():
            if _key(key) in self._by_key:
                raise ValueError(f"{key[:100]!r} and an earlier key are both {_key(key)!r}")
            self._by_key[_key(key)] = _checked(key, each)

    @classmethod
    def load(cls, path: str) -> "HostFields":
        """Read a JSON file. An empty path is no file.

        Raises:
            OSError: the file is unreadable.
            ValueError: it is invalid.
        """
        if not path:
            return cls()
        data = Path(path).read_bytes()
        if len(data) > MAX_FILE:
            raise ValueError(f"more than {MAX_FILE} bytes")
        try:
            return cls(msgspec.json.decode(data, type=dict[str, dict[str, str]]))
        except msgspec.MsgspecError as error:
            raise ValueError("expected JSON with an object of strings for each host") from error

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def for_target(self, target: Target) -> Fields:
        """Return the fields for a request by lower-case names: those of the closest key."""
        exact = self._by_key.get(target.origin)
        if exact is not None:
            return exact
        for key in _keys(target):
            found = self._by_key.get(key)
            if found is not None:
                is_https = target.scheme == "https" and target.port == 443  # noqa: PLR2004
                return found if is_https else {k: v for k, v in found.items() if k in _OPEN}
        return {}


def _key(key: str) -> str:
    """Return the one form of a key."""
    try:
        if "://" in key:
            url = web_url(key)
            if url.path != "/" or "@" in key:
                raise ValueError(f"{key[:100]!r} has more than an origin")
            return url.origin
        below = "*." if key.startswith("*.") else ""
        return below + host_of(key.removeprefix("*."))
    except BadUrl as error:
        raise ValueError(f"{key[:100]!r}: {error}") from error


def _checked(key: str, fields: Fields) -> Fields:
    if len(fields) > MAX_FIELDS:
        raise ValueError(f"{key}: more than {MAX_FIELDS} fields")
    for name, value in fields.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"{key}: {name[:100]!r} is no name of a header field")
        if name.lower() in _OWN or name.lower().startswith(_OWN_PREFIXES):
            raise ValueError(f"{key}: the scraper sets {name} itself")
        if len(value) > MAX_VALUE or not _VALUE.fullmatch(value):
            raise ValueError(f"{key}: {name} is no text of ASCII of {MAX_VALUE} characters at most")
    return {name.lower(): value for name, value in fields.items()}


def _keys(target: Target) -> Sequence[str]:
    """Return the keys that cover a host, the closest first."""
    if target.address is not None:
        return (target.host,)
    labels = target.host.split(".")
    return (target.host, *("*." + ".".join(labels[at:]) for at in range(1, len(labels))))


class RequestFields:
    """The header fields of all requests. It has no `repr` of its fields, which may be secrets."""

    def __init__(
        self, user_agent: str, accept_language: str, host_fields: HostFields | None = None
    ) -> None:
        self._common = {
            "user-agent": user_agent,
            "accept": ACCEPT,
            "accept-language": accept_language,
            "accept-encoding": ACCEPT_ENCODING,
        }
        self._host_fields = host_fields or HostFields()
        self._default = _lines(self._common)

    def user_agent(self, target: Target) -> str:
        """Return the User-Agent for a target."""
        return self._host_fields.for_target(target).get("user-agent", self._common["user-agent"])

    def lines(self, target: Target, cookies: str) -> str:
        """Return the header lines for a request. `cookies` are those of the visit."""
        if not self._host_fields and not cookies:
            return self._default
        fields = {**self._common, **self._host_fields.for_target(target)}
        both = "; ".join(each for each in (fields.pop("cookie", ""), cookies) if each)
        return _lines({**fields, "cookie": both} if both else fields)


def _lines(fields: Fields) -> str:
    return "".join(f"{name.title()}: {value}\r\n" for name, value in fields.items())
