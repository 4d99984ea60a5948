"""A release as people ask of it: how many pods, how many are wanted and why, what waits. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from splitflap.cluster.api import Object, Raw

COMPONENT = "app.kubernetes.io/component"

#: Last events that are shown.
EVENTS = 8

#: Reasons of events that are about the number of pods.
SCALING = {
    "SuccessfulRescale",
    "ScalingReplicaSet",
    "KEDAScaleTargetActivated",
    "KEDAScaleTargetDeactivated",
}

#: Suffixes of quantities that metrics come in (Kubernetes' resource.Quantity).
SUFFIXES = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9}
BINARY_SUFFIXES = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30}


@dataclass
class Service:
    """One Deployment."""

    name: str
    ready: int
    replicas: int
    wanted: int
    #: Least and most that an autoscaler may ask for; None where the number is fixed.
    least: int | None = None
    most: int | None = None
    why: list[str] = field(default_factory=list)


@dataclass
class Waiting:
    """Jobs in the database that wait, by kind and state."""

    kind: str
    state: str
    count: int
    oldest_seconds: float


@dataclass
class Event:
    """Something that was done to the number of pods, or stood in its way."""

    at: str
    object: str
    message: str


@dataclass
class Report:
    """All of a release."""

    services: list[Service]
    jobs: list[Waiting]
    events: list[Event]
    gaps: list[str]


def report(raw: "Raw") -> Report:
    """What the objects say together."""
    return Report(
        services=sorted((_service(raw, each) for each in raw.deployments), key=lambda s: s.name),
        jobs=_waiting(raw.metrics.values()),
        events=_events(raw.events),
        gaps=raw.gaps,
    )


def _service(raw: "Raw", deployment: "Object") -> Service:
    meta, status = deployment["metadata"], deployment.get("status", {})
    wanted = deployment["spec"].get("replicas", 1)
    service = Service(
        name=meta.get("labels", {}).get(COMPONENT, meta["name"]),
        ready=status.get("readyReplicas", 0),
        replicas=status.get("replicas", 0),
        wanted=wanted,
    )
    autoscaler = _of(raw.autoscalers, meta["name"])
    scaled = _of(raw.scaled_objects, meta["name"])
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


def _by_autoscaler(service: Service, autoscaler: "Object") -> None:
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


def _limits(conditions: "dict[str, Object]", service: Service) -> Iterator[str]:
    """What keeps an autoscaler from what its metrics ask for."""
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


def _by_keda(service: Service, scaled: "Object") -> None:
    spec, status = scaled["spec"], scaled.get("status", {})
    service.least = spec.get("idleReplicaCount", spec.get("minReplicaCount", 0))
    service.most = spec.get("maxReplicaCount", service.most)
    conditions = {each["type"]: each for each in status.get("conditions", [])}
    if conditions.get("Ready", {}).get("status") == "False":
        service.why.append(f"KEDA: {conditions['Ready'].get('message')}")
    if conditions.get("Fallback", {}).get("status") == "True":
        service.why.append("KEDA: falls back, for its metrics cannot be read")
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
    """Of a metric in a spec or a status; empty for one whose value is not known."""
    kind = metric.get("type", "")
    part = metric.get(kind[:1].lower() + kind[1:], {})
    name = part.get("name") or part.get("metric", {}).get("name", "")
    # KEDA puts the trigger's number before what it triggers by: `s0-prometheus`.
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
    """A quantity as a number: `2400m` is 2.4."""
    for suffixes in (BINARY_SUFFIXES, SUFFIXES):
        for suffix, factor in suffixes.items():
            if text.endswith(suffix):
                return float(text.removesuffix(suffix)) * factor
    return float(text)


def _waiting(texts: Iterable[str]) -> list[Waiting]:
    """What waits: of several API pods, which look at one database, the largest figures."""
    counts, ages = "splitflap_jobs_waiting", "splitflap_oldest_job_seconds"
    found: dict[tuple[str, str, str], float] = {}
    families = (family for text in texts for family in text_string_to_metric_families(text))
    for sample in (sample for family in families for sample in family.samples):
        if sample.name in {counts, ages}:
            place = (sample.name, sample.labels["kind"], sample.labels["state"])
            found[place] = max(found.get(place, 0.0), sample.value)
    return [
        Waiting(
            kind, state, int(count), found.get(("splitflap_oldest_job_seconds", kind, state), 0)
        )
        for (name, kind, state), count in sorted(found.items())
        if name == counts
    ]


def _events(found: "list[Object]") -> list[Event]:
    about = [each for each in found if _is_scaling(each)]
    about.sort(key=_when)
    return [_event(each) for each in about[-EVENTS:]]


def _is_scaling(event: "Object") -> bool:
    kind = event["involvedObject"]["kind"]
    return event.get("reason") in SCALING or (
        event.get("type") == "Warning" and kind in {"HorizontalPodAutoscaler", "ScaledObject"}
    )


def _event(event: "Object") -> Event:
    involved = event["involvedObject"]
    times = event.get("count") or 1
    again = f" ({times} times)" if times > 1 else ""
    return Event(
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
    """Seconds since a moment as Kubernetes writes it."""
    then = datetime.fromisoformat(moment)
    return max(0.0, ((now or datetime.now(UTC)) - then).total_seconds())
