"""Declared metrics, and trace contexts."""

import pytest
from splitflap_core.telemetry import Metrics, UndeclaredMetric, declarations
from splitflap_core.trace import new_traceparent, trace_id

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_an_undeclared_metric_raises() -> None:
    """A metric of another service or of another type raises too."""
    metrics = Metrics("renderer")
    with pytest.raises(UndeclaredMetric, match="splitflap_nonesuch"):
        metrics.counter("splitflap_nonesuch")
    with pytest.raises(UndeclaredMetric):
        metrics.counter("splitflap_http_requests_total")
    with pytest.raises(UndeclaredMetric):
        metrics.gauge("splitflap_jobs_computed_total")


@pytest.mark.parametrize("service", ["api", "scraper", "renderer"])
def test_every_metric_is_exposed_from_the_start(service: str) -> None:
    """The metrics exist before the first job."""
    text = Metrics(service).exposition().decode()
    declared = [each for each in declarations().values() if service in each.services]
    assert declared
    for each in declared:
        assert f"# HELP {each.name} " in text.replace(" _total", "_total")


def test_declarations_are_complete() -> None:
    """Help, services, names and buckets follow the rules."""
    for each in declarations().values():
        assert each.help.endswith("."), each.name
        assert each.services, each.name
        assert each.name.startswith("splitflap_")
        assert (each.type == "counter") == each.name.endswith("_total"), each.name
        assert bool(each.buckets) == (each.type == "histogram"), each.name
        assert list(each.buckets) == sorted(each.buckets), each.name


def test_two_services_in_one_process_have_separate_metrics() -> None:
    """Each has its own registry."""
    first, second = Metrics("renderer"), Metrics("renderer")
    first.gauge("splitflap_worker_slots").labels("render").set(3)
    assert b'splitflap_worker_slots{kind="render"} 3' in first.exposition()
    assert b'splitflap_worker_slots{kind="render"}' not in second.exposition()


def test_a_new_span_keeps_the_trace_id() -> None:
    """The span id is new."""
    child = new_traceparent(PARENT)
    assert trace_id(child) == trace_id(PARENT) == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert child.split("-")[2] != PARENT.split("-")[2]
    assert new_traceparent() != new_traceparent()


@pytest.mark.parametrize(
    "strange", [None, "", "nonsense", PARENT + "-x", PARENT.upper(), "00-" + "0" * 32 + PARENT[35:]]
)
def test_a_malformed_parent_begins_a_new_trace(strange: str | None) -> None:
    """The all-zero id is invalid too."""
    made = new_traceparent(strange)
    assert len(trace_id(made)) == 32
    assert int(trace_id(made), 16)


def test_a_malformed_traceparent_has_an_empty_id() -> None:
    """Logs contain no text of the client."""
    assert trace_id("nonsense") == ""
