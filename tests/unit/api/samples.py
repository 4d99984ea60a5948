"""Values of metrics, read as Prometheus reads them."""

from prometheus_client.metrics import MetricWrapperBase


def sample(metric: MetricWrapperBase, suffix: str = "", **labels: str) -> float:
    """The sum of the samples with this suffix (`_total`, `_count`) and these labels."""
    return sum(
        each.value
        for family in metric.collect()
        for each in family.samples
        if each.name == family.name + suffix and labels.items() <= each.labels.items()
    )
