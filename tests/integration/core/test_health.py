"""The health port."""

import http.client
import socket
import time
from collections.abc import Iterator

import pytest
from splitflap_core.health import HealthServer
from splitflap_core.telemetry import Metrics

from tests.support import free_port, wait_until


@pytest.fixture
def port() -> int:
    """A free port."""
    return free_port()


@pytest.fixture
def health(port: int) -> Iterator[HealthServer]:
    """A running server."""
    server = HealthServer(("127.0.0.1", port), Metrics("renderer"))
    server.start()
    yield server
    server.stop()


def get(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    """Status and body."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_each_page_has_the_verdict_of_its_own_checks(health: HealthServer, port: int) -> None:
    """The body has the failed checks, and the status is 503."""
    complaints: list[str] = []
    health.live("loop", lambda: None)
    health.ready("broker", lambda: complaints[0] if complaints else None)
    assert get(port, "/healthz") == get(port, "/readyz") == (200, "ok\n")
    complaints.append("no connection")
    assert get(port, "/healthz")[0] == 200
    assert get(port, "/readyz?verbose") == (503, "broker: no connection\n")
    complaints.clear()
    assert get(port, "/readyz")[0] == 200


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "text/plain; version=0.0.4"),
        ("*/*", "text/plain; version=0.0.4"),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text/plain; version=0.0.4"),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
            "application/openmetrics-text; version=1.0.0",
        ),
        ("application/openmetrics-text;version=x", "text/plain; version=0.0.4"),
    ],
)
@pytest.mark.usefixtures("health")
def test_metrics_have_the_format_that_is_accepted(port: int, accept: str, media_type: str) -> None:
    """Prometheus asks for OpenMetrics. A malformed field gets the older format."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/metrics", headers={"Accept": accept})
    answer = connection.getresponse()
    assert answer.headers["Content-Type"].startswith(media_type)
    is_open = "openmetrics" in media_type
    assert answer.read().endswith(b"# EOF\n") == is_open


def test_a_check_that_raises_counts_as_a_complaint(health: HealthServer, port: int) -> None:
    """The probe still gets its answer."""

    def broken() -> None:
        raise RuntimeError("a bug")

    health.live("broken", broken)
    status, body = get(port, "/healthz")
    assert status == 503
    assert "a bug" in body


def test_metrics_are_served_and_unknown_pages_are_404(health: HealthServer, port: int) -> None:
    """The metrics are in Prometheus' text format."""
    status, body = get(port, "/metrics")
    assert status == 200
    assert "# TYPE splitflap_worker_slots gauge" in body
    assert get(port, "/")[0] == 404
    assert get(port, "/healthz/x")[0] == 404


def test_silent_clients_do_not_delay_others(health: HealthServer, port: int) -> None:
    """Beside twenty silent connections, a probe takes less than 2 s."""
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    begin = time.monotonic()
    assert get(port, "/healthz")[0] == 200
    assert time.monotonic() - begin < 2
    for each in silent:
        each.close()


def test_a_failed_accept_does_not_end_the_server(
    health: HealthServer,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The next probe is answered."""

    def fail(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        # The process cannot be brought out of threads, so the private server fails instead.
        patch.setattr(health._server, "process_request", fail)
        with socket.create_connection(("127.0.0.1", port), 5):
            wait_until(lambda: "can't start" in caplog.text, "the refusal", 5.0)
    assert get(port, "/healthz")[0] == 200


def test_an_address_with_colons_is_ipv6(port: int) -> None:
    """The test is skipped without IPv6."""
    try:
        server = HealthServer(("::1", port), Metrics("renderer"))
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    server.start()
    assert get(port, "/healthz", "::1")[0] == 200
    server.stop()


def test_stop_frees_the_port(port: int) -> None:
    """A stop before the start works too, as after a failed boot."""
    for started in (True, False):
        server = HealthServer(("127.0.0.1", port), Metrics("renderer"))
        if started:
            server.start()
        server.stop()
    with pytest.raises(ConnectionRefusedError):
        get(port, "/healthz")
