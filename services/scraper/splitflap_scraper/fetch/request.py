"""One request of the safe fetch.

A request resolves its host's name once, checks all addresses, and connects to a checked address. It
carries cookies of its own visit only, and the operator's fields for its host only. It may use a
kept connection to an address that passed the check again (`http/connections.py`).
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Generic

from splitflap_core.telemetry import Metrics
from splitflap_core.trace import present
from splitflap_core.tracing.tracer import Span, SpanKind, Tracer
from splitflap_core.urls.addresses import Address

from splitflap_scraper.fetch.config import FetchConfig
from splitflap_scraper.fetch.cookies.jar import CookieJar
from splitflap_scraper.fetch.deadline import Deadline, TimeLimit, timed_out
from splitflap_scraper.fetch.errors import FetchError, as_fetch_errors, status_error
from splitflap_scraper.fetch.http.body import read_body
from splitflap_scraper.fetch.http.connections import Connections, Exchange
from splitflap_scraper.fetch.http.freshness import fresh_for, retry_after
from splitflap_scraper.fetch.http.headers import Headers, media_type
from splitflap_scraper.fetch.http.reader import SUCCESS, Head, R, ReaderFor
from splitflap_scraper.fetch.http.validators import Validators
from splitflap_scraper.fetch.targets.resolver import Resolve, Resolver
from splitflap_scraper.fetch.targets.urls import Target, joined

#: Statuses of redirects (RFC 9110, section 15.4).
REDIRECTS = frozenset({301, 302, 303, 307, 308})

#: A list of choices. With a Location it is a redirect too.
MULTIPLE_CHOICES = 300

#: Statuses of an overloaded server.
OVERLOADED = frozenset({429, 503})

NOT_MODIFIED = 304


@dataclass(frozen=True)
class FetchResult(Generic[R]):
    """A final response with its reader.

    `keep` is the time in seconds for which the response is fresh. `partial` marks a truncated body.
    """

    head: Head
    reader: R
    keep: float
    partial: bool = False


@dataclass(frozen=True)
class NotModified:
    """The server confirmed the validators. `keep` is as in FetchResult, None without a header."""

    keep: float | None


class Requester:
    """Sends single requests. Safe to use from many threads."""

    def __init__(
        self,
        config: FetchConfig,
        time_limit: TimeLimit,
        metrics: Metrics,
        resolve: Resolve,
        tracer: Tracer | None = None,
    ) -> None:
        self._config = config
        self._tracer = tracer
        self._time_limit = time_limit
        self._resolver = Resolver(resolve, config.dns_timeout, time_limit)
        self._connections = Connections(config.tls, config.connect_timeout, metrics)
        conditional = metrics.counter("splitflap_scraper_conditional_requests_total")
        self._unchanged, self._others = conditional.labels("unchanged"), conditional.labels("other")

    def send(
        self,
        target: Target,
        deadline: Deadline,
        reader_for: ReaderFor[R],
        validators: Validators | None = None,
        cookies: CookieJar | None = None,
    ) -> FetchResult[R] | Target | NotModified:
        """Send one request, and return its result, or the target of a redirect.

        `cookies` are those of the visit. Without a jar, the request has none, and takes none.

        Raises:
            FetchError: the request was refused, or gave no page.
        """
        self._config.allow_list.check_target(target)
        conditions = validators.lines_for(target) if validators else ""
        try:
            with traced(self._tracer, target) as span:
                return self._send(target, deadline, reader_for, conditions, cookies, span)
        except self._time_limit.exceeded as error:
            # The caller may already have enough for a preview, so it gets an error it can handle.
            raise timed_out(self._config.deadline) from error

    def _send(
        self,
        target: Target,
        deadline: Deadline,
        reader_for: ReaderFor[R],
        conditions: str,
        cookies: CookieJar | None,
        span: Span | None,
    ) -> FetchResult[R] | Target | NotModified:
        addresses = self._checked_addresses(target, deadline)
        begin = f"GET {target.path} HTTP/1.1\r\nHost: {target.authority}\r\n"
        cookie = cookies.header(target) if cookies is not None else ""
        lines = self._config.request_fields.lines(target, cookie)
        request = (begin + conditions + lines + "\r\n").encode("latin-1")
        with (
            self._slot(target, addresses),
            self._connections.exchange(target, addresses, request, deadline) as exchange,
        ):
            status, headers = exchange.response.status, exchange.response.headers
            self._note(target, status, headers, is_conditional=bool(conditions))
            if span:
                span.attributes["http.response.status_code"] = status
            if cookies is not None:
                cookies.store(target, headers.get_all("Set-Cookie"))
            if status in REDIRECTS or (status == MULTIPLE_CHOICES and headers.get("Location")):
                return _location(target, headers)
            if status == NOT_MODIFIED and conditions:
                is_said = headers.get("Cache-Control")
                return NotModified(fresh_for(headers) if is_said else None)
            return self._read(target, exchange, reader_for)

    def _note(self, target: Target, status: int, headers: Headers, *, is_conditional: bool) -> None:
        """Pause an overloaded host, and count conditional requests."""
        if status in OVERLOADED and (after := retry_after(headers)):
            self._config.host_limits.pause(target.host, after)
        if is_conditional:
            (self._unchanged if status == NOT_MODIFIED else self._others).inc()

    def _read(self, target: Target, exchange: Exchange, reader_for: ReaderFor[R]) -> FetchResult[R]:
        headers = exchange.response.headers
        content_type, charset = media_type(", ".join(headers.get_all("Content-Type")))
        head = Head(target.url, exchange.response.status, headers, content_type, charset)
        reader = reader_for(head)
        if reader is None:
            check_status(head.status, headers)
            raise FetchError("not_html", content_type[:100])
        codings = headers.get_all("Content-Encoding")
        max_bytes = self._config.max_bytes
        try:
            with as_fetch_errors():
                partial = read_body(exchange.body, codings, exchange.wire, reader, max_bytes)
        except (FetchError, self._time_limit.exceeded):
            # A truncated page gives a preview. The error gives none.
            if not reader.found:
                raise
            partial = True
        return FetchResult(head, reader, fresh_for(headers), partial)

    def _checked_addresses(self, target: Target, deadline: Deadline) -> list[Address]:
        """Resolve a host, and check each of its addresses."""
        addresses = self._resolver.addresses(target, deadline)
        self._config.allow_list.check_addresses(target, addresses)
        return addresses

    def _slot(self, target: Target, addresses: Sequence[Address]) -> AbstractContextManager[object]:
        """Take a slot of the limits. The operator's own hosts have no limits by default."""
        if not self._config.limit_own and all(map(self._config.allow_list.is_own, addresses)):
            return nullcontext()
        return self._limited(target.host, str(addresses[0]) if addresses else "")

    @contextmanager
    def _limited(self, host: str, address: str) -> Iterator[None]:
        with self._config.host_limits.slot(host), self._config.address_limits.slot(address):
            yield


@contextmanager
def traced(tracer: Tracer | None, target: Target) -> Iterator[Span | None]:
    """The span of a request, with the site's address: a path may be as secret as a query."""
    span = tracer.begin("GET", SpanKind.CLIENT, present.get()) if tracer else None
    if tracer is None or span is None:
        yield None
        return
    span.attributes = {
        "http.request.method": "GET",
        "url.scheme": target.scheme,
        "server.address": target.host,
        "server.port": target.port,
    }
    reason = "cut_off"
    try:
        yield span
        reason = ""
    except FetchError as error:
        reason = error.reason
        raise
    finally:
        tracer.end(span, reason)


def check_status(status: int, headers: Headers) -> None:
    """Raise FetchError for a status other than 2xx."""
    if status not in SUCCESS:
        raise status_error(status, retry_after(headers))


def _location(target: Target, headers: Headers) -> Target:
    """Return the target of a redirect.

    A redirect from https to http is allowed, because no secret of the request follows it.
    """
    location = headers.text("Location")
    if not location:
        raise FetchError("bad_redirect", "no Location")
    try:
        return joined(target.url, location)
    except FetchError as error:
        if error.reason != "bad_url":
            raise
        raise FetchError("bad_redirect", error.detail) from error
