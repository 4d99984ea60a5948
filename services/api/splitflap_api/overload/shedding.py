"""Decides whether to shed a request before it is parsed or admitted, and counts shed requests."""

from collections.abc import Callable
from dataclasses import dataclass

from splitflap_core.telemetry import Metrics

from splitflap_api.contract.paths import MAKING_WORK
from splitflap_api.overload.backlog import Overload
from splitflap_api.overload.slots import TOO_MANY, Slots


@dataclass(frozen=True)
class ShedReason:
    """A reason to shed requests. With `only_work`, requests that create no jobs are admitted."""

    #: Label `why` of splitflap_http_shed_total.
    label: str
    detail: str
    retry_after: int = 1
    only_work: bool = False


#: All slots are taken.
FULL = ShedReason("in_flight", TOO_MANY)


class Shedder:
    """Applies the limits shared by all clients: readiness, slots, backlog."""

    def __init__(
        self,
        metrics: Metrics,
        slots: Slots,
        not_ready: Callable[[], str | None],
        overload: Callable[[], Overload | None],
    ) -> None:
        self._slots = slots
        self._not_ready = not_ready
        self._overload = overload
        self._shed = metrics.counter("splitflap_http_shed_total")
        for why in ("in_flight", "backlog", "not_ready", "rate"):
            self._shed.labels(why)

    def reason(self, *, makes_work: bool) -> ShedReason | None:
        """The reason to shed a request now, if any. `makes_work`: the request creates jobs."""
        if detail := self._not_ready():
            return ShedReason("not_ready", detail)
        if self._slots.free <= 0:
            return FULL
        if makes_work and (overload := self._overload()):
            return ShedReason("backlog", overload.why, overload.retry_after, only_work=True)
        return None

    def count(self, label: str) -> None:
        """Count one shed request."""
        self._shed.labels(label).inc()

    def count_full(self) -> None:
        """Count a request shed because all slots are taken."""
        self.count(FULL.label)


def makes_work(method: str, path: str) -> bool:
    """Whether such a request creates jobs."""
    # werkzeug treats leading slashes as one.
    return method in {"POST", "PUT"} and ("/" + path.lstrip("/")).startswith(MAKING_WORK)
