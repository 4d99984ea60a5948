"""The URLs of requests: those of core's `web_url`, with the limits of the fetch."""

from splitflap_core.urls import web_url
from splitflap_core.urls.web_url import BadUrl
from splitflap_core.urls.web_url import WebUrl as Target

from splitflap_scraper.fetch.errors import FetchError

__all__ = ["Target", "joined", "target_of"]

#: Longest URL in a request, in characters: four times the limit of a post, since redirects grow.
MAX_FETCHED = 8000

#: Characters of an origin, at most.
MAX_ORIGIN = 300

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


def target_of(url: str) -> Target:
    """Parse a URL into the target of a request.

    Raises:
        FetchError: `bad_url`, or `forbidden_port`.
    """
    _check_length(url)
    try:
        return _allowed(web_url.known_url(url))
    except BadUrl as error:
        raise FetchError("bad_url", str(error)) from error


def joined(base: str, reference: str) -> Target:
    """Resolve a reference in a document or a redirect.

    Raises:
        FetchError: as `target_of`.
    """
    reference = reference.strip()
    if reference.startswith(("https://", "http://")):
        return target_of(reference)
    _check_length(reference)
    try:
        return _allowed(web_url.joined(base, reference))
    except BadUrl as error:
        raise FetchError("bad_url", str(error)) from error


def _check_length(text: str) -> None:
    if len(text) > MAX_FETCHED:
        raise FetchError("bad_url", f"the URL has more than {MAX_FETCHED} characters")


def _allowed(target: Target) -> Target:
    if target.port in BLOCKED_PORTS:
        raise FetchError("forbidden_port", f"port {target.port}")
    if len(target.path) > MAX_FETCHED - MAX_ORIGIN and len(target.url) > MAX_FETCHED:
        raise FetchError("bad_url", f"the URL has more than {MAX_FETCHED} characters")
    return target
