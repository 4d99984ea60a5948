"""Traces, in a real collector: a post with a link over all services."""

import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from tests.servers.collector import Collector, Received
from tests.support import wait_until
from tests.system.rig.backends import MakeBackend
from tests.system.rig.client import Client
from tests.system.rig.metrics import sums
from tests.system.rig.site import Site
from tests.system.rig.stack import Stack, running

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5


@pytest.fixture(
    scope="module", params=["embedded", pytest.param("servers", marks=pytest.mark.servers)]
)
def traced(
    request: pytest.FixtureRequest,
    make_backend: MakeBackend,
    tmp_path_factory: pytest.TempPathFactory,
    collector: Collector,
) -> Iterator[Stack]:
    """All services with traces, on each back end. Traces without a parent are not recorded."""
    backend = make_backend(request.param)
    otel = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=a%20test",
    }
    backend = replace(backend, environ={**backend.environ, **otel})
    with running(backend, tmp_path_factory.mktemp("traced"), apis=1) as started:
        yield started


class Trace:
    """A client's trace, and its spans in the collector."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self.id, self.root = secrets.token_hex(16), secrets.token_hex(8)

    def parent(self, flags: str = "01") -> str:
        """The header of the client."""
        return f"00-{self.id}-{self.root}-{flags}"

    @property
    def spans(self) -> list[Received]:
        """The spans so far."""
        return self._collector.spans(self.id)

    def named(self, name: str) -> list[Received]:
        """The spans with a name."""
        return [each for each in self.spans if each.name == name]

    def has_outcome_of(self, work: Received) -> bool:
        """Whether the API has recorded the outcome of a work."""
        return any(each.parent == work.id for each in self.named("process results"))

    def one(self, name: str) -> Received:
        """Wait for the first span with a name."""
        wait_until(
            lambda: bool(self.named(name)),
            lambda: f"{name} among {[each.name for each in self.spans]}",
            20,
        )
        return self.named(name)[0]


@pytest.fixture
def trace(collector: Collector) -> Trace:
    """A new trace."""
    return Trace(collector)


def post(client: Client, text: str, trace: Trace, flags: str = "01") -> None:
    """Send a post in a trace, and wait for its end."""
    final = client.wait_final(client.submit(text, traceparent=trace.parent(flags)))
    assert final.status_code == 201, final.text


def test_a_post_with_a_link_is_one_connected_trace(
    traced: Stack, trace: Trace, site: Site, collector: Collector
) -> None:
    """Each span stands below the one that caused it, over the API, the renderer and the scraper."""
    secret = secrets.token_hex(8)
    url = site.url(f"page/{secret}?token={secret}")
    post(traced.client(), f"{secret} {url}", trace)
    request = trace.one("POST /v1/posts")
    assert (request.parent, request.kind, request.service) == (trace.root, SERVER, "splitflap-api")
    assert request.attributes["http.response.status_code"] == "202"
    assert request.resource["deployment.environment.name"] == "a test"
    assert trace.one("commit").parent == request.id

    above = request
    for queue, service in (("render", "renderer"), ("scrape", "scraper")):
        publish = trace.one(f"publish jobs:{queue}")
        assert (publish.parent, publish.kind) == (above.id, PRODUCER)
        system = "filesystem" if traced.backend.is_embedded else "rabbitmq"
        assert publish.attributes["messaging.system"] == system
        work = trace.one(f"process jobs:{queue}")
        assert (work.parent, work.kind, work.service) == (
            publish.id,
            CONSUMER,
            f"splitflap-{service}",
        )
        assert work.attributes["splitflap.outcome"] == "done"
        wait_until(partial(trace.has_outcome_of, work), f"the outcome of {queue}", 20)
        above = work
    waits = trace.named("wait in the queue")
    assert {each.parent for each in waits} == {
        each.id for each in trace.spans if each.kind == PRODUCER
    }
    fetches = [each for each in trace.named("GET") if each.kind == CLIENT]
    assert {each.parent for each in fetches} == {above.id}
    assert "200" in {each.attributes.get("http.response.status_code") for each in fetches}
    ids = {each.id for each in trace.spans} | {trace.root}
    assert {each.parent for each in trace.spans} <= ids
    assert secret not in collector.text


def test_a_sampled_out_trace_stays_so(traced: Stack, trace: Trace, site: Site) -> None:
    """No service records a span of it, while it records those of a later trace."""
    client = traced.client()
    post(client, f"unsampled {site.url('page/' + trace.id)}", trace, "00")
    later = Trace(trace._collector)
    post(client, f"sampled {site.url('page/' + later.id)}", later)
    later.one("process jobs:scrape")
    later.one("GET")
    assert trace.spans == []


def test_a_shared_preview_links_to_the_trace_that_fetches_it(
    traced: Stack, collector: Collector, site: Site
) -> None:
    """The second trace has no scrape of its own."""
    client = traced.client()
    first, second = Trace(collector), Trace(collector)
    url = site.url(f"held/{first.id}")
    site.hold()
    try:
        tasks = [
            client.submit(f"see {url}", traceparent=first.parent()),
        ]
        wait_until(lambda: f"/held/{first.id}" in site.hits, "the fetch", 15)
        tasks.append(client.submit(f"see {url} too", traceparent=second.parent()))
        shared = second.one("share preview")
    finally:
        site.release()
    for task in tasks:
        assert client.wait_final(task).status_code == 201
    assert {trace for trace, _ in shared.links} == {first.id}
    assert second.named("process jobs:scrape") == []


#: The histograms of latencies by service.
LATENCIES = {
    "api": {
        "splitflap_http_request_seconds",
        "splitflap_commit_seconds",
        "splitflap_task_seconds",
    },
    "renderer": {"splitflap_job_queue_seconds", "splitflap_job_service_seconds"},
    "scraper": {"splitflap_job_queue_seconds", "splitflap_job_service_seconds"},
}


def test_measurements_name_recorded_traces(traced: Stack, trace: Trace, site: Site) -> None:
    """The exemplars of each histogram of latencies lead to a trace. Others have none."""
    other = Trace(trace._collector)
    for each, flags in ((trace, "01"), (other, "00")):
        post(traced.client(), f"see {site.url('page/' + each.id)}", each, flags)
    for name, histograms in LATENCIES.items():
        text = traced.services[name].health("metrics", "application/openmetrics-text").text
        found = re.findall(r"^(\w+)_bucket.* # \{trace_id=\"(\w+)\"\}", text, re.MULTILINE)
        assert {histogram for histogram, id_ in found if id_ == trace.id} == histograms
        assert other.id not in text


def test_a_receiver_that_is_gone_delays_no_post(
    traced: Stack, collector: Collector, site: Site
) -> None:
    """The spans wait for it, and arrive once it is back."""
    trace = Trace(collector)
    collector.kill()
    try:
        post(traced.client(), f"see {site.url('page/' + trace.id)}", trace)
    finally:
        collector.restart()
    trace.one("POST /v1/posts")
    trace.one("process jobs:scrape")


def test_traces_are_off_without_an_endpoint(stack: Stack, client: Client) -> None:
    """Nothing counts spans."""
    client.create_post("untraced")
    for service in stack.services.values():
        assert sums(service)["splitflap_spans_exported_total"] == 0


def test_each_request_of_a_shared_commit_has_it_in_its_trace(
    traced: Stack, collector: Collector
) -> None:
    """Concurrent requests share commits, and the spans of one link to each other."""
    traces = [Trace(collector) for _ in range(40)]

    def send(trace: Trace) -> None:
        post(traced.client(), "one of many", trace)

    with ThreadPoolExecutor(len(traces)) as threads:
        list(threads.map(send, traces))
    for each in traces:
        assert each.one("commit").parent == each.one("POST /v1/posts").id
        wait_until(lambda each=each: each.named("process results"), "the outcome", 20)  # type: ignore[misc]
    commits = [each.named("commit")[0] for each in traces]
    ids = {(each.trace, each.id) for each in commits}
    linked = {link for each in commits for link in each.links}
    assert linked
    assert linked <= ids
