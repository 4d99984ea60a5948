"""WSGI middleware in front of Flask: sheds or admits each request, and measures it."""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Protocol

from splitflap_core.telemetry import Metrics

from splitflap_api.contract.access.credentials import Credential, Use, credential_of
from splitflap_api.contract.operations import ENDPOINT, EXEMPLAR
from splitflap_api.contract.paths import makes_work
from splitflap_api.contract.problems import MEDIA_TYPE, Problem, unavailable
from splitflap_api.domain.access.keys import Known, hash_of
from splitflap_api.overload.account_backlogs import AccountBacklog, AccountBacklogs, Fields
from splitflap_api.overload.backlog import UnpublishedWork
from splitflap_api.overload.cors import NO_CORS, Cors
from splitflap_api.overload.priority import asks_to_yield
from splitflap_api.overload.rate import RateLimiter
from splitflap_api.overload.shedding import ACCOUNT_BACKLOG, Shedder
from splitflap_api.overload.slots import SLOT, STRANGERS, Slot, Slots

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]

#: Answers a request of the page; None for any other.
ServePage = Callable[[Environ, StartResponse], Iterable[bytes] | None]

#: The header Splitflap-Account in the WSGI environment.
_ACCOUNT = "HTTP_SPLITFLAP_ACCOUNT"

#: Label `endpoint` of the page's files.
PAGE = "page"


class Disconnectable(Protocol):
    """A client's socket, as far as a disconnection needs it."""

    def shutdown(self, how: int, /) -> None: ...


class Admission:
    """Wraps the application. An admitted request holds a slot until its response is sent."""

    def __init__(
        self,
        app: Wsgi,
        metrics: Metrics,
        limiter: RateLimiter,
        max_in_flight: int,
        not_ready: Callable[[], str | None],
        unpublished: Callable[[], UnpublishedWork | None],
        accounts: AccountBacklogs,
        known: Callable[[str, Use], Known | None],
        page: ServePage | None = None,
        cors: Cors = NO_CORS,
        limiter_act: RateLimiter | None = None,
    ) -> None:
        """`known` gives the account of a secret that this process remembers.

        `page` answers without a slot, and also while the service is not ready: its files are in
        memory. `limiter_act` counts the requests of keys that act for other accounts.
        """
        self._app = app
        self._page = page
        self._limiter = limiter
        self._limiter_act = limiter_act or RateLimiter(0)
        self.accounts = accounts
        self.known = known
        self.cors = cors
        self._slots = Slots(max_in_flight)
        self.shedder = Shedder(metrics, self._slots, not_ready, unpublished)
        #: Responses being sent with a slot: when they began, and to which connection.
        self._sending: dict[Slot, tuple[float, Disconnectable | None]] = {}
        in_flight = metrics.gauge("splitflap_http_requests_in_flight")
        in_flight.set_function(lambda: self._slots.taken)
        self._limited = metrics.counter("splitflap_connections_limited_total")
        self._requests = metrics.counter("splitflap_http_requests_total")
        self._seconds = metrics.histogram("splitflap_http_request_seconds")

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if preflight := self.cors.preflight(environ):
            self._requests.labels("preflight", "204").inc()
            start_response("204 No Content", preflight)
            return []
        if self._page:
            start = _StartResponse(start_response, [])
            if (body := self._page(environ, start)) is not None:
                self._requests.labels(PAGE, start.status).inc()
                return body
        work = makes_work(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        credential = credential_of(environ)
        known = self.known(*credential) if credential else None
        account = known.account if known else STRANGERS
        # The backlog of another account that a key acts for is checked later (overload/acting.py).
        is_own = not (known and known.acts and environ.get(_ACCOUNT, account) != account)
        backlog = self._backlog(environ, account) if work and self.accounts and is_own else None
        limiter = self._limiter_act if known and known.acts else self._limiter
        bucket = _bucket(credential, known) if limiter.rate else ""
        refusal = self._refusal(limiter, bucket, account, backlog, work=work)
        fields = _limit_fields(limiter, bucket, backlog)
        fields += self.cors.fields(environ.get("HTTP_ORIGIN"))
        if refusal:
            self._requests.labels("none", str(refusal.status)).inc()
            return _send(refusal, fields, start_response)
        return self._admit(environ, account, fields, start_response)

    def free_slots_for_any(self) -> int:
        """How many more requests of any one account may be in flight."""
        return self._slots.free_for_any

    def free_slots_for(self, account: str) -> int:
        """How many more requests of the account may be in flight."""
        return self._slots.free_for(account)

    @property
    def reserve_per_account(self) -> int:
        """How many requests of one account may use the reserve."""
        return self._slots.reserve_per_account

    def slow_readers(self, seconds: float) -> list[Disconnectable]:
        """Connections whose response began so many seconds ago and still holds a slot."""
        latest = time.monotonic() - seconds
        return [sock for since, sock in self._sending.values() if sock and since < latest]

    def count_refused(self, label: str, status: int) -> None:
        """Count a request refused unread (unread_refusals.py)."""
        self.shedder.count(label)
        self._requests.labels("none", str(status)).inc()

    def count_limited(self, why: str) -> None:
        """Count an effect of a limit of connections (connection_limits.py)."""
        self._limited.labels(why).inc()

    def _refusal(
        self,
        limiter: RateLimiter,
        bucket: str,
        account: str,
        backlog: AccountBacklog | None,
        *,
        work: bool,
    ) -> Problem | None:
        if reason := self.shedder.reason(makes_work=work, account=account):
            self.shedder.count(reason.label)
            return unavailable(reason.detail, reason.retry_after)
        if backlog and backlog.exceeds_limit:
            self.shedder.count(ACCOUNT_BACKLOG)
            return backlog.problem()
        if limiter.rate and (wait := limiter.wait_for(bucket)):
            self.shedder.count("rate")
            detail = f"more than {limiter.rate:g} requests a second with one key"
            return Problem("rate-limited", detail, headers={"Retry-After": str(wait)})
        return None

    def _admit(
        self, environ: Environ, account: str, fields: Fields, start_response: StartResponse
    ) -> Iterable[bytes]:
        began = time.monotonic()
        slot = environ[SLOT] = Slot(self._slots, account, self.shedder.count_full)
        start = _StartResponse(start_response, fields)
        try:
            body = self._app(environ, start)
        except BaseException:
            slot.release()
            raise
        endpoint = environ.get(ENDPOINT, "none")
        self._requests.labels(endpoint, start.status).inc()
        if slot.held:
            now = time.monotonic()
            self._seconds.labels(endpoint).observe(now - began, environ.get(EXEMPLAR))
            self._sending[slot] = now, environ.get("gunicorn.socket")
        return _ClosingBody(body, partial(self._sent, slot))

    def _sent(self, slot: Slot) -> None:
        self._sending.pop(slot, None)
        slot.release()

    def _backlog(self, environ: Environ, account: str) -> AccountBacklog | None:
        low = asks_to_yield(environ.get("HTTP_PRIORITY", ""))
        return self.accounts.of(account, low=low)


class _StartResponse:
    """Notes the status, and adds the fields of all responses."""

    __slots__ = ("_fields", "_start", "status")

    def __init__(self, start: StartResponse, fields: Fields) -> None:
        self._start = start
        self._fields = fields
        self.status = "500"

    def __call__(self, line: str, headers: Fields, *rest: Any) -> Any:
        self.status = line[:3]
        return self._start(line, headers + self._fields if self._fields else headers, *rest)


class _ClosingBody:
    """A body. The server closes it after the last byte, or after the end of the connection."""

    __slots__ = ("_body", "_on_close")

    def __init__(self, body: Iterable[bytes], on_close: Callable[[], None]) -> None:
        self._body = body
        self._on_close = on_close

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        self._on_close()
        if close := getattr(self._body, "close", None):
            close()


def _limit_fields(limiter: RateLimiter, bucket: str, backlog: AccountBacklog | None) -> Fields:
    """The RateLimit fields of all limits that count for the request."""
    of_rate = limiter.fields(bucket)
    of_backlog = backlog.fields() if backlog else []
    if not (of_rate and of_backlog):
        return of_rate or of_backlog
    return [
        (name, f"{value}, {other}")
        for (name, value), (_, other) in zip(of_rate, of_backlog, strict=True)
    ]


def _bucket(credential: Credential | None, known: Known | None) -> str:
    """The name that the request's rate counts for: a key with its sessions, or all strangers."""
    if known:
        return known.key_hash
    return hash_of(credential.secret) if credential else ""


def _send(problem: Problem, fields: Fields, start_response: StartResponse) -> Iterable[bytes]:
    body = problem.body()
    headers = [
        ("Content-Type", MEDIA_TYPE),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        *problem.headers.items(),
        *fields,
    ]
    start_response(f"{problem.status} {problem.title}", headers)
    return [body]
