"""The safe fetch: from a URL to what was read of its page, over as many hops as are allowed.

Each hop is by itself: its URL is parsed, its name is resolved once, every address is checked, and
the connection goes to an address that was checked. Nothing is kept from hop to hop: no cookie, no
credential, and a connection only to an address that is checked again (`connections.py`).
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Generic, TypeVar

from splitflap_core.telemetry import Metrics

from splitflap_scraper.fetch.deadline import Deadline, Within
from splitflap_scraper.fetch.errors import FetchError, Transient, status_error
from splitflap_scraper.fetch.http.body import ACCEPT_ENCODING, read_body
from splitflap_scraper.fetch.http.connections import Connections, Exchange
from splitflap_scraper.fetch.http.freshness import fresh_for, retry_after
from splitflap_scraper.fetch.http.headers import Headers, media_type
from splitflap_scraper.fetch.http.validators import Validators
from splitflap_scraper.fetch.http.wire import as_fetch_errors
from splitflap_scraper.fetch.politeness.robots import EVERYTHING, RobotsReader, product_of
from splitflap_scraper.fetch.politeness.robots_cache import KEEP_CLOSED, Permission, Said
from splitflap_scraper.fetch.reader import Head, Reader
from splitflap_scraper.fetch.targets.addresses import Address
from splitflap_scraper.fetch.targets.resolver import Resolve, Resolver
from splitflap_scraper.fetch.targets.urls import Target, joined, target_of
from splitflap_scraper.process.settings import ScraperSettings

ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"

#: Statuses that lead elsewhere (RFC 9110, section 15.4).
REDIRECTS = frozenset({301, 302, 303, 307, 308})

#: The share of a preview's time in which bytes are waited for. In the rest, what came until then is
#: understood.
NETWORK_SHARE = 0.95

#: Redirects followed for a robots.txt (RFC 9309, section 2.3.1.2).
MAX_ROBOTS_REDIRECTS = 5

#: Statuses with which a server asks for less.
OVERLOADED = frozenset({429, 503})

NOT_MODIFIED = 304

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


@dataclass(frozen=True)
class Unchanged:
    """The response that the validators came from is still the page; `keep` as Answer's, if said."""

    keep: float | None


class Fetcher:
    """Fetches pages. Safe to use from many threads at a time."""

    def __init__(
        self,
        settings: ScraperSettings,
        tls: ssl.SSLContext,
        metrics: Metrics,
        within: Within,
        timed_out: type[Exception],
        resolve: Resolve = socket.getaddrinfo,
    ) -> None:
        """`within` raises `timed_out` in its block."""
        self._settings = settings
        self._within = within
        self._timed_out = timed_out
        self._resolver = Resolver(resolve, settings.scrape_dns_timeout, within, timed_out)
        self._reach = settings.reach
        self._limits = settings.host_limits()
        self._limits_own = settings.scrape_limit_own
        self._permission = Permission(self._ask_for_robots) if settings.scrape_robots else None
        self._connections = Connections(tls, settings.scrape_connect_timeout, metrics)
        asked = metrics.counter("splitflap_scraper_conditional_requests_total")
        self._unchanged, self._others = asked.labels("unchanged"), asked.labels("other")
        self._max_bytes = settings.scrape_max_kib * 1024
        self._headers = (
            f"User-Agent: {settings.agent}\r\nAccept: {ACCEPT}\r\n"
            f"Accept-Encoding: {ACCEPT_ENCODING}\r\n\r\n"
        )

    @property
    def seconds(self) -> float:
        """How long a visit may take."""
        return self._settings.scrape_deadline

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

    def check_permission(self, target: Target, deadline: Deadline) -> None:
        """Whether the site lets us ask for a page.

        Raises:
            FetchError: `robots`; or why the site cannot be asked.
        """
        if self._permission is not None:
            self._permission.check(target, deadline)

    def hop(
        self,
        target: Target,
        deadline: Deadline,
        reader_for: ReaderFor[R],
        validators: Validators | None = None,
    ) -> Answer[R] | Target | Unchanged:
        """One request: the answer, or where it says that the page is."""
        self._reach.check_target(target)
        conditions = validators.lines_for(target) if validators else ""
        try:
            return self._hop(target, deadline, reader_for, conditions)
        except self._timed_out as error:
            # Whoever asked for it may know enough without.
            raise _timeout(self._settings.scrape_deadline) from error

    def _hop(
        self, target: Target, deadline: Deadline, reader_for: ReaderFor[R], conditions: str
    ) -> Answer[R] | Target | Unchanged:
        addresses = self._addresses(target, deadline)
        begin = f"GET {target.path} HTTP/1.1\r\nHost: {target.authority}\r\n"
        request = begin + conditions + self._headers
        with (
            self._turn(target, addresses),
            self._connections.exchange(
                target, addresses, request.encode("latin-1"), deadline
            ) as exchange,
        ):
            response = exchange.response
            if response.status in OVERLOADED and (after := retry_after(response.headers)):
                self._limits.pause(target.host, after)
            if conditions:
                is_unchanged = response.status == NOT_MODIFIED
                (self._unchanged if is_unchanged else self._others).inc()
            if response.status in REDIRECTS:
                return _location(target, response.headers)
            if response.status == NOT_MODIFIED and conditions:
                says = response.headers.get("Cache-Control")
                return Unchanged(fresh_for(response.headers) if says else None)
            return self._read(target, exchange, reader_for)

    def _read(self, target: Target, exchange: Exchange, reader_for: ReaderFor[R]) -> Answer[R]:
        response = exchange.response
        headers = response.headers
        content_type, charset = media_type(headers.get("Content-Type"))
        head = Head(target.url, response.status, headers, content_type, charset)
        reader = reader_for(head)
        if reader is None:
            check_status(head.status, headers)
            raise FetchError("not_html", content_type[:100])
        coding = headers.get("Content-Encoding")
        try:
            with as_fetch_errors():
                partial = read_body(exchange.body, coding, exchange.wire, reader, self._max_bytes)
        except (FetchError, self._timed_out):
            # What was learned until then is worth more than why there is no more of it.
            if not reader.found:
                raise
            partial = True
        return Answer(head, reader, fresh_for(headers), partial)

    def _addresses(self, target: Target, deadline: Deadline) -> list[Address]:
        """The addresses that a host has now, all of them checked."""
        addresses = self._resolver.addresses(target, deadline)
        self._reach.check_addresses(addresses)
        return addresses

    def _turn(self, target: Target, addresses: Sequence[Address]) -> AbstractContextManager[None]:
        """The host's limits, unless it is one of the operator's own."""
        if self._limits_own or not all(self._reach.is_own(each) for each in addresses):
            return self._limits.turn(target.host)
        return nullcontext()

    def _ask_for_robots(self, site: Target, deadline: Deadline) -> Said:
        """A site's robots.txt, over as many redirects as RFC 9309 (section 2.3.1.2) has it."""
        answer: Answer[RobotsReader] | Target | Unchanged = site
        for hop in range(1 + MAX_ROBOTS_REDIRECTS):
            assert isinstance(answer, Target), "what is no answer leads elsewhere"  # noqa: S101
            try:
                answer = self.hop(answer, deadline, RobotsReader)
            except FetchError as error:
                # Who cannot be asked for it cannot be asked for a page either.
                if not hop or error.reason in {"timeout", "busy"}:
                    raise
                return Said(None if isinstance(error, Transient) else EVERYTHING, KEEP_CLOSED)
            if isinstance(answer, Answer):
                rules = answer.reader.rules(product_of(self._settings.agent))
                return Said(rules, answer.keep if rules else KEEP_CLOSED)
        return Said(EVERYTHING, KEEP_CLOSED)


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
        if redirect:
            self._count()
        answer = self.get_if_changed(url, reader_for, None)
        assert isinstance(answer, Answer), "nothing was asked for a change"  # noqa: S101 - for mypy
        return answer

    def get_if_changed(
        self, url: str, reader_for: ReaderFor[R], validators: Validators | None
    ) -> Answer[R] | Unchanged:
        """As `get`; the server may say that the response with these validators still stands."""
        target = target_of(url)
        while True:
            if target.url in self._seen:
                raise FetchError("too_many_redirects", "a loop")
            self._seen.add(target.url)
            self._fetcher.check_permission(target, self._deadline)
            answer = self._fetcher.hop(target, self._deadline, reader_for, validators)
            if not isinstance(answer, Target):
                return answer
            self._count()
            target = answer

    def _count(self) -> None:
        if self._redirects <= 0:
            raise FetchError("too_many_redirects", "more than allowed")
        self._redirects -= 1


def _timeout(seconds: float) -> Transient:
    return Transient("timeout", f"not done within {seconds:g} s")


def check_status(status: int, headers: Headers) -> None:
    """Raises FetchError for a response that is no success."""
    if 200 <= status < 300:  # noqa: PLR2004 - the class of success
        return
    raise status_error(status, retry_after(headers))


def _location(target: Target, headers: Headers) -> Target:
    """Where a redirect leads. From https to http is allowed: the fetch carries no secret."""
    location = headers.get("Location")
    if not location:
        raise FetchError("bad_redirect", "no Location")
    # Headers are read as ISO 8859-1; servers write UTF-8 (WHATWG, Fetch Standard).
    reference = location.encode("latin-1", "replace").decode("utf-8", "replace")
    try:
        return joined(target.url, reference)
    except FetchError as error:
        if error.reason != "bad_url":
            raise
        raise FetchError("bad_redirect", error.detail) from error
