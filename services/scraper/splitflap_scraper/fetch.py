"""The safe fetch: from a URL to what was read of its page, over as many hops as are allowed.

Each hop is by itself: its URL is parsed, its name is resolved once, every address is checked, and
the connection goes to an address that was checked. Nothing is kept from hop to hop: no cookie, no
credential, no connection.
"""

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from email.message import Message
from ipaddress import ip_address
from typing import Any, Generic, TypeVar

from splitflap_scraper.addresses import Address, parsed
from splitflap_scraper.body import ACCEPT_ENCODING, read_body
from splitflap_scraper.errors import FetchError, Transient, status_error
from splitflap_scraper.freshness import fresh_for, retry_after
from splitflap_scraper.reading import Head, Reader
from splitflap_scraper.settings import ScraperSettings
from splitflap_scraper.urls import Target, joined, target_of
from splitflap_scraper.wire import Deadline, Wire, as_fetch_errors, requested

#: The context that ends a block after so many seconds, wherever it waits.
Within = Callable[[float], AbstractContextManager[None]]

#: As socket.getaddrinfo, called with host, port, family and type.
Resolve = Callable[..., Sequence[tuple[Any, ...]]]

ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"

#: Statuses that lead elsewhere (RFC 9110, section 15.4).
REDIRECTS = frozenset({301, 302, 303, 307, 308})

#: The share of a preview's time in which bytes are waited for. In the rest, what came until then is
#: understood.
NETWORK_SHARE = 0.95

#: Addresses of a name that are looked at; only these are used.
MAX_RESOLVED = 32


R = TypeVar("R", bound=Reader)

#: Chooses what reads a response; None where its body is of no use.
ReaderFor = Callable[[Head], R | None]


@dataclass(frozen=True)
class Answer(Generic[R]):
    """A final response: what has read it, how long (seconds) it is fresh, and if it was cut off."""

    head: Head
    reader: R
    keep: float
    partial: bool = False


class Fetcher:
    """Fetches pages. Safe to use from many threads at a time."""

    def __init__(
        self,
        settings: ScraperSettings,
        tls: ssl.SSLContext,
        within: Within,
        timed_out: type[Exception],
        resolve: Resolve = socket.getaddrinfo,
    ) -> None:
        """`within` raises `timed_out` in its block."""
        self._settings = settings
        self._within = within
        self._timed_out = timed_out
        self._resolve = resolve
        self._reach = settings.reach
        self._tls = tls
        self._headers = {
            "User-Agent": settings.user_agent,
            "Accept": ACCEPT,
            "Accept-Encoding": ACCEPT_ENCODING,
        }

    @contextmanager
    def visit(self) -> Iterator["Visit"]:
        """The requests of one preview: one deadline and one number of redirects for them all.

        Raises:
            Transient: `timeout`, in the block.
        """
        seconds = self._settings.scrape_deadline
        try:
            with self._within(seconds):
                deadline = Deadline(seconds * NETWORK_SHARE)
                yield Visit(self, deadline, self._settings.scrape_max_redirects)
        except self._timed_out as error:
            raise _timeout(seconds) from error

    def hop(
        self, target: Target, deadline: Deadline, reader_for: ReaderFor[R]
    ) -> "Answer[R] | Target":
        """One request: the answer, or where it says that the page is."""
        self._reach.check_target(target)
        try:
            return self._hop(target, deadline, reader_for)
        except self._timed_out as error:
            # Whoever asked for it may know enough without.
            raise _timeout(self._settings.scrape_deadline) from error

    def _hop(
        self, target: Target, deadline: Deadline, reader_for: ReaderFor[R]
    ) -> "Answer[R] | Target":
        with requested(
            target,
            self._addresses(target, deadline),
            self._headers,
            deadline=deadline,
            connect_timeout=self._settings.scrape_connect_timeout,
            tls=self._tls,
        ) as (response, wire):
            if response.status in REDIRECTS:
                return _location(target, response)
            return self._read(target, response, wire, reader_for)

    def _read(
        self,
        target: Target,
        response: http.client.HTTPResponse,
        wire: Wire,
        reader_for: ReaderFor[R],
    ) -> Answer[R]:
        content_type, charset = _content_type(response)
        head = Head(target.url, response.status, response.headers, content_type, charset)
        reader = reader_for(head)
        if reader is None:
            check_status(head.status, head.headers)
            raise FetchError("not_html", content_type[:100])
        max_bytes = self._settings.scrape_max_kib * 1024
        try:
            with as_fetch_errors():
                partial = read_body(response, wire, reader, max_bytes)
        except (FetchError, self._timed_out):
            # What was learned until then is worth more than why there is no more of it.
            if not reader.found:
                raise
            partial = True
        return Answer(head, reader, fresh_for(response.headers), partial)

    def _addresses(self, target: Target, deadline: Deadline) -> list[Address]:
        """The addresses that a host has now, all of them checked."""
        addresses = self._resolved(target, deadline)
        self._reach.check_addresses(addresses)
        return addresses

    def _resolved(self, target: Target, deadline: Deadline) -> list[Address]:
        if address := parsed(target.host):
            return [address]
        seconds = deadline.left(self._settings.scrape_dns_timeout)
        try:
            with self._within(seconds):
                found = self._resolve(
                    target.host.encode("ascii"), target.port, 0, socket.SOCK_STREAM
                )
        except self._timed_out as error:
            raise Transient("dns", f"not resolved within {seconds:g} s") from error
        except OSError as error:
            raise _unresolved(error) from error
        return [ip_address(entry[4][0]) for entry in found[:MAX_RESOLVED]]


class Visit:
    """The requests of one preview."""

    def __init__(self, fetcher: Fetcher, deadline: Deadline, redirects: int) -> None:
        self._fetcher = fetcher
        self._deadline = deadline
        self._redirects = redirects
        self._seen: set[str] = set()

    def get(self, url: str, reader_for: ReaderFor[R], *, redirect: bool = False) -> Answer[R]:
        """The final response for a URL, read; `redirect` says that a page has led there.

        Raises:
            FetchError: why there is none.
        """
        target = target_of(url)
        if redirect:
            self._count()
        while True:
            if target.url in self._seen:
                raise FetchError("too_many_redirects", "a loop")
            self._seen.add(target.url)
            answer = self._fetcher.hop(target, self._deadline, reader_for)
            if isinstance(answer, Answer):
                return answer
            self._count()
            target = answer

    def _count(self) -> None:
        if self._redirects <= 0:
            raise FetchError("too_many_redirects", "more than allowed")
        self._redirects -= 1


def _timeout(seconds: float) -> Transient:
    return Transient("timeout", f"not done within {seconds:g} s")


def _unresolved(error: OSError) -> FetchError:
    """Only a resolver that says "no such name" is to be believed."""
    gone = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
    kind = FetchError if error.errno in gone else Transient
    return kind("dns", str(error.strerror or error))


def check_status(status: int, headers: Message) -> None:
    """Raises FetchError for a response that is no success."""
    if 200 <= status < 300:  # noqa: PLR2004 - the class of success
        return
    raise status_error(status, retry_after(headers))


def _content_type(response: http.client.HTTPResponse) -> tuple[str, str | None]:
    """The media type in lower case, empty where there is none, and its charset."""
    header = response.getheader("Content-Type") or ""
    if not header.strip():
        return "", None
    message = Message()
    message["Content-Type"] = header
    charset = message.get_param("charset")
    return message.get_content_type(), charset if isinstance(charset, str) else None


def _location(target: Target, response: http.client.HTTPResponse) -> Target:
    """Where a redirect leads. From https to http is allowed: the fetch carries no secret."""
    location = response.getheader("Location")
    if not location:
        raise FetchError("bad_redirect", "no Location")
    # http.client reads headers as ISO 8859-1; servers write UTF-8 (WHATWG, Fetch Standard).
    reference = location.encode("latin-1", "replace").decode("utf-8", "replace")
    try:
        return joined(target.url, reference)
    except FetchError as error:
        if error.reason != "bad_url":
            raise
        raise FetchError("bad_redirect", error.detail) from error
