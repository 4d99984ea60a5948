"""Summary of a release for people: pods, the wanted number and its reason, waiting jobs.

These functions are pure: `cluster.api` reads the objects.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from splitflap.cluster.api import Object, ReleaseObjects

#: Label with the name of the service.
COMPONENT = "app.kubernetes.io/component"

#: Most events in a report; the last ones are kept.
EVENTS = 8

#: Reasons of events about the number of pods.
SCALING = {
    "SuccessfulRescale",
    "ScalingReplicaSet",
    "KEDAScaleTargetActivated",
    "KEDAScaleTargetDeactivated",
}

#: Metrics of waiting jobs: their number, and the age of the oldest in seconds.
COUNT = "splitflap_jobs_waiting"
OLDEST = "splitflap_oldest_job_seconds"

#: Suffixes of Kubernetes' resource.Quantity.
SUFFIXES = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9}
BINARY_SUFFIXES = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30}


@dataclass
class DeploymentStatus:
    """The pods of one service."""

    name: str
    ready: int
    replicas: int
    wanted: int
    #: Bounds of the autoscaler; None for a fixed number of pods.
    least: int | None = None
    most: int | None = None
    why: list[str] = field(default_factory=list)


@dataclass
class WaitingJobs:
    """Jobs of one kind in one state."""

    kind: str
    state: str
    count: int
    oldest_seconds: float


@dataclass
class ScalingEvent:
    """An event about scaling: a change of the number of pods, or an obstacle."""

    at: str
    object: str
    message: str


@dataclass
class Report:
    """The status of a release."""

    services: list[DeploymentStatus]
    jobs: list[WaitingJobs]
    events: list[ScalingEvent]
    gaps: list[str]


def report(objects: "ReleaseObjects") -> Report:
    """Summarize the objects of a release."""
    return Report(
        services=sorted(
            (_service(objects, each) for each in objects.deployments), key=lambda s: s.name
        ),
        jobs=_waiting(objects.metrics.values()),
        events=_events(objects.events),
        gaps=objects.gaps,
    )


def _service(objects: "ReleaseObjects", deployment: "Object") -> DeploymentStatus:
    meta, status = deployment["metadata"], deployment.get("status", {})
    wanted = deployment["spec"].get("replicas", 1)
    service = DeploymentStatus(
        name=meta.get("labels", {}).get(COMPONENT, meta["name"]),
        ready=status.get("readyReplicas", 0),
        replicas=status.get("replicas", 0),
        wanted=wanted,
    )
    autoscaler = _of(objects.autoscalers, meta["name"])
    scaled = _of(objects.scaled_objects, meta["name"])
    if autoscaler is not None:
        _by_autoscaler(service, autoscaler)
    elif scaled is None:
        service.why.append("fixed")
    if scaled is not None:
        _by_keda(service, scaled)
    service.why += _rollout(status)
    return service


def _of(autoscalers: "list[Object]", deployment: str) -> "Object | None":
    matching = (
        each for each in autoscalers if each["spec"]["scaleTargetRef"]["name"] == deployment
    )
    return next(matching, None)


def _by_autoscaler(service: DeploymentStatus, autoscaler: "Object") -> None:
    spec, status = autoscaler["spec"], autoscaler.get("status", {})
    service.least, service.most = spec.get("minReplicas", 1), spec["maxReplicas"]
    service.wanted = status.get("desiredReplicas", service.wanted)
    targets = {_metric_name(each): _target(each) for each in spec.get("metrics", [])}
    for metric in status.get("currentMetrics") or []:
        name = _metric_name(metric)
        if name:
            service.why.append(f"{name} {_current(metric)} for {targets.get(name, '?')} a pod")
    conditions = {each["type"]: each for each in status.get("conditions", [])}
    service.why += _limits(conditions, service)


def _limits(conditions: "dict[str, Object]", service: DeploymentStatus) -> Iterator[str]:
    """Reasons why an autoscaler deviates from its metrics."""
    active = conditions.get("ScalingActive", {})
    if active.get("status") == "False" and service.replicas:
        yield f"{active.get('reason')}: {active.get('message')}"
    match conditions.get("ScalingLimited", {}):
        case {"status": "True", "reason": "TooManyReplicas"}:
            yield f"held at its maximum of {service.most}"
        case {"status": "True", "reason": "TooFewReplicas"}:
            yield f"held at its minimum of {service.least}"
        case {"status": "True", "reason": reason}:
            yield str(reason)
    match conditions.get("AbleToScale", {}):
        case {"reason": "ScaleDownStabilized"}:
            yield "waits before it scales in"
        case {"status": "False", "reason": reason, "message": message}:
            yield f"{reason}: {message}"


def _by_keda(service: DeploymentStatus, scaled: "Object") -> None:
    spec, status = scaled["spec"], scaled.get("status", {})
    service.least = spec.get("idleReplicaCount", spec.get("minReplicaCount", 0))
    service.most = spec.get("maxReplicaCount", service.most)
    conditions = {each["type"]: each for each in status.get("conditions", [])}
    if conditions.get("Ready", {}).get("status") == "False":
        service.why.append(f"KEDA: {conditions['Ready'].get('message')}")
    if conditions.get("Fallback", {}).get("status") == "True":
        service.why.append("KEDA: falls back, since its metrics cannot be read")
    if conditions.get("Paused", {}).get("status") == "True":
        service.why.append("KEDA: paused")
    if conditions.get("Active", {}).get("status") == "False":
        service.why.append("KEDA: idle")


def _rollout(status: "Object") -> Iterator[str]:
    for condition in status.get("conditions", []):
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            yield f"{condition.get('reason')}: {condition.get('message')}"
        if condition["type"] == "Progressing" and condition["status"] == "False":
            yield f"{condition.get('reason')}: {condition.get('message')}"


def _metric_name(metric: "Object") -> str:
    """The name of a metric in a spec or a status; empty if its value is unknown."""
    kind = metric.get("type", "")
    part = metric.get(kind[:1].lower() + kind[1:], {})
    name = part.get("name") or part.get("metric", {}).get("name", "")
    # KEDA prefixes the number of the trigger: `s0-prometheus`.
    return re.sub(r"^s\d+-", "", str(name))


def _target(metric: "Object") -> str:
    return _amount(_part(metric).get("target", {}))


def _current(metric: "Object") -> str:
    return _amount(_part(metric).get("current", {}))


def _part(metric: "Object") -> "Object":
    kind = metric["type"]
    part: Object = metric.get(kind[:1].lower() + kind[1:], {})
    return part


def _amount(values: "Object") -> str:
    if "averageUtilization" in values:
        return f"{values['averageUtilization']} %"
    value = values.get("averageValue") or values.get("value")
    return "?" if value is None else f"{quantity(str(value)):.3g}"


def quantity(text: str) -> float:
    """A Kubernetes quantity as a number: `2400m` is 2.4."""
    for suffixes in (BINARY_SUFFIXES, SUFFIXES):
        for suffix, factor in suffixes.items():
            if text.endswith(suffix):
                return float(text.removesuffix(suffix)) * factor
    return float(text)


def _waiting(texts: Iterable[str]) -> list[WaitingJobs]:
    """Waiting jobs from the metrics of the API's pods.

    All pods read one database, so the largest figure counts, not the sum.
    """
    found: dict[tuple[str, str, str], float] = {}
    families = (family for text in texts for family in text_string_to_metric_families(text))
    for sample in (sample for family in families for sample in family.samples):
        if sample.name in {COUNT, OLDEST}:
            key = (sample.name, sample.labels["kind"], sample.labels["state"])
            found[key] = max(found.get(key, 0.0), sample.value)
    return [
        WaitingJobs(kind, state, int(count), found.get((OLDEST, kind, state), 0))
        for (name, kind, state), count in sorted(found.items())
        if name == COUNT
    ]


def _events(found: "list[Object]") -> list[ScalingEvent]:
    about = [each for each in found if _is_scaling(each)]
    about.sort(key=_when)
    return [_event(each) for each in about[-EVENTS:]]


def _is_scaling(event: "Object") -> bool:
    kind = event["involvedObject"]["kind"]
    return event.get("reason") in SCALING or (
        event.get("type") == "Warning" and kind in {"HorizontalPodAutoscaler", "ScaledObject"}
    )


def _event(event: "Object") -> ScalingEvent:
    involved = event["involvedObject"]
    times = event.get("count") or 1
    again = f" ({times} times)" if times > 1 else ""
    return ScalingEvent(
        at=_when(event),
        object=f"{involved['kind']}/{involved['name']}",
        message=f"{event.get('message', '')}{again}",
    )


def _when(event: "Object") -> str:
    series: dict[str, Any] = event.get("series") or {}
    return str(
        event.get("lastTimestamp")
        or series.get("lastObservedTime")
        or event.get("eventTime")
        or event["metadata"].get("creationTimestamp", "")
    )


def age_of(moment: str, now: datetime | None = None) -> float:
    """Seconds since a timestamp of Kubernetes, at least 0."""
    then = datetime.fromisoformat(moment)
    return max(0.0, ((now or datetime.now(UTC)) - then).total_seconds())
