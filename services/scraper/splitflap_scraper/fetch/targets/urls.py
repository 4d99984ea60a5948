"""The URLs of requests: those of core's `web_url`, with the limits of the fetch."""

from splitflap_core.urls import web_url
from splitflap_core.urls.ports import BLOCKED_PORTS
from splitflap_core.urls.web_url import BadUrl
from splitflap_core.urls.web_url import WebUrl as Target

from splitflap_scraper.fetch.errors import FetchError

__all__ = ["BLOCKED_PORTS", "Target", "joined", "target_of"]

#: Longest URL in a request, in characters: four times the limit of a post, since redirects grow.
MAX_FETCHED = 8000

#: Characters of an origin, at most.
MAX_ORIGIN = 300


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
