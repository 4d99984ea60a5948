"""The report of a release, from objects of Kubernetes. tests/cluster has real ones."""

from datetime import UTC, datetime
from typing import Any

import pytest
from splitflap.cluster.api import ReleaseObjects
from splitflap.cluster.report import age_of, quantity, report

METRICS = """\
# TYPE splitflap_jobs_waiting gauge
splitflap_jobs_waiting{kind="render",state="unfinished"} %s
# TYPE splitflap_oldest_job_seconds gauge
splitflap_oldest_job_seconds{kind="render",state="unfinished"} 12.5
"""


def deployment(name: str = "s-renderer", replicas: int = 3) -> dict[str, Any]:
    """A Deployment."""
    labels = {"app.kubernetes.io/component": name.removeprefix("s-")}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {"replicas": replicas},
        "status": {"replicas": replicas, "readyReplicas": replicas - 1},
    }


def autoscaler(*conditions: dict[str, str], desired: int = 3) -> dict[str, Any]:
    """A HorizontalPodAutoscaler that KEDA created."""
    name = {"metric": {"name": "s0-prometheus"}}
    spec = {"type": "External", "external": {**name, "target": {"averageValue": "1"}}}
    now = {"type": "External", "external": {**name, "current": {"averageValue": "2400m"}}}
    return {
        "metadata": {"name": "keda-hpa-s-renderer"},
        "spec": {
            "scaleTargetRef": {"name": "s-renderer"},
            "minReplicas": 1,
            "maxReplicas": 3,
            "metrics": [spec],
        },
        "status": {
            "desiredReplicas": desired,
            "currentMetrics": [now],
            "conditions": list(conditions),
        },
    }


def scaled(**conditions: str) -> dict[str, Any]:
    """A ScaledObject."""
    return {
        "metadata": {"name": "s-renderer"},
        "spec": {
            "scaleTargetRef": {"name": "s-renderer"},
            "minReplicaCount": 0,
            "maxReplicaCount": 3,
        },
        "status": {
            "conditions": [{"type": name, "status": is_so} for name, is_so in conditions.items()]
        },
    }


def test_a_deployment_without_autoscaler_is_fixed() -> None:
    """A deployment without autoscaler is fixed."""
    service = report(ReleaseObjects([deployment()])).services[0]
    assert (service.name, service.ready, service.wanted) == ("renderer", 2, 3)
    assert (service.least, service.most, service.why) == (None, None, ["fixed"])


def test_an_autoscaler_is_shown_with_its_metric_and_bound() -> None:
    """An autoscaler is shown with its metric and bound."""
    limited = {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"}
    service = report(ReleaseObjects([deployment()], autoscalers=[autoscaler(limited)])).services[0]
    assert (service.wanted, service.least, service.most) == (3, 1, 3)
    assert service.why == ["prometheus 2.4 for 1 a pod", "held at its maximum of 3"]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"type": "AbleToScale", "status": "True", "reason": "ScaleDownStabilized"}, "waits"),
        (
            {"type": "ScalingActive", "status": "False", "reason": "Failed", "message": "no x"},
            "Failed: no x",
        ),
        ({"type": "ScalingLimited", "status": "True", "reason": "TooFewReplicas"}, "minimum of 1"),
    ],
)
def test_a_condition_of_the_autoscaler_is_a_reason(condition: dict[str, str], words: str) -> None:
    """A condition of the autoscaler is a reason."""
    service = report(ReleaseObjects([deployment()], autoscalers=[autoscaler(condition)])).services[
        0
    ]
    assert words in service.why[-1]


def test_keda_has_its_own_bounds() -> None:
    """Its minimum may be 0. The minimum of its autoscaler is 1."""
    objects = ReleaseObjects(
        [deployment()],
        autoscalers=[autoscaler()],
        scaled_objects=[scaled(Fallback="True", Active="False", Ready="False")],
    )
    service = report(objects).services[0]
    assert (service.least, service.most) == (0, 3)
    assert "falls back" in " ".join(service.why)
    assert "KEDA: idle" in service.why


def test_the_largest_figure_of_all_replicas_counts() -> None:
    """All replicas read one database."""
    objects = ReleaseObjects([deployment()], metrics={"a": METRICS % 7, "b": METRICS % 9})
    (waiting,) = report(objects).jobs
    assert (waiting.kind, waiting.state, waiting.count) == ("render", "unfinished", 9)
    assert waiting.oldest_seconds == 12.5


def test_events_are_about_scaling() -> None:
    """They are in order, with their counts."""

    def event(reason: str, at: str, kind: str = "Deployment") -> dict[str, Any]:
        involved = {"kind": kind, "name": "s-renderer"}
        return {"reason": reason, "involvedObject": involved, "lastTimestamp": at, "count": 2}

    found = [
        event("SuccessfulRescale", "2026-01-01T00:00:02Z", "HorizontalPodAutoscaler"),
        event("Pulled", "2026-01-01T00:00:03Z"),
        event("ScalingReplicaSet", "2026-01-01T00:00:01Z"),
    ]
    events = report(ReleaseObjects([deployment()], events=found)).events
    assert [each.at[-3:-1] for each in events] == ["01", "02"]
    assert events[0].message.endswith("(2 times)")


@pytest.mark.parametrize(
    ("text", "number"), [("2400m", 2.4), ("1", 1.0), ("1k", 1000.0), ("2Ki", 2048.0), ("5u", 5e-6)]
)
def test_a_quantity_is_a_number(text: str, number: float) -> None:
    """A quantity is a number."""
    assert quantity(text) == pytest.approx(number)


def test_an_age_is_never_negative() -> None:
    """An age is never negative."""
    now = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    assert age_of("2026-01-01T00:00:00Z", now) == 60
    assert age_of("2026-01-01T00:02:00Z", now) == 0
