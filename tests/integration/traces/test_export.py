"""The exporter against receivers that refuse, stall and come back."""

import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from splitflap_core.telemetry import Metrics
from splitflap_core.tracing import exporter
from splitflap_core.tracing.setup import Tracing
from splitflap_core.tracing.tracer import SpanKind

from tests.support import wait_until
from tests.support.certificates import make_certificate

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

#: One answer: a status, fields, and a body.
Answer = tuple[int, dict[str, str], bytes]

TAKEN: Answer = (200, {}, b"{}")


class Stub:
    """A receiver with the given answers; the last one counts for all later requests."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.answers: list[Answer] = [TAKEN]
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.held = threading.Event()
        self.held.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._scheme = "http"
        if certificate:
            self._scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    @property
    def names(self) -> list[str]:
        """The names of the spans of all requests."""
        return [
            span["name"]
            for _, _, body in self.requests
            for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"]
        ]

    def close(self) -> None:
        """End it."""
        self.held.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stub.held.wait(30)
                stub.requests.append((self.path, dict(self.headers), msgspec.json.decode(body)))
                more = len(stub.answers) > 1
                status, headers, answer = stub.answers.pop(0) if more else stub.answers[0]
                self.send_response(status)
                for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A receiver."""
    made = Stub()
    yield made
    made.close()


class Rig:
    """The traces of a process, exported often."""

    def __init__(self, url: str, **environ: str) -> None:
        self.metrics = Metrics("renderer")
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, **environ}
        self.tracing = Tracing("renderer", self.metrics, "amqp://x", environ)
        self.tracing.start()

    def end(self, *names: str) -> None:
        """End spans with these names."""
        assert self.tracing.tracer
        for each in names:
            with self.tracing.tracer.batch(each, SpanKind.INTERNAL, [PARENT], {}):
                pass

    def counts(self) -> dict[str, float]:
        """The spans that were exported, and the dropped ones by their reason; without zeros."""
        exported = self.metrics.values("splitflap_spans_exported_total")
        dropped = self.metrics.values("splitflap_spans_dropped_total")
        found = Counter[str]()
        for labels, value in [*exported, *dropped]:
            if value < 1_000_000:  # a creation time is no count
                found[labels.get("why", "exported")] += int(value)
        return {name: value for name, value in found.items() if value}

    def wait(self, **counts: float) -> None:
        """Wait for these counts."""
        wait_until(lambda: self.counts() == counts, lambda: f"{counts}, not {self.counts()}", 20)


@pytest.fixture
def rig(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Rig]]:
    """Make the traces of a process."""
    monkeypatch.setattr(exporter, "EVERY", 0.05)
    monkeypatch.setattr(exporter, "BACKOFF", (0.05, 0.1))
    made: list[Rig] = []

    def make(url: str = "", **environ: str) -> Rig:
        made.append(Rig(url or stub.url, **environ))
        return made[-1]

    yield make
    for each in made:
        each.tracing.stop(2)


def test_spans_arrive_with_the_fields_of_the_settings(rig: Callable[..., Rig], stub: Stub) -> None:
    """The path, the type and the secret are as the standard says."""
    it = rig(OTEL_EXPORTER_OTLP_HEADERS="api-key=a%20word")
    it.end("first", "second")
    it.wait(exported=2)
    path, headers, body = stub.requests[0]
    assert (path, headers["Content-Type"], headers["api-key"]) == (
        "/v1/traces",
        "application/json",
        "a word",
    )
    span = body["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert span["traceId"] == PARENT.split("-")[1]
    assert span["parentSpanId"] == PARENT.split("-")[2]
    assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_retryable_status_is_tried_again(
    rig: Callable[..., Rig], stub: Stub, status: int
) -> None:
    """The same spans arrive."""
    stub.answers = [(status, {"Retry-After": "1"}, b""), (status, {}, b""), TAKEN]
    it = rig()
    it.end("a")
    it.wait(exported=1)
    assert stub.names == ["a", "a", "a"]


@pytest.mark.parametrize("status", [301, 400, 401, 404, 413, 500])
def test_another_status_drops_the_spans_at_once(
    rig: Callable[..., Rig], stub: Stub, status: int
) -> None:
    """The next ones are sent."""
    stub.answers = [(status, {"Location": stub.url + "/else"}, b""), TAKEN]
    it = rig()
    it.end("a")
    it.wait(refused=1)
    it.end("b")
    it.wait(refused=1, exported=1)
    assert stub.names == ["a", "b"]


def test_a_partial_success_counts_what_was_rejected(rig: Callable[..., Rig], stub: Stub) -> None:
    """The numbers of the protocol are strings."""
    answer = b'{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}'
    stub.answers = [(200, {}, answer)]
    it = rig()
    it.end("a", "b", "c")
    it.wait(exported=1, refused=2)


def test_spans_are_given_up_after_a_time(
    rig: Callable[..., Rig], stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver without an answer keeps nothing for ever."""
    monkeypatch.setattr(exporter, "GIVE_UP_AFTER", 0.3)
    stub.answers = [(503, {}, b"")]
    it = rig()
    it.end("a")
    it.wait(unreachable=1)
    assert stub.names.count("a") > 1


def test_a_silent_receiver_is_given_up_by_a_stop(rig: Callable[..., Rig], stub: Stub) -> None:
    """The spans that wait are dropped and counted, and the work went on."""
    stub.held.clear()
    it = rig(OTEL_EXPORTER_OTLP_TIMEOUT="200")
    it.end(*("a" for _ in range(600)))
    it.tracing.stop(10)
    it.wait(unreachable=600)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of a receiver, which is its own CA."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "own.pem", "IP:127.0.0.1")


@pytest.fixture
def tls_stub(certificate: Path) -> Iterator[Stub]:
    """A receiver over TLS."""
    made = Stub(certificate)
    yield made
    made.close()


def test_spans_arrive_over_tls_with_the_ca_of_the_settings(
    rig: Callable[..., Rig], tls_stub: Stub, certificate: Path
) -> None:
    """One connection has several requests."""
    it = rig(tls_stub.url, OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificate))
    it.end(*(str(number) for number in range(600)))
    it.wait(exported=600)
    assert len(tls_stub.names) == 600


@pytest.mark.parametrize("ca", [None, "other"])
def test_a_receiver_that_no_ca_knows_gets_no_span(
    rig: Callable[..., Rig],
    tls_stub: Stub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ca: str | None,
) -> None:
    """Neither by the system's CAs, nor by another one."""
    monkeypatch.setattr(exporter, "GIVE_UP_AFTER", 0.3)
    other = str(make_certificate(tmp_path / "other.pem", "IP:127.0.0.1"))
    environ = {"OTEL_EXPORTER_OTLP_CERTIFICATE": other} if ca else {}
    it = rig(tls_stub.url, **environ)
    it.end("a")
    it.wait(unreachable=1)
    assert tls_stub.names == []


def test_the_work_goes_on_while_a_receiver_is_silent(rig: Callable[..., Rig], stub: Stub) -> None:
    """The exporter alone waits: on green threads too, where this file runs again."""
    stub.held.clear()
    it = rig()
    it.end("a")
    wait_until(lambda: not it.tracing.tracer.ended, "the export", 20)  # type: ignore[union-attr]
    steps: list[int] = []

    def work() -> None:
        for step in range(100):
            it.end(str(step))
            steps.append(step)
            time.sleep(0)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(20)
    assert len(steps) == 100
    assert stub.requests == []
    stub.held.set()
    it.wait(exported=101)


def test_a_stop_sends_what_waits(rig: Callable[..., Rig], stub: Stub) -> None:
    """In batches."""
    it = rig()
    it.end(*(str(number) for number in range(600)))
    it.tracing.stop(10)
    assert sorted(stub.names, key=int) == [str(number) for number in range(600)]
    assert len(stub.requests) >= 3
