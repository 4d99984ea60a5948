"""Decides whether to shed a request before it is parsed or admitted, and counts shed requests."""

from collections.abc import Callable
from dataclasses import dataclass

from splitflap_core.telemetry import Metrics

from splitflap_api.overload.backlog import UnpublishedWork
from splitflap_api.overload.slots import TOO_MANY, Slots


@dataclass(frozen=True)
class ShedReason:
    """A reason to shed requests. With `only_work`, requests that create no jobs are admitted."""

    #: Label `why` of splitflap_http_shed_total.
    label: str
    detail: str
    retry_after: int = 1
    only_work: bool = False


#: Label `why` of a request refused because the broker does not take accepted work.
UNPUBLISHED = "unpublished"

#: Label `why` of a request refused because its account's own work waits too long.
ACCOUNT_BACKLOG = "account_backlog"

#: All slots are taken.
FULL = ShedReason("in_flight", TOO_MANY)


class Shedder:
    """Applies the limits shared by all clients: readiness, slots, unpublished work."""

    def __init__(
        self,
        metrics: Metrics,
        slots: Slots,
        not_ready: Callable[[], str | None],
        unpublished: Callable[[], UnpublishedWork | None],
    ) -> None:
        self._slots = slots
        self._not_ready = not_ready
        self._unpublished = unpublished
        self._shed = metrics.counter("splitflap_http_shed_total")
        for why in ("in_flight", UNPUBLISHED, "not_ready", "rate", ACCOUNT_BACKLOG):
            self._shed.labels(why)

    def reason(self, *, makes_work: bool, account: str | None = None) -> ShedReason | None:
        """The reason to shed a request now, if any. `makes_work`: the request creates jobs.

        Without an `account`, the slots count that any account may take.
        """
        if detail := self._not_ready():
            return ShedReason("not_ready", detail)
        free = self._slots.free if account is None else self._slots.free_for(account)
        if free <= 0:
            return FULL
        if makes_work and (found := self._unpublished()):
            return ShedReason(UNPUBLISHED, found.why, found.retry_after, only_work=True)
        return None

    def count(self, label: str) -> None:
        """Count one shed request."""
        self._shed.labels(label).inc()

    def count_full(self) -> None:
        """Count a request shed because all slots are taken."""
        self.count(FULL.label)
