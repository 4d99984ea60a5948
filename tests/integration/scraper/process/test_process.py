"""The process of the service, on the embedded broker."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import msgspec
import pytest
from splitflap_core import topology
from splitflap_core.broker import BrokerLink, Delivery, OutgoingMessage, Subscription, backend_for
from splitflap_core.contracts import (
    Job,
    JobOutcome,
    ScrapeRequest,
    ScrapeResult,
    decode_job_outcome,
    encode,
)
from splitflap_core.outcomes import Done, Failed, RetryLater
from splitflap_core.settings import CommonSettings
from splitflap_scraper.process.loop_lag import STALL

from tests.integration.scraper.fetching import Serve
from tests.integration.scraper.site import page
from tests.support import free_port, wait_until

#: Longest time of a process to stop, in seconds.
STOP_TIMEOUT = 30.0


class ScraperProcess:
    """A running scraper, and the API's end of the broker."""

    def __init__(self, tmp_path: Path, **settings: str) -> None:
        self.port = free_port()
        self.log = tmp_path / "log"
        environ = {
            **os.environ,
            "SPLITFLAP_DATA_DIR": str(tmp_path),
            "SPLITFLAP_HEALTH_PORT": str(self.port),
            "SPLITFLAP_SCRAPER_ALLOW_NETS": "127.0.0.1/32",
            **settings,
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "splitflap_scraper"], env=environ, stderr=log
            )
        self.outcomes: dict[str, JobOutcome] = {}
        backend = backend_for(CommonSettings(data_dir=str(tmp_path)))
        self.link = BrokerLink(
            "test",
            backend.opener("test"),
            subscriptions=[Subscription(topology.RESULTS_QUEUE, 100)],
            on_delivery=self._receive,
        )
        self.link.start()
        wait_until(lambda: self.link.up)

    def _receive(self, delivery: Delivery) -> None:
        outcome = decode_job_outcome(delivery.body)
        self.outcomes[outcome.job] = outcome
        delivery.ack()

    def send(self, name: str, url: str) -> None:
        """Publish a job."""
        payload = msgspec.Raw(encode(ScrapeRequest(url)))
        job = Job(name, "scrape", 1, time.time(), payload, task="t1")
        sent: list[bool] = []
        self.link.publish(OutgoingMessage(topology.JOBS.name, "scrape", encode(job), sent.append))
        wait_until(lambda: sent == [True])

    def get(self, path: str) -> str:
        """Return an answer of the health port."""
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
            return str(response.read().decode())

    def answers(self) -> bool:
        """Whether the service is ready."""
        try:
            return self.get("/readyz") == "ok\n"
        except OSError:
            return False

    def stop(self) -> int:
        """Send SIGTERM, and return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_TIMEOUT)


@contextmanager
def running(tmp_path: Path, **settings: str) -> Iterator[ScraperProcess]:
    """Start a service, wait until it is ready, and end it."""
    service = ScraperProcess(tmp_path, **settings)
    try:
        wait_until(service.answers)
        yield service
    finally:
        service.link.stop(5)
        if service.process.poll() is None:
            service.process.kill()
            service.process.wait()


def result(outcome: JobOutcome) -> ScrapeResult:
    """Return the preview of an outcome, which must be done."""
    assert isinstance(outcome.outcome, Done), outcome
    return msgspec.json.decode(outcome.outcome.result, type=ScrapeResult)


def test_jobs_become_outcomes(tmp_path: Path, serve: Serve) -> None:
    """Each failure has a line in the log, and the process ends cleanly."""
    site = serve(page("<title>Hello</title>"))
    with running(tmp_path) as service:
        service.send("good", site.url())
        service.send("bad", "http://169.254.169.254/latest/meta-data/")
        wait_until(lambda: len(service.outcomes) == 2)
        assert result(service.outcomes["good"]).title == "Hello"
        assert service.outcomes["good"].task == "t1"
        bad = service.outcomes["bad"].outcome
        assert isinstance(bad, Failed)
        assert bad.reason == "forbidden_address"
        metrics = service.get("/metrics")
        assert 'splitflap_worker_slots{kind="scrape"} 200.0' in metrics
        assert 'splitflap_scraper_failures_total{reason="forbidden_address"} 1.0' in metrics
        assert service.get("/healthz") == "ok\n"
        assert service.stop() == 0
    log = [msgspec.json.decode(line) for line in service.log.read_text().splitlines()]
    failures = [line for line in log if line["message"].startswith("no preview")]
    assert [(line["job"], line["task"]) for line in failures] == [("bad", "t1")]
    assert not any("exc_info" in line for line in log)


def test_sigterm_finishes_running_jobs(tmp_path: Path, serve: Serve) -> None:
    """Other jobs stay in the queue."""
    asked = threading.Event()

    def respond(sock: socket.socket, _request: str) -> None:
        asked.set()
        time.sleep(1)
        sock.sendall(page("<title>Slow</title>"))

    site = serve(respond)
    with running(tmp_path, SPLITFLAP_CONCURRENCY="1") as service:
        for name in ("running", "waiting"):
            service.send(name, site.url())
        assert asked.wait(STOP_TIMEOUT)
        assert service.stop() == 0
        wait_until(lambda: "running" in service.outcomes)
        assert result(service.outcomes["running"]).title == "Slow"
        assert "waiting" not in service.outcomes
        assert len(list((tmp_path / "broker" / "scrape").iterdir())) == 1


def test_sigterm_gives_slow_jobs_back_after_the_grace(tmp_path: Path, serve: Serve) -> None:
    """The job is in the queue again."""
    asked = threading.Event()

    def respond(_sock: socket.socket, _request: str) -> None:
        asked.set()
        time.sleep(5)

    site = serve(respond)
    with running(tmp_path, SPLITFLAP_STOP_GRACE="0.3") as service:
        service.send("running", site.url())
        assert asked.wait(STOP_TIMEOUT)
        began = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - began < 4
        assert len(list((tmp_path / "broker" / "scrape").iterdir())) == 1
        assert service.outcomes == {}


def test_a_taken_health_port_is_one_clear_line(tmp_path: Path) -> None:
    """The process ends at once, and names the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        environ = {
            **os.environ,
            "SPLITFLAP_DATA_DIR": str(tmp_path),
            "SPLITFLAP_HEALTH_PORT": str(port),
        }
        command = [sys.executable, "-m", "splitflap_scraper"]
        run = subprocess.run(
            command, env=environ, capture_output=True, text=True, timeout=STOP_TIMEOUT, check=False
        )
    assert run.returncode == 69
    assert f"cannot listen on 127.0.0.1:{port} (SPLITFLAP_HEALTH_PORT)" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("value", ["10.0.0.1/8", "nonsense"])
def test_wrong_settings_are_named(tmp_path: Path, value: str) -> None:
    """The exit status is 78 (EX_CONFIG)."""
    environ = {**os.environ, "SPLITFLAP_SCRAPER_ALLOW_NETS": value}
    command = [sys.executable, "-m", "splitflap_scraper"]
    run = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=STOP_TIMEOUT, check=False
    )
    assert run.returncode == 78
    assert "SPLITFLAP_SCRAPER_ALLOW_NETS" in run.stderr


@pytest.mark.parametrize(
    ("stalls", "progress"), [(True, "waited"), (False, "tried")], ids=["stalled", "slow site"]
)
def test_a_page_that_fails_while_the_scraper_stalls_is_no_attempt(
    tmp_path: Path, serve: Serve, stalls: bool, progress: str
) -> None:
    """A stopped process, or one without CPU, misses its deadline. The site is not to blame."""
    requested, answer = threading.Event(), threading.Event()

    def respond(sock: socket.socket, _request: str) -> None:
        requested.set()
        answer.wait(STOP_TIMEOUT)
        sock.sendall(page("<title>Hello</title>"))

    site = serve(respond)
    with running(tmp_path, SPLITFLAP_SCRAPE_DEADLINE="2") as service:
        service.send("job", site.url())
        assert requested.wait(STOP_TIMEOUT)
        if stalls:
            service.process.send_signal(signal.SIGSTOP)
            time.sleep(STALL + 1)
            service.process.send_signal(signal.SIGCONT)
        wait_until(lambda: "job" in service.outcomes)
        answer.set()
        outcome = service.outcomes["job"].outcome
        assert isinstance(outcome, RetryLater)
        assert (outcome.reason, outcome.progress) == ("timeout", progress)
