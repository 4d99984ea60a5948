"""Metrics, traces in logs, and health pages."""

import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support import wait_until
from tests.system.rig.client import Client
from tests.system.rig.metrics import sums, sums_by_kind
from tests.system.rig.processes import SpawnedService
from tests.system.rig.site import Site
from tests.system.rig.sse import EventStream
from tests.system.rig.stack import ADMIN, Stack

#: Streams opened at a time.
STREAMS = 20

#: The metrics changed by a post with a link, by service.
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
        "splitflap_task_seconds_count",
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


def test_post_changes_the_metrics_of_every_service(
    stack: Stack, client: Client, channel: str, site: Site
) -> None:
    """Each service counts its work and its duration."""
    before = sums_by_kind(stack)
    with EventStream(stack.url(), ADMIN, channel) as stream:
        url = site.url(f"page/metrics-{channel}")
        client.create_post(f"see {url}", channel)
        for event in stream.events():
            if event.event == "done":
                break

    def unchanged() -> list[str]:
        after = sums_by_kind(stack)
        return [
            f"{service} {name}"
            for service, names in MOVED.items()
            for name in names
            if after[service].get(name, 0.0) <= before[service].get(name, 0.0)
        ]

    wait_until(lambda: not unchanged(), lambda: f"changes of {unchanged()}", 15)


def test_metrics_for_autoscaling_exist_before_any_work(stack: Stack) -> None:
    """Slots, streams, requests in flight and waiting jobs are exposed from the start."""
    renderer, scraper = (sums(stack.services[name]) for name in ("renderer", "scraper"))
    assert renderer["splitflap_worker_slots"] >= 1
    assert scraper["splitflap_worker_slots"] >= 1
    api = sums(stack.services["api"])
    for name in ("splitflap_event_streams", "splitflap_http_requests_in_flight"):
        assert api[name] >= 0
    wait_until(
        lambda: "splitflap_jobs_waiting" in sums(stack.services["api"]),
        "splitflap_jobs_waiting",
        15,
    )


def test_gauge_counts_open_streams_only(stack: Stack, client: Client, channel: str) -> None:
    """The gauge falls again after the streams are closed."""
    api = stack.services["api"]

    def streams() -> float:
        return sums(api)["splitflap_event_streams"]

    def after_a_post() -> float:
        client.create_post("written to all streams", channel)
        return streams()

    with ExitStack() as opened:
        for _ in range(STREAMS):
            opened.enter_context(EventStream(stack.url(), ADMIN, channel)).start_id()
        many = streams()
        assert many >= STREAMS
    # The API detects a closed stream only when it writes to it.
    wait_until(lambda: after_a_post() <= many - STREAMS, "the streams' end", 30)


def log_lines(service: SpawnedService, trace: str) -> Iterator[dict[str, Any]]:
    """The log lines of a service that belong to a trace."""
    for line in service.log.read_text(encoding="utf-8", errors="replace").splitlines():
        if trace in line:
            yield json.loads(line)


@pytest.mark.parametrize("path", ["/v1/posts", "/v1/previews"])
def test_trace_of_a_request_reaches_the_log_of_the_scraper(
    stack: Stack, client: Client, channel: str, site: Site, path: str
) -> None:
    """The line for a failed page has the trace id of the request, the task and the job."""
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
    """Each line has time, level, logger, message and service."""
    for service in stack.services.values():
        for line in service.log.read_text(encoding="utf-8").splitlines():
            assert {"time", "level", "logger", "message", "service"} <= set(json.loads(line))


def test_health_port_has_three_pages(stack: Stack) -> None:
    """healthz, readyz and metrics exist; other pages are 404."""
    for service in stack.services.values():
        assert service.health("healthz").text == "ok\n"
        assert service.health("readyz").text == "ok\n"
        assert service.health("metrics").headers["Content-Type"].startswith("text/plain")
        assert service.health("else").status_code == 404
