"""Unread refusals: which bytes are refused, and with which response."""

import http.client
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from splitflap_api.domain.access.keys import Known
from splitflap_api.overload.account_backlogs import AccountBacklog, AccountBacklogs
from splitflap_api.overload.admission import Admission
from splitflap_api.overload.backlog import UnpublishedWork
from splitflap_api.overload.cors import Cors
from splitflap_api.overload.rate import RateLimiter
from splitflap_api.overload.unread_refusals import UnreadRefusals, is_whole
from splitflap_core.telemetry import Metrics

from .samples import sample

POST = b'POST /v1/posts HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n{"text":"x"}'


def with_field(field: bytes) -> bytes:
    """The POST with one more field in its head."""
    return POST.replace(b"Host: x\r\n", b"Host: x\r\n" + field + b"\r\n")


@pytest.mark.parametrize(
    "data",
    [
        POST,
        POST.replace(b"Content-Length: 12", b"content-length:12"),
        with_field(b"Connection: keep-alive"),
        with_field(b"Authorization: Bearer content"),
        b"PUT /v1/posts/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"GET /v1/posts/1 HTTP/1.1\r\nHost: x\r\n\r\n",
        POST.replace(b"Host: x", b"host:api.example:8000"),
    ],
)
def test_an_unambiguous_request_is_whole(data: bytes) -> None:
    """One request with its body, and nothing else."""
    assert is_whole(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        POST[:30],
        POST[:-1],
        POST + b"x",
        POST + POST,
        POST.replace(b"HTTP/1.1", b"HTTP/1.0"),
        POST.replace(b"Host: x\r\n", b""),
        POST.replace(b"Host: x", b"Host:"),
        POST.replace(b"Host: x", b"Host: x y"),
        POST.replace(b"Host: x", b"Host: x@y"),
        with_field(b"Host: x"),
        POST.replace(b"POST", b"PROPFIND"),
        POST.replace(b"/v1/posts", b"/v1/posts?" + b"x" * 4_000),
        b"GET HTTP/1.1\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET / x HTTP/1.1\r\n\r\n",
        b"X HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        b" / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        POST.replace(b"POST", b"post"),
        POST.replace(b"HTTP/1.1", b"HTTP/1.0\r\nX: HTTP/1.1"),
        POST.replace(b"\r\n", b"\n"),
        POST.replace(b"Content-Length: 12\r\n", b""),
        POST.replace(b"Content-Length: 12", b"Content-Length : 12"),
        POST.replace(b"Content-Length: 12", b"Content-Length: +12"),
        with_field(b"Content-Length: 12"),
        b"POST /v1/posts HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/posts HTTP/1.1\r\nHost: x\r\n\r\nGET /",
        with_field(b"Transfer-Encoding: chunked"),
        with_field(b"transfer-encoding: identity"),
        with_field(b"X: y\nTransfer-Encoding: chunked"),
        with_field(b"Connection: close"),
        with_field(b"Connection: keep-alive, close"),
        with_field(b"Expect: 100-continue"),
        with_field(b"Upgrade: h2c"),
    ],
)
def test_an_ambiguous_request_is_not_whole(data: bytes) -> None:
    """The application's server parses such a request."""
    assert not is_whole(data)


class UnreadRig:
    """Refusals in front of an admission whose state a test sets."""

    def __init__(self) -> None:
        self.metrics = Metrics("api")
        self.wrong: str | None = None
        self.unpublished: UnpublishedWork | None = None
        self.accounts = AccountBacklogs()
        self.refusals = UnreadRefusals(
            Admission(
                self._app,
                self.metrics,
                RateLimiter(0),
                8,
                lambda: self.wrong,
                lambda: self.unpublished,
                self.accounts,
                # Each account is its own key.
                lambda secret, _use: Known(secret, secret),
                cors=Cors(["https://app.example"]),
            )
        )

    def answer(self, data: bytes, *, overloaded: bool = False) -> bytes | None:
        """The response to these bytes, if they are refused."""
        refusal = self.refusals.now(overloaded=overloaded)
        return refusal(data) if refusal else None

    def shed(self, reason: str) -> float:
        """Shed requests by reason."""
        return sample(self.metrics.counter("splitflap_http_shed_total"), "_total", why=reason)

    @staticmethod
    def _app(_environ: dict[str, Any], _start: Callable[..., Any]) -> list[bytes]:
        raise AssertionError("entered")


def test_requests_pass_while_work_is_admitted() -> None:
    """The application answers them."""
    assert UnreadRig().answer(POST) is None


def test_a_refusal_is_a_problem_and_keeps_the_connection() -> None:
    """The response and the metric are those of a refusal by the application."""
    rig = UnreadRig()
    rig.unpublished = UnpublishedWork("what was accepted 12 s ago is still unpublished", 7)
    answer = rig.answer(POST)
    assert answer is not None
    response = http.client.HTTPResponse(_Wire(answer))  # type: ignore[arg-type]  # has makefile
    response.begin()
    assert (response.status, response.getheader("Retry-After")) == (503, "7")
    assert response.getheader("Content-Type") == "application/problem+json"
    assert not response.will_close
    assert response.getheader("Date", "").endswith(" GMT")
    assert response.getheader("X-Content-Type-Options") == "nosniff"
    assert b"still unpublished" in response.read()
    assert rig.shed("unpublished") == 1


@pytest.mark.parametrize(
    ("fields", "allowed"),
    [
        (b"Origin: https://app.example", b"https://app.example"),
        (b"origin:https://app.example ", b"https://app.example"),
        (b"Origin: https://evil.example", None),
        (b"Origin: https://app.example\r\nOrigin: https://evil.example", None),
        (b"X: y", None),
    ],
)
def test_a_page_of_an_allowed_origin_reads_the_refusal(
    fields: bytes, allowed: bytes | None
) -> None:
    """It has the fields of CORS, as a refusal by the application has."""
    rig = UnreadRig()
    answer = rig.answer(with_field(fields), overloaded=True)
    assert answer is not None
    assert b"\r\nVary: Origin\r\n" in answer
    found = re.findall(rb"\r\nAccess-Control-Allow-Origin: ([^\r]+)\r\n", answer)
    assert found == ([allowed] if allowed else [])


def test_unread_refusals_pause_while_not_ready() -> None:
    """The application announces the end of the connection."""
    rig = UnreadRig()
    rig.wrong = "the service is stopping"
    assert rig.answer(POST) is None
    assert rig.answer(POST, overloaded=True) is None


GET = b"GET /v1/tasks/1 HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    [
        POST[:-1],
        GET,
        POST.replace(b"/v1/posts", b"/v1/keys"),
        POST.replace(b"POST /v1/posts", b"DELETE /v1/posts/1"),
    ],
)
def test_a_backlog_refuses_only_requests_with_work(data: bytes) -> None:
    """Incomplete requests pass too."""
    rig = UnreadRig()
    rig.unpublished = UnpublishedWork("what was accepted 12 s ago is still unpublished", 7)
    assert rig.answer(data) is None
    assert rig.answer(POST) is not None


def test_an_overload_refuses_all_whole_requests() -> None:
    """HEAD passes, because its response has no body. Incomplete requests pass."""
    rig = UnreadRig()
    for data in (POST, GET):
        assert (rig.answer(data), rig.answer(data, overloaded=True) is None) == (None, False)
    head = b"HEAD /v1/tasks/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    for data in (head, GET[:-1], POST[:-1]):
        assert rig.answer(data, overloaded=True) is None
    assert rig.shed("in_flight") == 2


NOISY = b"Authorization: Bearer noisy"


@pytest.fixture
def beside_noisy() -> UnreadRig:
    """The work of the account `noisy` is too old."""
    rig = UnreadRig()
    rig.accounts.update({"noisy": AccountBacklog("waiting", wait=37, limit=30)}, {})
    return rig


@pytest.mark.parametrize(
    "field",
    [NOISY, b"authorization:BEARER  noisy", b"Cookie: a=b; splitflap-session=noisy; c=d"],
)
def test_new_work_of_an_account_with_an_old_backlog_is_refused_unread(
    beside_noisy: UnreadRig, field: bytes
) -> None:
    """429 with the fields of the application's refusal."""
    answer = beside_noisy.answer(with_field(field))
    assert answer is not None
    response = http.client.HTTPResponse(_Wire(answer))  # type: ignore[arg-type]  # has makefile
    response.begin()
    assert (response.status, response.getheader("Retry-After")) == (429, "7")
    assert response.getheader("RateLimit-Policy") == '"backlog";q=30;qu="seconds"'
    assert response.getheader("RateLimit") == '"backlog";r=0;t=7'
    assert not response.will_close
    assert beside_noisy.shed("account_backlog") == 1


@pytest.mark.parametrize(
    "data",
    [
        POST,
        with_field(b"Authorization: Bearer quiet"),
        with_field(b"Authorization: Basic noisy"),
        with_field(NOISY + b" x"),
        with_field(NOISY + b"\r\n" + NOISY),
        with_field(NOISY + b"\r\nAuthorization: Basic x"),
        with_field(b"X: y\r\n " + NOISY),
        with_field(b"X-" + NOISY),
        with_field(NOISY)[:-1],
        with_field(NOISY).replace(b"POST /v1/posts", b"DELETE /v1/posts/1"),
        with_field(NOISY).replace(b"/v1/posts", b"/v1/keys"),
        POST.replace(b"{", NOISY),
    ],
)
def test_an_old_backlog_refuses_no_other_request_unread(
    beside_noisy: UnreadRig, data: bytes
) -> None:
    """Others are not concerned, and an ambiguous request is for the application."""
    assert beside_noisy.answer(data) is None


def test_a_young_backlog_refuses_nothing_unread() -> None:
    """The hub does not even look at requests."""
    rig = UnreadRig()
    rig.accounts.update({"noisy": AccountBacklog("waiting", wait=20, limit=30)}, {})
    assert rig.refusals.now(overloaded=False) is None


class _Wire:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)
