"""`splitflap status` on Kubernetes: what it makes of objects. Real ones: tests/cluster."""

from datetime import UTC, datetime
from typing import Any

import pytest
from splitflap.cluster.api import Raw
from splitflap.cluster.report import age_of, quantity, report

METRICS = """\
# TYPE splitflap_jobs_waiting gauge
splitflap_jobs_waiting{kind="render",state="unfinished"} %s
# TYPE splitflap_oldest_job_seconds gauge
splitflap_oldest_job_seconds{kind="render",state="unfinished"} 12.5
"""


def deployment(name: str = "s-renderer", replicas: int = 3) -> dict[str, Any]:
    """As Kubernetes has it."""
    labels = {"app.kubernetes.io/component": name.removeprefix("s-")}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {"replicas": replicas},
        "status": {"replicas": replicas, "readyReplicas": replicas - 1},
    }


def autoscaler(*conditions: dict[str, str], desired: int = 3) -> dict[str, Any]:
    """An HPA that KEDA has made."""
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


def test_a_fixed_number_of_pods() -> None:
    """Nothing scales it, and it says so."""
    service = report(Raw([deployment()])).services[0]
    assert (service.name, service.ready, service.wanted) == ("renderer", 2, 3)
    assert (service.least, service.most, service.why) == (None, None, ["fixed"])


def test_what_an_autoscaler_wants_and_why() -> None:
    """The metric beside its target, and the bound that holds it."""
    limited = {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"}
    service = report(Raw([deployment()], autoscalers=[autoscaler(limited)])).services[0]
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
def test_what_stands_in_its_way(condition: dict[str, str], words: str) -> None:
    """Each condition in words."""
    service = report(Raw([deployment()], autoscalers=[autoscaler(condition)])).services[0]
    assert words in service.why[-1]


def test_what_keda_says() -> None:
    """Its bounds win over those of the autoscaler that it has made, for it may go to zero."""
    raw = Raw(
        [deployment()],
        autoscalers=[autoscaler()],
        scaled_objects=[scaled(Fallback="True", Active="False", Ready="False")],
    )
    service = report(raw).services[0]
    assert (service.least, service.most) == (0, 3)
    assert "falls back" in " ".join(service.why)
    assert "KEDA: idle" in service.why


def test_several_replicas_see_one_database() -> None:
    """Their figures are not added up: the largest counts."""
    raw = Raw([deployment()], metrics={"a": METRICS % 7, "b": METRICS % 9})
    (waiting,) = report(raw).jobs
    assert (waiting.kind, waiting.state, waiting.count) == ("render", "unfinished", 9)
    assert waiting.oldest_seconds == 12.5


def test_events_are_those_of_scaling() -> None:
    """The last ones, in order, with how often."""

    def event(reason: str, at: str, kind: str = "Deployment") -> dict[str, Any]:
        involved = {"kind": kind, "name": "s-renderer"}
        return {"reason": reason, "involvedObject": involved, "lastTimestamp": at, "count": 2}

    found = [
        event("SuccessfulRescale", "2026-01-01T00:00:02Z", "HorizontalPodAutoscaler"),
        event("Pulled", "2026-01-01T00:00:03Z"),
        event("ScalingReplicaSet", "2026-01-01T00:00:01Z"),
    ]
    events = report(Raw([deployment()], events=found)).events
    assert [each.at[-3:-1] for each in events] == ["01", "02"]
    assert events[0].message.endswith("(2 times)")


@pytest.mark.parametrize(
    ("text", "number"), [("2400m", 2.4), ("1", 1.0), ("1k", 1000.0), ("2Ki", 2048.0), ("5u", 5e-6)]
)
def test_quantities(text: str, number: float) -> None:
    """As Kubernetes writes them."""
    assert quantity(text) == pytest.approx(number)


def test_an_age() -> None:
    """From a moment as Kubernetes writes it; a clock that is behind makes none negative."""
    now = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    assert age_of("2026-01-01T00:00:00Z", now) == 60
    assert age_of("2026-01-01T00:02:00Z", now) == 0
