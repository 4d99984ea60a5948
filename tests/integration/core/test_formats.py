"""The formats of metrics, as a real Prometheus reads them."""

import time
from collections.abc import Iterator

import pytest
from prometheus_client import Histogram
from splitflap_core.health import HealthServer
from splitflap_core.telemetry import Metrics, declarations

from tests.servers.fixtures import or_skip
from tests.servers.prometheus import Prometheus, Target
from tests.support import free_port, wait_until

SERVICES = ("api", "renderer", "scraper")

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class TextOnly(Metrics):
    """Metrics that know one format."""

    def page(self, accept: str) -> tuple[str, bytes]:
        return super().page("")


def filled(service: str, kind: type[Metrics]) -> Metrics:
    """The metrics of a service, with a series for each of them."""
    metrics = kind(service)
    for name, declared in declarations().items():
        if service in declared.services:
            family = metrics._metrics[name]
            each = family.labels(*declared.labels) if declared.labels else family
            if isinstance(each, Histogram):
                each.observe(0.02, {"trace_id": TRACE})
    return metrics


@pytest.fixture(scope="module")
def prometheus() -> Iterator[Prometheus]:
    """A Prometheus that scrapes the same metrics in both formats."""
    targets, servers = [], []
    for kind, format_ in ((Metrics, "openmetrics"), (TextOnly, "text")):
        for service in SERVICES:
            port = free_port()
            servers.append(HealthServer(("127.0.0.1", port), filled(service, kind)))
            servers[-1].start()
            targets.append(Target(port, {"format": format_, "service": service}))
    with or_skip(lambda: Prometheus(targets)) as server:
        wait_until(lambda: len(server.query("up == 1")) == len(targets), "all scrapes", 30)
        yield server
    for each in servers:
        each.stop()


@pytest.mark.servers
def test_both_formats_give_the_same_series(prometheus: Prometheus) -> None:
    """Rules and dashboards find them by their names and labels."""

    def series(format_: str) -> set[tuple[tuple[str, str], ...]]:
        found = prometheus.query(f'{{format="{format_}",__name__!~"up|scrape_.*"}}')
        strange = {"format", "job", "instance"}
        return {
            tuple(sorted((name, value) for name, value in each["metric"].items()))
            for each in found
            if [each["metric"].pop(name) for name in strange]
        }

    text = series("text")
    assert series("openmetrics") == text
    names = {dict(each)["__name__"] for each in text}
    for name, declared in declarations().items():
        assert {f"{name}_bucket" if declared.type == "histogram" else name} <= names


@pytest.mark.servers
def test_exemplars_lead_to_traces(prometheus: Prometheus) -> None:
    """Only OpenMetrics has them."""
    now = time.time()
    found = prometheus.exemplars('{__name__=~"splitflap_.*_bucket"}', now - 600, now + 60)
    assert {each["seriesLabels"]["format"] for each in found} == {"openmetrics"}
    assert {each["seriesLabels"]["service"] for each in found} == set(SERVICES)
    traces = {one["labels"]["trace_id"] for each in found for one in each["exemplars"]}
    assert traces == {TRACE}
