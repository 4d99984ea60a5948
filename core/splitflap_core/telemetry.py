"""The metrics of a process. metrics.yaml declares each metric once."""

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import yaml
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics import MetricWrapperBase

M = TypeVar("M", bound=MetricWrapperBase)


class UndeclaredMetric(LookupError):
    """metrics.yaml does not declare this metric for the service, or declares another type."""


@dataclass(frozen=True)
class Declaration:
    """One metric of metrics.yaml."""

    name: str
    type: str
    help: str
    services: tuple[str, ...]
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = field(default=())


@cache
def declarations() -> dict[str, Declaration]:
    """The declared metrics by name."""
    text = files("splitflap_core").joinpath("metrics.yaml").read_text(encoding="utf-8")
    return {name: _declaration(name, entry) for name, entry in yaml.safe_load(text).items()}


def _declaration(name: str, entry: dict[str, Any]) -> Declaration:
    lists: Any = {key: tuple(entry.pop(key, ())) for key in ("services", "labels", "buckets")}
    return Declaration(name=name, **entry, **lists)


class Metrics:
    """The metrics of one process. All of them exist from its start."""

    def __init__(self, service: str) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._metrics = {
            name: self._make(declared)
            for name, declared in declarations().items()
            if service in declared.services
        }

    def counter(self, name: str) -> Counter:
        """A counter; raises UndeclaredMetric if metrics.yaml has none of this name."""
        return self._get(name, Counter)

    def gauge(self, name: str) -> Gauge:
        """A gauge; raises UndeclaredMetric if metrics.yaml has none of this name."""
        return self._get(name, Gauge)

    def histogram(self, name: str) -> Histogram:
        """A histogram; raises UndeclaredMetric if metrics.yaml has none of this name."""
        return self._get(name, Histogram)

    def values(self, name: str, part: str = "") -> list[tuple[dict[str, str], float]]:
        """The labels and values of a metric; `part` is `_sum` or `_count` of a histogram."""
        return [
            (sample.labels, sample.value)
            for family in self._metrics[name].collect()
            for sample in family.samples
            if sample.name == name + part
        ]

    def exposition(self) -> bytes:
        """All metrics, in Prometheus' text format 0.0.4."""
        return generate_latest(self._registry)

    def page(self, accept: str) -> tuple[str, bytes]:
        """The media type and the text of all metrics in a format of an Accept field.

        OpenMetrics has exemplars too. The names and labels of the series are the same.
        """
        try:
            encode, media_type = choose_encoder(accept)
        except (TypeError, ValueError):  # the version is malformed
            encode, media_type = choose_encoder("")
        return media_type, encode(self._registry)

    def _get(self, name: str, kind: type[M]) -> M:
        metric = self._metrics.get(name)
        if not isinstance(metric, kind):
            raise UndeclaredMetric(f"{name} is not declared as a {kind.__name__} in metrics.yaml")
        return metric

    def _make(self, declared: Declaration) -> MetricWrapperBase:
        common = (declared.name, declared.help, declared.labels)
        if declared.type == "histogram":
            return Histogram(*common, buckets=declared.buckets, registry=self._registry)
        kind = Counter if declared.type == "counter" else Gauge
        return kind(*common, registry=self._registry)
