"""The counts of pods, from a Kubernetes API on this machine that breaks on request."""

import json
import logging
import shutil
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from splitflap_api.contract.status_models import Pods
from splitflap_api.loops import pods as module
from splitflap_api.loops.pods import MAX_AGE, MAX_BODY, PERIOD, RETRY_AFTER, PodCounts

from tests.support.certificates import make_certificate

COUNTED = {"api": Pods(2, 2), "renderer": Pods(3, 1), "scraper": Pods(0, 0)}

Answer = Callable[[BaseHTTPRequestHandler], None]


class Cluster(ThreadingHTTPServer):
    """Kubernetes' API, and the files of a service account."""

    daemon_threads = True

    def __init__(self, certificate: Path, account: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        # The handshake waits for the thread of its connection.
        self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.environ = {
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(self.server_port),
        }
        self.account = account
        self.ended = threading.Event()
        self.asked: list[tuple[str, str]] = []
        self.answer: Answer = _tell
        for name, text in (("token", "first\n"), ("namespace", "ns")):
            (account / name).write_text(text, "ascii")
        (account / "ca.crt").write_bytes(certificate.read_bytes())

    def counts(self) -> PodCounts:
        """What a replica knows. The tests run its iterations."""
        return PodCounts("r-splitflap", self.environ, self.account)

    def handle_error(self, *_: object) -> None:
        """A client that refuses the certificate is none of its faults."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Cluster

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Authorization"]))
        self.server.answer(self)

    def log_message(self, *_: object) -> None:
        """Write no log."""


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **fields: str) -> None:
    handler.send_response(status)
    for name, value in ({"Content-Length": str(len(body))} | fields).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def _tell(handler: BaseHTTPRequestHandler) -> None:
    """A Deployment. Kubernetes omits the count of ready pods if it is 0."""
    pods = COUNTED[handler.path.rpartition("-")[2]]
    status: dict[str, Any] = {"observedGeneration": 7, "replicas": pods.wanted}
    if pods.ready:
        status["readyReplicas"] = pods.ready
    found = {"kind": "Deployment", "spec": {"replicas": pods.wanted}, "status": status}
    _send(handler, 200, json.dumps(found).encode())


def _with(status: int, body: bytes, **fields: str) -> Answer:
    return lambda handler: _send(handler, status, body, **fields)


def _hang(handler: BaseHTTPRequestHandler) -> None:
    cluster = handler.server
    assert isinstance(cluster, Cluster)
    cluster.ended.wait()


def _hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


FAULTS: dict[str, Answer] = {
    "forbidden": _with(403, b'{"kind": "Status", "reason": "Forbidden"}'),
    "missing": _with(404, b"{}"),
    "broken": _with(500, b'{"spec": {"replicas": 1}, "status": {}}'),
    "redirected": _with(302, b"", Location="https://127.0.0.1/elsewhere"),
    "garbage": _with(200, b"\xff<html>"),
    "a list": _with(200, b"[]"),
    "no numbers": _with(200, b'{"spec": {"replicas": "many"}, "status": {}}'),
    "negative": _with(200, b'{"spec": {"replicas": -1}, "status": {}}'),
    "huge": _with(200, b'{"spec": {"replicas": 1}, "status": {}}'.ljust(MAX_BODY + 1)),
    "hanging": _hang,
    "hung up": _hang_up,
}


class Time:
    """The monotonic clock of the counts."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """Its time."""
        return self.now


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key in the same file."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "certificate.pem", "IP:127.0.0.1")


@pytest.fixture
def cluster(certificate: Path, tmp_path: Path) -> Iterator[Cluster]:
    """A cluster that answers."""
    made = Cluster(certificate, tmp_path)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.ended.set()
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    """A clock that stands still, and short patience."""
    made = Time()
    monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    monkeypatch.setattr(module, "TIMEOUT", 0.5)
    return made


def test_the_first_status_has_the_counts(cluster: Cluster) -> None:
    """It waits for the thread that reads them, with this pod's token."""
    counts = cluster.counts()
    counts.start()
    assert counts.now() == COUNTED
    counts.stop(10)
    base = "/apis/apps/v1/namespaces/ns/deployments/r-splitflap-"
    assert cluster.asked == [(base + each, "Bearer first") for each in COUNTED]


def test_all_readers_of_a_period_cost_one_reading(cluster: Cluster, clock: Time) -> None:
    """Without readers the loop sleeps: it has no pause that ends."""
    counts = cluster.counts()
    assert counts._pause is None
    for _ in range(100):
        counts.run_once()
        assert counts.now() == COUNTED
    assert len(cluster.asked) == 3
    clock.now += PERIOD
    counts.run_once()
    assert len(cluster.asked) == 6


def test_a_renewed_token_is_used(cluster: Cluster, clock: Time) -> None:
    """Kubernetes replaces the file while the process runs."""
    counts = cluster.counts()
    counts.run_once()
    (cluster.account / "token").write_text("second", "ascii")
    clock.now += PERIOD
    counts.run_once()
    assert {token for _, token in cluster.asked[3:]} == {"Bearer second"}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_leaves_the_counts_out_and_is_logged_once(
    cluster: Cluster, clock: Time, fault: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    """The counts from before are not shown. They come back with Kubernetes."""
    caplog.set_level(logging.INFO, module.__name__)
    counts = cluster.counts()
    counts.run_once()
    cluster.answer = fault
    for pause in (PERIOD, RETRY_AFTER, RETRY_AFTER):
        clock.now += pause
        counts.run_once()
        assert counts.now() == {}
    assert not counts.failed
    [line] = [each.getMessage() for each in caplog.records]
    assert line.startswith("pods of the status: Kubernetes was not read (")
    cluster.answer = _tell
    clock.now += RETRY_AFTER
    counts.run_once()
    assert counts.now() == COUNTED
    assert caplog.records[-1].getMessage() == "pods of the status: Kubernetes answers again"


def test_a_cluster_that_refuses_is_left_alone_for_a_while(cluster: Cluster, clock: Time) -> None:
    """Each refusal is a line in the cluster's audit."""
    cluster.answer = FAULTS["forbidden"]
    counts = cluster.counts()
    counts.run_once()
    clock.now += PERIOD
    counts.run_once()
    assert len(cluster.asked) == 1


def test_old_counts_are_not_shown(cluster: Cluster, clock: Time) -> None:
    """The thread may hang in a reading."""
    counts = cluster.counts()
    counts.run_once()
    clock.now += MAX_AGE - 1
    assert counts.now() == COUNTED
    clock.now += 1
    assert counts.now() == {}


def test_an_unknown_certificate_never_gets_the_token(
    cluster: Cluster, certificate: Path, tmp_path_factory: pytest.TempPathFactory, clock: Time
) -> None:
    """Nor does one for another name."""
    named = cluster.counts()
    named._environ = {**cluster.environ, "KUBERNETES_SERVICE_HOST": "localhost"}
    named.run_once()
    other = make_certificate(tmp_path_factory.mktemp("other") / "ca.pem")
    shutil.copy(other, cluster.account / "ca.crt")
    foreign = cluster.counts()
    foreign.run_once()
    assert [named.now(), foreign.now(), cluster.asked] == [{}, {}, []]


def test_without_a_cluster_there_are_no_counts(tmp_path: Path, clock: Time) -> None:
    """Neither its address nor the files of an account are here."""
    here = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "x"}
    for environ in ({}, here):
        counts = PodCounts("r", environ, tmp_path)
        counts.run_once()
        assert (counts.now(), counts.failed) == ({}, False)
