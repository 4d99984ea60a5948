"""Credentials of requests: a key, the cookie of a session, or the token of an event stream.

A key comes as a bearer token (RFC 6750). `Authorization` wins over the other two.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl

from splitflap_api.contract.paths import PREFIX

#: Kinds of secrets. Each is found among its own kind only: a session's secret is no key.
Use = Literal["key", "page", "stream"]

#: The cookie of a session. Browsers accept the second name only with `Secure`, `Path=/` and without
#: `Domain`, so no other host and no page without TLS can set it (RFC 6265bis, section 4.1.3.2).
COOKIE = "splitflap-session"
SECURE_COOKIE = f"__Host-{COOKIE}"

#: The only path that takes a token.
STREAM = f"{PREFIX}/events"

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Credential(NamedTuple):
    """A secret as the request has it, and its kind."""

    secret: str
    use: Use


def bearer_of(header: str) -> str:
    """The key in an Authorization header; empty if there is none. The scheme ignores case."""
    scheme, _, secret = header.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def credential_of(environ: Mapping[str, Any]) -> Credential | None:
    """The credential of a request; None if it has none, or several cookies of a session."""
    if header := environ.get("HTTP_AUTHORIZATION"):
        secret = bearer_of(header)
        return Credential(secret, "key") if secret else None
    if token := _token_of(environ):
        return Credential(token, "stream")
    cookies = cookies_of(environ)
    return Credential(cookies[0], "page") if len(cookies) == 1 else None


def cookies_of(environ: Mapping[str, Any]) -> list[str]:
    """The well-formed values of the session's cookie. Only the name that fits the scheme counts."""
    header = environ.get("HTTP_COOKIE", "")
    if COOKIE not in header:
        return []
    own_name = cookie_name(environ)
    pairs = (pair.strip(" \t").partition("=") for pair in header.split(";"))
    return [value for name, _, value in pairs if name == own_name and _SECRET.fullmatch(value)]


def cookie_name(environ: Mapping[str, Any]) -> str:
    """The name of the session's cookie for the scheme of the request."""
    return SECURE_COOKIE if scheme_of(environ) == "https" else COOKIE


def scheme_of(environ: Mapping[str, Any]) -> str:
    """The scheme that the browser used. A proxy that terminates TLS says so.

    A client may claim it too. No page can: the header needs the consent of a preflight.
    """
    said = environ.get("HTTP_X_FORWARDED_PROTO", "").partition(",")[0].strip().lower()
    return said or str(environ.get("wsgi.url_scheme", "http"))


def challenge(error: str | None = None, scope: str | None = None) -> str:
    """The value of WWW-Authenticate. `error` is a code of RFC 6750, section 3.1."""
    members = {"realm": "splitflap", "error": error, "scope": scope}
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in members.items() if value)


def _token_of(environ: Mapping[str, Any]) -> str | None:
    query = environ.get("QUERY_STRING", "")
    if "token" not in query or environ.get("PATH_INFO") != STREAM:
        return None
    return dict(parse_qsl(query)).get("token")
