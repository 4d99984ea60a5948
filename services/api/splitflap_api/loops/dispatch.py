"""Publishing after the commit: jobs go to the broker, many at a time.

The dispatcher leaves an unconfirmed job to the reconciler, which publishes it again. So its calls
never wait, and a request costs the same while the broker is down.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from kombu import Queue
from msgspec.structs import replace
from splitflap_core import topology
from splitflap_core.broker import BrokerBackend, BrokerLink, Delivery, OutgoingMessage, Subscription
from splitflap_core.contracts import Job, Kind, encode
from splitflap_core.kinds import KINDS
from splitflap_core.telemetry import Metrics
from splitflap_core.tracing.jobs import publishing_span
from splitflap_core.tracing.tracer import Span, Tracer

from splitflap_api.domain.changes import Row
from splitflap_api.loops.marker import Marker, Publishing
from splitflap_api.loops.wake_ups import WakeUps, is_from
from splitflap_api.store.engine import Store

#: Most unconfirmed jobs in memory. The dispatcher leaves further jobs to the reconciler.
MAX_QUEUED = 5_000


class Dispatcher:
    """Publishes jobs and wake-ups over a link of its own."""

    def __init__(
        self,
        store: Store,
        backend: BrokerBackend,
        metrics: Metrics,
        replica: str,
        *,
        declares: bool,
        on_wake_up: Callable[[], None],
        on_up: Callable[[frozenset[str]], None],
        tracer: Tracer | None = None,
    ) -> None:
        """`on_wake_up` is called after a wake-up of another replica, `on_up` after each connect.

        `on_up` gets the queues that the connect has created. Without `declares`, another replica
        creates them.
        """
        self._on_wake_up = on_wake_up
        self._replica = replica
        self._tracer = tracer
        published = metrics.counter("splitflap_jobs_published_total")
        self._published = {kind: published.labels(kind) for kind in KINDS}
        #: When each unconfirmed message was queued (monotonic), in order.
        self._queued: deque[float] = deque()
        metrics.gauge("splitflap_publish_window").set_function(lambda: len(self._queued))
        subscription = Subscription(topology.wake_up_queue(replica), prefetch=10, no_ack=True)
        self.link = BrokerLink(
            "publish",
            backend.opener(f"api-{replica}-publish", declares=declares),
            subscriptions=(subscription,) if backend.has_wake_ups else (),
            on_delivery=self._woken,
            on_up=on_up,
        )
        self.marker = Marker(store)
        self.wake_ups = WakeUps(self.link, replica) if backend.has_wake_ups else None

    def start(self) -> None:
        """Connect and publish from now on."""
        self.link.start()
        self.marker.start()
        if self.wake_ups:
            self.wake_ups.start()

    def stop(self, timeout: float) -> None:
        """Publish the queued jobs, mark the confirmed ones, close."""
        end = time.monotonic() + timeout
        self.link.stop(timeout)
        if self.wake_ups:
            self.wake_ups.request_stop()
        self.marker.stop(max(0.0, end - time.monotonic()))

    def complaint(self) -> str | None:
        """A health check: reports a stuck link or loop."""
        waking = self.wake_ups.complaint() if self.wake_ups else None
        return self.link.complaint() or self.marker.complaint() or waking

    def publish(self, rows: Sequence[Row]) -> None:
        """Hand committed jobs to the broker. While it takes none, leave them to the reconciler."""
        for row in rows:
            if len(self._queued) >= MAX_QUEUED:
                return
            self._queued.append(time.monotonic())
            publishing = Publishing.of(row)
            self.marker.begin(publishing)
            settled = partial(self._settled, publishing, row["kind"])
            queue, message = _queue_of(row).name, message_of(row)
            if self._tracer and (span := publishing_span(self._tracer, queue, message)):
                message = replace(message, traceparent=span.traceparent)
                settled = partial(self._traced, self._tracer, span, settled)
            self.link.publish(OutgoingMessage(topology.JOBS.name, queue, encode(message), settled))

    def oldest(self) -> float:
        """Age of the oldest unconfirmed message in seconds; 0 without one.

        Also 0 while the broker takes no messages: in an alarm it confirms none of the earlier ones.
        """
        queued = self._queued
        return time.monotonic() - queued[0] if self.link.up and queued else 0.0

    def wake_others(self) -> None:
        """Send a wake-up to the other replicas soon."""
        if self.wake_ups:
            self.wake_ups.wake()

    def _woken(self, delivery: Delivery) -> None:
        if not is_from(delivery, self._replica):
            self._on_wake_up()

    @staticmethod
    def _traced(tracer: Tracer, span: Span, settled: Callable[[bool], None], sent: bool) -> None:
        tracer.end(span, "" if sent else "not_confirmed")
        settled(sent)

    def _settled(self, publishing: Publishing, kind: Kind, sent: bool) -> None:
        # Confirms come almost in order, so the first entry is close to the oldest one.
        self._queued.popleft()
        if sent:
            self._published[kind].inc()
        self.marker.settled(publishing, sent)


def _queue_of(row: Row) -> Queue:
    queues = topology.EXPRESS_QUEUES if row["express"] else topology.JOB_QUEUES
    return queues[row["kind"]]


def message_of(row: Row) -> Job:
    """A job's row as the message that workers read."""
    return Job(
        id=row["id"],
        kind=row["kind"],
        attempt=row["attempt"],
        published_at=time.time(),
        payload=msgspec.Raw(row["payload"].encode()),
        task=row["task_id"],
        traceparent=row["traceparent"],
        report_begun=True if row.get("begun") else msgspec.UNSET,
    )
