"""Cross-origin requests (CORS, in the Fetch standard): pages of other origins use the API by a key.

Only the configured origins may read responses. No response allows credentials, so a cookie never
counts across origins. Refusals have the same fields, so a page can read `Retry-After`.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from splitflap_api.contract.headers import OF_RESPONSES

Fields = list[tuple[str, str]]

METHODS = "GET, HEAD, POST, PUT, DELETE"

#: Headers of requests that a page may set. Splitflap-Page must not be among them: it tells the own
#: page from all others (http/access/own_page.py).
REQUEST_HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer, "
    "Priority, Splitflap-Account, Splitflap-Webhook, traceparent"
)

#: Headers of responses that a page may read, beside those that every page may.
_EXPOSED = ", ".join(each.name for each in OF_RESPONSES if each.name != "Set-Cookie") + ", Link"

#: Seconds for which a browser remembers a preflight. Chromium remembers it for two hours at most.
MAX_AGE = 7_200

_VARY = ("Vary", "Origin")
_ORIGIN = re.compile(rb"\r\norigin:[ \t]*([\x21-\x7e]+)[ \t]*(?=\r\n)", re.IGNORECASE)


class Cors:
    """The fields of responses for the configured origins."""

    def __init__(self, origins: Collection[str] = ()) -> None:
        self._allowed: dict[str | None, Fields] = {
            origin: [
                _VARY,
                ("Access-Control-Allow-Origin", origin),
                ("Access-Control-Expose-Headers", _EXPOSED),
            ]
            for origin in origins
        }
        # Caches must not give another origin's response to a page.
        self._others = [_VARY] if origins else []

    def fields(self, origin: str | None) -> Fields:
        """The fields of a response to a request with this Origin."""
        return self._allowed.get(origin, self._others)

    def fields_for_head(self, data: bytes) -> Fields:
        """The same, for the first bytes of a request that nobody has parsed."""
        if not self._allowed:
            return []
        found = _ORIGIN.findall(data.partition(b"\r\n\r\n")[0] + b"\r\n")
        return self.fields(found[0].decode("ascii") if len(found) == 1 else None)

    def preflight(self, environ: Mapping[str, Any]) -> Fields | None:
        """The fields of the response to a preflight of an allowed origin; None for other requests.

        A browser compares them with the request that it holds back, and sends no key with them.
        """
        origin = environ.get("HTTP_ORIGIN")
        if (
            environ["REQUEST_METHOD"] != "OPTIONS"
            or "HTTP_ACCESS_CONTROL_REQUEST_METHOD" not in environ
            or origin not in self._allowed
        ):
            return None
        return [
            *self.fields(origin),
            ("Access-Control-Allow-Methods", METHODS),
            ("Access-Control-Allow-Headers", REQUEST_HEADERS),
            ("Access-Control-Max-Age", str(MAX_AGE)),
        ]


NO_CORS = Cors()
