"""What is decided before Flask is entered: whether a request is taken at all; and what is counted.

A request holds a slot while it is answered (slots.py).
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from splitflap_core.telemetry import Metrics

from splitflap_api.contract.bearer import bearer_of
from splitflap_api.contract.operations import ENDPOINT
from splitflap_api.contract.paths import MAKING_WORK
from splitflap_api.contract.problems import MEDIA_TYPE, Problem, unavailable
from splitflap_api.overload.backlog import Overload
from splitflap_api.overload.rate import RateLimiter
from splitflap_api.overload.slots import SLOT, TOO_MANY, Slot

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True)
class ShedReason:
    """Why nobody's request is taken now, or nobody's that makes work.

    `reason` is the metric's word for it.
    """

    reason: str
    detail: str
    retry_after: int = 1
    only_work: bool = False


FULL = ShedReason("in_flight", TOO_MANY)


class Admission:
    """A WSGI application around another one."""

    def __init__(
        self,
        app: Wsgi,
        metrics: Metrics,
        limiter: RateLimiter,
        max_in_flight: int,
        not_ready: Callable[[], str | None],
        overload: Callable[[], Overload | None],
    ) -> None:
        self._app = app
        self._limiter = limiter
        self._max = max_in_flight
        self._not_ready = not_ready
        self._overload = overload
        self._in_flight = 0
        #: Responses that are being sent and hold a slot: since when, and to which socket.
        self._sending: dict[Slot, tuple[float, Any]] = {}
        in_flight = metrics.gauge("splitflap_http_requests_in_flight")
        in_flight.set_function(lambda: self._in_flight)
        self._requests = metrics.counter("splitflap_http_requests_total")
        self._seconds = metrics.histogram("splitflap_http_request_seconds")
        self._shed = metrics.counter("splitflap_http_shed_total")
        for why in ("in_flight", "backlog", "not_ready", "rate"):
            self._shed.labels(why)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        refusal = self._refusal(environ)
        if refusal:
            self._requests.labels("none", str(refusal.status)).inc()
            return _refuse(refusal, self._rate_fields(environ), start_response)
        return self._admit(environ, start_response)

    def _admit(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        began = time.monotonic()
        status = ["500"]
        slot = environ[SLOT] = Slot(self._count, self._none_left)

        rate = self._rate_fields(environ)

        def noting_start(line: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            status[0] = line[:3]
            return start_response(line, headers + rate if rate else headers, *rest)

        try:
            body = self._app(environ, noting_start)
        except BaseException:
            slot.release()
            raise
        endpoint = environ.get(ENDPOINT, "none")
        self._requests.labels(endpoint, status[0]).inc()
        if slot.held:
            now = time.monotonic()
            self._seconds.labels(endpoint).observe(now - began)
            self._sending[slot] = now, environ.get("gunicorn.socket")
        return _Closing(body, partial(self._sent, slot))

    def busy(self, *, makes_work: bool) -> ShedReason | None:
        """Why a request is refused whosever it is."""
        if wrong := self._not_ready():
            return ShedReason("not_ready", wrong)
        if self._in_flight >= self._max:
            return FULL
        if makes_work and (overload := self._overload()):
            return ShedReason("backlog", overload.why, overload.retry_after, only_work=True)
        return None

    @staticmethod
    def makes_work(method: str, path: str) -> bool:
        """Whether jobs come of such a request."""
        # werkzeug routes a path by its last leading slash.
        return method in {"POST", "PUT"} and ("/" + path.lstrip("/")).startswith(MAKING_WORK)

    def slow_readers(self, seconds: float) -> list[Any]:
        """Sockets of those who have held a slot for so long since their response was made."""
        latest = time.monotonic() - seconds
        return [sock for since, sock in self._sending.values() if sock and since < latest]

    def room(self) -> int:
        """How many requests more can be answered at a time."""
        return self._max - self._in_flight

    def count_refused(self, busy: ShedReason) -> None:
        """A request was refused without being read."""
        self._shed.labels(busy.reason).inc()
        self._requests.labels("none", "503").inc()

    def _refusal(self, environ: dict[str, Any]) -> Problem | None:
        makes_work = self.makes_work(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if busy := self.busy(makes_work=makes_work):
            self._shed.labels(busy.reason).inc()
            return unavailable(busy.detail, busy.retry_after)
        if self._limiter.rate and (wait := self._limiter.wait_for(_key(environ))):
            self._shed.labels("rate").inc()
            return Problem(
                "rate-limited",
                f"more than {self._limiter.rate:g} requests a second with one key",
                headers={"Retry-After": str(wait)},
            )
        return None

    def _rate_fields(self, environ: dict[str, Any]) -> list[tuple[str, str]]:
        return self._limiter.fields(_key(environ)) if self._limiter.rate else []

    def _sent(self, slot: Slot) -> None:
        self._sending.pop(slot, None)
        slot.release()

    def _none_left(self) -> bool:
        """Whether a slot that was given back cannot be had again: a refusal like others."""
        if full := self._in_flight >= self._max:
            self._shed.labels(FULL.reason).inc()
        return full

    def _count(self, change: int) -> None:
        self._in_flight += change


def _key(environ: dict[str, Any]) -> str:
    return bearer_of(environ.get("HTTP_AUTHORIZATION", ""))


class _Closing:
    """A body, and what is to be done when the server closes it."""

    __slots__ = ("_body", "_sent")

    def __init__(self, body: Iterable[bytes], sent: Callable[[], None]) -> None:
        self._body = body
        self._sent = sent

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        self._sent()
        if close := getattr(self._body, "close", None):
            close()


def _refuse(
    problem: Problem, rate: list[tuple[str, str]], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    body = problem.body()
    headers = [
        ("Content-Type", MEDIA_TYPE),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        *problem.headers.items(),
        *rate,
    ]
    start_response(f"{problem.status} {problem.title}", headers)
    return [body]
