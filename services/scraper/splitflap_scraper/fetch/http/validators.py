"""The validators of a response, for conditional requests (RFC 9110, section 13)."""

import re
from typing import NamedTuple

from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.fetch.targets.urls import Target

#: An entity tag (RFC 9110, section 8.8.3), and a date (section 5.6.7).
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,200}"')
_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", re.ASCII)


class Validators(NamedTuple):
    """The ETag and Last-Modified of the response at `url`; one may be empty."""

    url: str
    tag: str
    modified: str

    def lines_for(self, target: Target) -> str:
        """Return the header lines for a request. Empty for a request to another URL."""
        if target.url != self.url:
            return ""
        if self.tag:
            # A server ignores the date if it gets both (RFC 9110, section 13.1.3).
            return f"If-None-Match: {self.tag}\r\n"
        return f"If-Modified-Since: {self.modified}\r\n"


def validators_of(url: str, headers: Headers) -> Validators | None:
    """Return the validators of a response, or None if it has none."""
    tag, modified = headers.get("ETag"), headers.get("Last-Modified")
    tag = tag if _TAG.fullmatch(tag) else ""
    modified = modified if _DATE.fullmatch(modified) else ""
    return Validators(url, tag, modified) if tag or modified else None
