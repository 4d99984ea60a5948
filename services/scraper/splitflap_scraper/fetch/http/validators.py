"""The validators of a response, for conditional requests (RFC 9110, section 13)."""

import re
from typing import NamedTuple

from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.fetch.targets.urls import Target

#: An entity tag (RFC 9110, section 8.8.3), and a date (section 5.6.7).
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,200}"')
_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", re.ASCII)


class Validators(NamedTuple):
    """What the response at `url` had by which it can be told from a later one."""

    url: str
    tag: str
    modified: str

    def lines_for(self, target: Target) -> str:
        """Header lines for a request; none for one to another URL than they came from."""
        if target.url != self.url:
            return ""
        if self.tag:
            # It counts alone where both are sent (RFC 9110, section 13.1.3).
            return f"If-None-Match: {self.tag}\r\n"
        return f"If-Modified-Since: {self.modified}\r\n"


def validators_of(url: str, headers: Headers) -> Validators | None:
    """Those of a response, if it has any."""
    tag, modified = headers.get("ETag"), headers.get("Last-Modified")
    tag = tag if _TAG.fullmatch(tag) else ""
    modified = modified if _DATE.fullmatch(modified) else ""
    return Validators(url, tag, modified) if tag or modified else None
