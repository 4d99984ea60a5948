"""What operators see: traces in logs, and metrics that move."""

import json
import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support import wait_until
from tests.system.rig.client import Client
from tests.system.rig.processes import SpawnedService
from tests.system.rig.site import Site
from tests.system.rig.sse import EventStream
from tests.system.rig.stack import ADMIN, Stack

SAMPLE = re.compile(r"^(\w+)(\{[^}]*\})? ([-+0-9.eE]+|NaN|\+Inf)$", re.MULTILINE)

#: Streams opened at a time.
STREAMS = 20

#: Counters and gauges that a post with a link moves, by who exposes them.
MOVED = {
    "api": (
        "splitflap_http_requests_total",
        "splitflap_http_request_seconds_count",
        "splitflap_commit_batch_size_count",
        "splitflap_commit_seconds_count",
        "splitflap_jobs_accepted_total",
        "splitflap_jobs_published_total",
        "splitflap_jobs_finished_total",
        "splitflap_ingest_batch_size_count",
        "splitflap_tasks_finished_total",
        "splitflap_events_served_total",
    ),
    "renderer": (
        "splitflap_jobs_computed_total",
        "splitflap_job_queue_seconds_count",
        "splitflap_job_service_seconds_count",
    ),
    "scraper": (
        "splitflap_jobs_computed_total",
        "splitflap_job_queue_seconds_count",
        "splitflap_job_service_seconds_count",
    ),
}


def sums(service: SpawnedService) -> dict[str, float]:
    """All samples of a service, added up over their labels."""
    total: dict[str, float] = {}
    for name, _, value in SAMPLE.findall(service.health("metrics").text):
        total[name] = total.get(name, 0.0) + float(value)
    return total


def of_all_apis(stack: Stack) -> dict[str, float]:
    """The sums of every API: any of them may have taken an outcome."""
    total: dict[str, float] = {}
    for api in stack.apis:
        for name, value in sums(stack.services[api]).items():
            total[name] = total.get(name, 0.0) + value
    return total


def measured(stack: Stack) -> dict[str, dict[str, float]]:
    """The sums by kind of service."""
    workers = {name: sums(stack.services[name]) for name in ("renderer", "scraper")}
    return {"api": of_all_apis(stack), **workers}


def test_metrics_move_with_a_post(stack: Stack, client: Client, channel: str, site: Site) -> None:
    """Every service counts what it has done, and says how long it took."""
    before = measured(stack)
    with EventStream(stack.url(), ADMIN, channel) as stream:
        url = site.url(f"page/metrics-{channel}")
        client.create_post(f"see {url}", channel)
        for event in stream.events():
            if event.event == "done":
                break

    def unmoved() -> list[str]:
        after = measured(stack)
        return [
            f"{service} {name}"
            for service, names in MOVED.items()
            for name in names
            if after[service].get(name, 0.0) <= before[service].get(name, 0.0)
        ]

    wait_until(lambda: not unmoved(), lambda: f"to move: {unmoved()}", 15)


def test_metrics_know_slots_and_what_waits(stack: Stack) -> None:
    """What autoscaling is computed from is there at once, before any work."""
    renderer, scraper = (sums(stack.services[name]) for name in ("renderer", "scraper"))
    assert renderer["splitflap_worker_slots"] >= 1
    assert scraper["splitflap_worker_slots"] >= 1
    api = sums(stack.services["api"])
    for name in ("splitflap_event_streams", "splitflap_http_requests_in_flight"):
        assert api[name] >= 0
    wait_until(lambda: "splitflap_jobs_waiting" in sums(stack.services["api"]), "a measure", 15)


def test_streams_are_counted_while_they_are_open(
    stack: Stack, client: Client, channel: str
) -> None:
    """And no longer: a gauge that only grows would hide a leak."""
    api = stack.services["api"]

    def streams() -> float:
        return sums(api)["splitflap_event_streams"]

    def after_a_post() -> float:
        client.create_post("to be written to all", channel)
        return streams()

    with ExitStack() as opened:
        for _ in range(STREAMS):
            opened.enter_context(EventStream(stack.url(), ADMIN, channel)).start_id()
        many = streams()
        assert many >= STREAMS
    # Whether a client is still there is only found out by writing to it.
    wait_until(lambda: after_a_post() <= many - STREAMS, "the streams' end", 30)


def log_lines(service: SpawnedService, trace: str) -> Iterator[dict[str, Any]]:
    """The lines of a service's log that belong to a trace."""
    for line in service.log.read_text(encoding="utf-8", errors="replace").splitlines():
        if trace in line:
            yield json.loads(line)


@pytest.mark.parametrize("path", ["/v1/posts", "/v1/previews"])
def test_trace_goes_from_request_to_scraper(
    stack: Stack, client: Client, channel: str, site: Site, path: str
) -> None:
    """A failing page is logged with the trace's id that came with the request, and the ids."""
    trace = secrets.token_hex(16)
    url = site.url(f"missing/{channel}-{path[4:]}")
    body = {"text": url} if path == "/v1/posts" else {"url": url}
    accepted = client.post(path, body, traceparent=f"00-{trace}-{secrets.token_hex(8)}-01")
    assert client.wait_final(accepted).ok
    scraper = stack.services["scraper"]
    wait_until(lambda: any(log_lines(scraper, trace)), "a line of this trace", 15)
    line = next(log_lines(scraper, trace))
    assert line["trace_id"] == trace
    assert line["task"] == accepted.json()["id"]
    assert line["job"]
    assert line["service"] == "scraper"


def test_every_line_of_a_log_is_json(stack: Stack) -> None:
    """With time, level, logger, message and service."""
    for service in stack.services.values():
        for line in service.log.read_text(encoding="utf-8").splitlines():
            assert {"time", "level", "logger", "message", "service"} <= set(json.loads(line))


def test_health_says_what_it_is_for(stack: Stack) -> None:
    """Liveness, readiness, metrics; everything else is not there."""
    for service in stack.services.values():
        assert service.health("healthz").text == "ok\n"
        assert service.health("readyz").text == "ok\n"
        assert service.health("metrics").headers["Content-Type"].startswith("text/plain")
        assert service.health("else").status_code == 404
