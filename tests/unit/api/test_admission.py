"""Admission: shedding, the rate limit, and slots, called as a server calls it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import pytest
from flask import Flask
from splitflap_api.contract.operations import ENDPOINT
from splitflap_api.domain.access.keys import Known
from splitflap_api.http.waiting import release_slot
from splitflap_api.overload.account_backlogs import AccountBacklog, AccountBacklogs
from splitflap_api.overload.admission import Admission, ServePage
from splitflap_api.overload.backlog import UnpublishedWork
from splitflap_api.overload.rate import RateLimiter
from splitflap_api.overload.slots import SLOT, Slot
from splitflap_core.telemetry import Metrics
from werkzeug.test import create_environ

from .samples import sample

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Gate:
    """An admission around an app."""

    def __init__(
        self, app: App, rate: float = 0, slots: int = 2, page: ServePage | None = None
    ) -> None:
        self.metrics = Metrics("api")
        self.not_ready: str | None = None
        self.calls = 0
        self._app = app
        limiter = RateLimiter(rate, clock=lambda: 1000.0)
        self.unpublished: UnpublishedWork | None = None
        self.accounts = AccountBacklogs()
        self.admission = Admission(
            self._counting,
            self.metrics,
            limiter,
            slots,
            lambda: self.not_ready,
            lambda: self.unpublished,
            self.accounts,
            # Each account is its own key. That of `app` acts for others.
            lambda secret, _use: Known(secret, secret, acts=secret == "app"),
            page,
        )
        self.status = ""
        self.headers: dict[str, str] = {}

    def _counting(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.calls += 1
        return self._app(environ, start)

    def call(self, path: str = "/", method: str = "GET", **headers: str) -> Any:
        """Begin a response. The caller reads and closes it."""

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            self.status, self.headers = status, dict(headers)

        environ = create_environ("/", method=method, headers=headers) | {"PATH_INFO": path}
        return self.admission(environ, start)

    def in_flight(self) -> float:
        """Requests in flight."""
        return sample(self.metrics.gauge("splitflap_http_requests_in_flight"))

    def counted(self, endpoint: str, status: str) -> float:
        """Requests by operation and status."""
        counter = self.metrics.counter("splitflap_http_requests_total")
        return sample(counter, "_total", endpoint=endpoint, status=status)

    def shed(self, why: str) -> float:
        """Shed requests by reason."""
        return sample(self.metrics.counter("splitflap_http_shed_total"), "_total", why=why)


def plain(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """An app with an immediate response."""
    environ[ENDPOINT] = "plain"
    start("200 OK", [])
    return [b"ok"]


def streaming(_: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
    """An app with a response in parts."""
    start("200 OK", [])
    yield b"a"
    yield b"b"


def raising(*_: Any) -> Iterable[bytes]:
    """A failing app."""
    raise RuntimeError("broken")


def refused(gate: Gate) -> dict[str, Any]:
    """The problem of a refusal. It checks the headers of all refusals."""
    (body,) = gate.call()
    problem: dict[str, Any] = msgspec.json.decode(body)
    assert gate.headers["Content-Type"] == "application/problem+json"
    assert gate.headers["Content-Length"] == str(len(body))
    assert gate.headers["Cache-Control"] == "no-store"
    assert int(gate.headers["Retry-After"]) >= 1
    assert gate.status == f"{problem['status']} {problem['title']}"
    return problem


def test_a_service_that_is_not_ready_sheds_every_request() -> None:
    """503 with the reason. The app is untouched."""
    gate = Gate(plain)
    gate.not_ready = "the service is starting"
    problem = refused(gate)
    assert (problem["status"], problem["detail"]) == (503, "the service is starting")
    assert (gate.calls, gate.in_flight(), gate.shed("not_ready")) == (0, 0, 1)
    assert gate.counted("none", "503") == 1
    gate.not_ready = None
    assert list(gate.call()) == [b"ok"]


def test_requests_beyond_the_slots_are_shed() -> None:
    """503 while all slots are held. A closed response frees its slot."""
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


def test_the_page_takes_no_slot() -> None:
    """It is served without a free slot, before the service is ready, and beyond the rate."""

    def page(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes] | None:
        if environ["PATH_INFO"] != "/about":
            return None
        start("200 OK", [])
        return [b"about"]

    gate = Gate(plain, rate=1, slots=1, page=page)
    held = gate.call("/")
    assert (gate.status, gate.in_flight()) == ("200 OK", 1)
    gate.not_ready = "the service is starting"
    for _ in range(3):
        assert list(gate.call("/about")) == [b"about"]
        assert gate.status == "200 OK"
    assert (gate.calls, gate.in_flight(), gate.counted("page", "200")) == (1, 1, 3)
    gate.call("/")
    assert gate.status.startswith("503")
    held.close()


def test_one_account_never_takes_all_slots() -> None:
    """The last quarter is for accounts with few requests in flight."""
    gate = Gate(plain, slots=16)
    noisy = [gate.call(Authorization="Bearer noisy") for _ in range(12)]
    gate.call(Authorization="Bearer noisy")
    assert (gate.status[:3], gate.in_flight()) == ("503", 12)
    quiet = [gate.call(Authorization=f"Bearer {number}") for number in range(4)]
    assert (gate.status[:3], gate.in_flight()) == ("200", 16)
    gate.call(Authorization="Bearer another")
    assert gate.status[:3] == "503"
    quiet[0].close()
    gate.call(Authorization="Bearer noisy")
    gate.call(Authorization="Bearer 1")
    assert (gate.status[:3], gate.in_flight()) == ("503", 15)
    for body in noisy:
        body.close()
    assert gate.in_flight() == 3
    gate.call(Authorization="Bearer 1")
    assert gate.status[:3] == "200"


def test_strangers_share_the_slots_of_one_account() -> None:
    """Invented keys take no slot of a customer."""
    gate = Gate(plain, slots=16)
    customer = Known("customer", "customer")
    gate.admission.known = lambda secret, _use: customer if secret == "customer" else None
    for number in range(16):
        gate.call(Authorization=f"Bearer invented{number}")
    assert gate.in_flight() == 12
    gate.call(Authorization="Bearer customer")
    assert gate.status[:3] == "200"


def test_a_key_beyond_its_rate_gets_429() -> None:
    """429 with a true Retry-After. Another key is served."""
    gate = Gate(plain, rate=0.5)
    gate.call(Authorization="Bearer a").close()
    gate.call(Authorization="Bearer a")
    assert (gate.status[:3], gate.headers["Retry-After"]) == ("429", "2")
    assert (gate.calls, gate.shed("rate")) == (1, 1)
    gate.call(Authorization="Bearer b").close()
    assert (gate.status[:3], gate.calls) == ("200", 2)


def test_case_and_spaces_do_not_make_another_key() -> None:
    """Spellings of the scheme share the rate of their key."""
    gate = Gate(plain, rate=0.5)
    for header in ("Bearer a", "bearer a", "BEARER  a", "Bearer a "):
        gate.call(Authorization=header)
    assert (gate.calls, gate.shed("rate")) == (1, 3)


def test_each_response_has_the_rate_fields() -> None:
    """Admitted and refused requests show the rest of the key's rate."""
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


def test_there_are_no_rate_fields_without_a_rate_limit() -> None:
    """RateLimit fields appear only with a rate."""
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
    """503 with Retry-After to requests that create jobs. Others are served."""
    gate = Gate(plain)
    gate.unpublished = UnpublishedWork("too old", 7)
    gate.call(path, method)
    assert gate.status[:3] == status
    if status == "503":
        assert (gate.headers["Retry-After"], gate.calls, gate.shed("unpublished")) == ("7", 0, 1)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_an_account_with_an_old_backlog_gets_429(method: str) -> None:
    """Its reads are served, and so is the work of other accounts."""
    gate = Gate(plain, slots=9)
    gate.accounts.update({"noisy": AccountBacklog("waiting", wait=37, limit=30)}, {})
    (body,) = gate.call("/v1/posts", method, Authorization="Bearer noisy")
    assert msgspec.json.decode(body)["type"] == "/v1/problems/backlog"
    assert (gate.status[:3], gate.headers["Retry-After"]) == ("429", "7")
    assert gate.headers["RateLimit-Policy"] == '"backlog";q=30;qu="seconds"'
    assert gate.headers["RateLimit"] == '"backlog";r=0;t=7'
    assert (gate.calls, gate.shed("account_backlog")) == (0, 1)
    gate.call("/v1/posts", "GET", Authorization="Bearer noisy").close()
    assert gate.status[:3] == "200"
    gate.call("/v1/posts", method, Authorization="Bearer quiet").close()
    assert (gate.status[:3], "RateLimit" in gate.headers) == ("200", False)


@pytest.mark.parametrize(("account", "status"), [("app", "429"), ("ann", "200")])
def test_a_key_that_acts_for_its_own_account_has_its_backlog(account: str, status: str) -> None:
    """That of another account is checked by the view."""
    gate = Gate(plain)
    gate.accounts.update({"app": AccountBacklog("waiting", wait=37, limit=30)}, {})
    headers = {"Authorization": "Bearer app", "Splitflap-Account": account}
    gate.call("/v1/posts", "POST", **headers)
    assert gate.status[:3] == status


def test_an_account_with_a_young_backlog_learns_what_is_left() -> None:
    """An accepted response has the fields of both limits."""
    gate = Gate(plain, rate=2)
    gate.accounts.update({"busy": AccountBacklog("waiting", wait=12.5, limit=30)}, {})
    gate.call("/v1/posts", "POST", Authorization="Bearer busy").close()
    assert gate.status[:3] == "200"
    assert gate.headers["RateLimit-Policy"] == '"key";q=4;w=2, "backlog";q=30;qu="seconds"'
    assert gate.headers["RateLimit"] == '"key";r=3;t=1, "backlog";r=17'


@pytest.mark.parametrize(("priority", "status"), [("u=5", "429"), ("u=3", "200")])
def test_an_old_backlog_of_low_jobs_refuses_low_requests(priority: str, status: str) -> None:
    """The account still posts."""
    gate = Gate(plain)
    gate.accounts.update({}, {"a": AccountBacklog("waiting", wait=37, limit=30)})
    gate.call("/v1/posts", "POST", Authorization="Bearer a", Priority=priority)
    assert gate.status[:3] == status


def test_a_slot_is_given_back_once() -> None:
    """A second close, or an earlier release, frees no second slot."""
    gate = Gate(plain)
    body = gate.call()
    body.close()
    body.close()
    assert gate.in_flight() == 0


def test_a_raising_app_frees_its_slot() -> None:
    """The exception reaches the server."""
    gate = Gate(raising)
    with pytest.raises(RuntimeError, match="broken"):
        gate.call()
    assert gate.in_flight() == 0


def test_a_request_without_a_slot_after_its_body_counts_as_shed() -> None:
    """Another request took the slot while the body arrived."""
    slots: list[Slot] = []

    def lending(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        slots.append(environ[SLOT])
        return plain(environ, start)

    gate = Gate(lending, slots=1)
    first = gate.call()
    slots[0].release()
    second = gate.call()
    assert not slots[0].retake(beyond_total=False)
    assert gate.shed("in_flight") == 1
    second.close()
    assert slots[0].retake(beyond_total=False)
    first.close()
    assert (gate.in_flight(), gate.shed("in_flight")) == (0, 1)


def test_a_stream_holds_its_slot_until_it_is_closed() -> None:
    """The client may leave early, in the middle of the generator."""
    gate = Gate(streaming)
    body = gate.call()
    iterator = iter(body)
    assert next(iterator) == b"a"
    assert gate.in_flight() == 1
    body.close()
    assert gate.in_flight() == 0


def test_closing_closes_the_apps_body() -> None:
    """The server's close reaches the app's body."""
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


def test_a_waiting_view_gives_its_slot_back() -> None:
    """Streams and waits hold a connection only, and are left out of the histogram."""
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
    assert sample(seconds, "_count") == 0


def test_release_slot_works_without_admission() -> None:
    """A test of a view has no slot."""
    with Flask("x").test_request_context("/"):
        release_slot()


def test_requests_are_counted_by_operation_and_status() -> None:
    """The labels are names of operations, so they stay few."""
    gate = Gate(plain)
    for _ in range(3):
        gate.call().close()
    assert gate.counted("plain", "200") == 3
    assert gate.in_flight() == 0
