"""Admission: who is let in, what is said to others, and that every slot comes back."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import pytest
from flask import Flask
from splitflap_api.contract.operations import ENDPOINT
from splitflap_api.http.waiting import release_slot
from splitflap_api.overload.admission import Admission
from splitflap_api.overload.backlog import Overload
from splitflap_api.overload.rate import RateLimiter
from splitflap_api.overload.slots import SLOT, Slot
from splitflap_core.telemetry import Metrics
from werkzeug.test import create_environ

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Gate:
    """An admission around an app, called as a server calls it."""

    def __init__(self, app: App, rate: float = 0, slots: int = 2) -> None:
        self.metrics = Metrics("api")
        self.not_ready: str | None = None
        self.calls = 0
        self._app = app
        limiter = RateLimiter(rate, clock=lambda: 1000.0)
        self.overload: Overload | None = None
        self.admission = Admission(
            self._counting,
            self.metrics,
            limiter,
            slots,
            lambda: self.not_ready,
            lambda: self.overload,
        )
        self.status = ""
        self.headers: dict[str, str] = {}

    def _counting(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.calls += 1
        return self._app(environ, start)

    def call(self, path: str = "/", method: str = "GET", **headers: str) -> Any:
        """Begin a response; the caller reads and closes it."""

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            self.status, self.headers = status, dict(headers)

        environ = create_environ("/", method=method, headers=headers) | {"PATH_INFO": path}
        return self.admission(environ, start)

    def in_flight(self) -> float:
        """The gauge that operators see."""
        [family] = self.metrics.gauge("splitflap_http_requests_in_flight").collect()
        value: float = family.samples[0].value
        return value

    def counted(self, endpoint: str, status: str) -> float:
        """Requests that were counted."""
        counter = self.metrics.counter("splitflap_http_requests_total")
        value: float = counter.labels(endpoint, status)._value.get()
        return value

    def shed(self, why: str) -> float:
        """Requests that were refused."""
        counter = self.metrics.counter("splitflap_http_shed_total")
        value: float = counter.labels(why)._value.get()
        return value


def plain(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """An app that answers at once."""
    environ[ENDPOINT] = "plain"
    start("200 OK", [])
    return [b"ok"]


def streaming(_: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
    """An app that answers in parts."""
    start("200 OK", [])
    yield b"a"
    yield b"b"


def raising(*_: Any) -> Iterable[bytes]:
    """An app that fails."""
    raise RuntimeError("broken")


def refused(gate: Gate) -> dict[str, Any]:
    """The problem that a refusal is, checked for what all of them have."""
    (body,) = gate.call()
    problem: dict[str, Any] = msgspec.json.decode(body)
    assert gate.headers["Content-Type"] == "application/problem+json"
    assert gate.headers["Content-Length"] == str(len(body))
    assert gate.headers["Cache-Control"] == "no-store"
    assert int(gate.headers["Retry-After"]) >= 1
    assert gate.status == f"{problem['status']} {problem['title']}"
    return problem


def test_not_ready() -> None:
    """503 with the reason, without the app being called; as soon as it is ready, it is."""
    gate = Gate(plain)
    gate.not_ready = "the service is starting"
    problem = refused(gate)
    assert (problem["status"], problem["detail"]) == (503, "the service is starting")
    assert (gate.calls, gate.in_flight(), gate.shed("not_ready")) == (0, 0, 1)
    assert gate.counted("none", "503") == 1
    gate.not_ready = None
    assert list(gate.call()) == [b"ok"]


def test_too_many_at_a_time() -> None:
    """503 while all slots are held; a response that is closed gives its slot back."""
    gate = Gate(plain, slots=2)
    first, second = gate.call(), gate.call()
    assert gate.in_flight() == 2
    assert refused(gate)["status"] == 503
    assert (gate.calls, gate.shed("in_flight")) == (2, 1)
    first.close()
    third = gate.call()
    assert gate.calls == 3
    for body in (second, third):
        body.close()
    assert gate.in_flight() == 0


def test_too_many_with_one_key() -> None:
    """429 with a Retry-After that is true, without the app; another key is served."""
    gate = Gate(plain, rate=0.5)
    gate.call(Authorization="Bearer a").close()
    gate.call(Authorization="Bearer a")
    assert (gate.status[:3], gate.headers["Retry-After"]) == ("429", "2")
    assert (gate.calls, gate.shed("rate")) == (1, 1)
    gate.call(Authorization="Bearer b").close()
    assert (gate.status[:3], gate.calls) == ("200", 2)


def test_a_key_is_one_key_however_it_is_spelt() -> None:
    """Another case of the scheme, or more spaces, is not another key."""
    gate = Gate(plain, rate=0.5)
    for header in ("Bearer a", "bearer a", "BEARER  a", "Bearer a "):
        gate.call(Authorization=header)
    assert (gate.calls, gate.shed("rate")) == (1, 3)


def test_the_rate_is_said() -> None:
    """Each response says what the key may still do; a refusal as well."""
    gate = Gate(plain, rate=2, slots=9)
    standings = []
    for _ in range(5):
        gate.call(Authorization="Bearer a")
        standings.append(gate.headers["RateLimit"])
    assert gate.headers["RateLimit-Policy"] == '"key";q=4;w=2'
    assert [each.partition(";")[2] for each in standings] == [
        "r=3;t=1",
        "r=2;t=1",
        "r=1;t=2",
        "r=0;t=2",
        "r=0;t=2",
    ]
    assert gate.status[:3] == "429"


def test_without_a_limit_nothing_is_said_of_it() -> None:
    """No RateLimit fields where there is no rate."""
    gate = Gate(plain)
    gate.call()
    assert not {name for name in gate.headers if name.startswith("RateLimit")}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/posts", "503"),
        ("PUT", "/v1/posts/x", "503"),
        ("POST", "/v1/renders", "503"),
        ("POST", "/v1/previews", "503"),
        ("POST", "//v1/posts", "503"),
        ("GET", "/v1/posts", "200"),
        ("DELETE", "/v1/posts/x", "200"),
        ("POST", "/v1/dead/x/replay", "200"),
        ("GET", "/v1/tasks/x", "200"),
    ],
)
def test_a_backlog_refuses_new_work_only(method: str, path: str, status: str) -> None:
    """503 with Retry-After to what would make jobs; reading, deleting and mending go on."""
    gate = Gate(plain)
    gate.overload = Overload("too old", 7)
    gate.call(path, method)
    assert gate.status[:3] == status
    if status == "503":
        assert (gate.headers["Retry-After"], gate.calls, gate.shed("backlog")) == ("7", 0, 1)


def test_a_slot_is_given_back_once() -> None:
    """A server that closes twice, or a view that released before, frees no second slot."""
    gate = Gate(plain)
    body = gate.call()
    body.close()
    body.close()
    assert gate.in_flight() == 0


def test_an_app_that_raises() -> None:
    """The exception goes on to the server, and the slot comes back."""
    gate = Gate(raising)
    with pytest.raises(RuntimeError, match="broken"):
        gate.call()
    assert gate.in_flight() == 0


def test_who_finds_no_slot_again_is_counted_as_refused() -> None:
    """Its body was awaited without one, and another has taken it meanwhile."""
    slots: list[Slot] = []

    def lending(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        slots.append(environ[SLOT])
        return plain(environ, start)

    gate = Gate(lending, slots=1)
    first = gate.call()
    slots[0].release()
    second = gate.call()
    assert not slots[0].retake()
    assert gate.shed("in_flight") == 1
    second.close()
    assert slots[0].retake()
    first.close()
    assert (gate.in_flight(), gate.shed("in_flight")) == (0, 1)


def test_a_stream_holds_its_slot_until_it_is_closed() -> None:
    """Also where the client leaves in the middle, and the generator is never finished."""
    gate = Gate(streaming)
    body = gate.call()
    iterator = iter(body)
    assert next(iterator) == b"a"
    assert gate.in_flight() == 1
    body.close()
    assert gate.in_flight() == 0


def test_closing_closes_the_apps_body() -> None:
    """What the app's own body has to clean up is cleaned up."""
    closed: list[bool] = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"x"])

        def close(self) -> None:
            closed.append(True)

    def app(_: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [])
        return Body()

    Gate(app).call().close()
    assert closed == [True]


def test_a_view_that_only_waits_gives_its_slot_back() -> None:
    """Streams and waits that the client asked for hold a connection, no slot; none is timed."""
    flask = Flask("waiting")
    seen: list[float] = []

    @flask.get("/")
    def wait() -> str:
        seen.append(gate.in_flight())
        release_slot()
        release_slot()
        seen.append(gate.in_flight())
        return "x"

    gate = Gate(flask.wsgi_app)
    gate.call().close()
    assert seen == [1, 0]
    assert gate.in_flight() == 0
    seconds = gate.metrics.histogram("splitflap_http_request_seconds")
    assert sum(bucket.get() for bucket in seconds.labels("none")._buckets) == 0


def test_release_without_admission() -> None:
    """A view outside of any admission, as in a test, has no slot to release."""
    with Flask("x").test_request_context("/"):
        release_slot()


def test_requests_are_counted_by_operation_and_status() -> None:
    """By the names of operations, so that the labels stay few."""
    gate = Gate(plain)
    for _ in range(3):
        gate.call().close()
    assert gate.counted("plain", "200") == 3
    assert gate.in_flight() == 0
