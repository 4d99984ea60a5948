"""Declared metrics."""

import pytest
from splitflap_core.telemetry import Metrics, UndeclaredMetric, declarations


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
