"""The worker loop: a message comes, a pool computes, the outcome is published, then it is acked.

    broker -> Worker._deliver -> Pool.submit -> (slot of the pool) -> Worker._finish -> broker

The order of a stop: no more deliveries; the pool finishes what runs and gives the rest back; the
outcomes are published and confirmed; their messages are acked; the connection closes. A worker
that dies instead leaves its messages to the broker, or to the reconciler.
"""

import logging
import random
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, TypeVar

import msgspec

from splitflap_core import topology
from splitflap_core.broker import BrokerBackend, BrokerLink, Delivery, OutgoingMessage, Subscription
from splitflap_core.contracts import (
    BrokenMessage,
    Job,
    JobOutcome,
    decode_job,
    encode,
)
from splitflap_core.health import HealthServer
from splitflap_core.kinds import KindSpec
from splitflap_core.logs import bound
from splitflap_core.outcomes import Outcome, RetryLater, SlowDown
from splitflap_core.telemetry import Metrics
from splitflap_core.trace import new_traceparent

logger = logging.getLogger(__name__)

P = TypeVar("P", bound=msgspec.Struct)
P_contra = TypeVar("P_contra", contravariant=True)

#: Seconds that a job waits which was redelivered too often: random, to part it from its
#: neighbours, one of which kills the worker.
REDELIVERED_AFTER = (1.0, 10.0)

#: Tags of the outcomes that are counted.
OUTCOME_WORDS = ("done", "retry_later", "failed")

#: Called once for a job, from any thread, with what became of it; None gives the job back
#: untouched. `took` is how long (seconds) the job held its slot.
Finish = Callable[[Outcome | None, float], None]


class Pool(Protocol[P_contra]):
    """Where jobs are computed. Its slots are what a worker has to offer."""

    @property
    def slots(self) -> int:
        """Jobs that can be computed at a time."""

    def start(self) -> None:
        """Get ready, before any connection exists."""

    def submit(self, job: Job, request: P_contra, finish: Finish) -> None:
        """Take a job, without waiting for it.

        Raises:
            SlowDown: no job can be taken now.
        """

    def stop(self, timeout: float) -> None:
        """Let what runs finish, `timeout` seconds at most; give the rest back."""

    def alive(self) -> str | None:
        """A health check: complains when the pool makes no progress."""


class Worker:
    """Carries the jobs of one kind from the broker to a pool, and their outcomes back."""

    def __init__(
        self,
        spec: KindSpec[P, Any],
        pool: Pool[P],
        backend: BrokerBackend,
        metrics: Metrics,
        prefetch: int,
    ) -> None:
        self._kind = kind = spec.name
        self._request_type: type[Any] = spec.request_type
        self._pool: Pool[Any] = pool
        self._metrics = metrics
        # Looking a metric up takes longer than counting with it.
        self._in_flight = metrics.gauge("splitflap_jobs_in_flight").labels(kind)
        self._queued = metrics.histogram("splitflap_job_queue_seconds").labels(kind)
        self._served = metrics.histogram("splitflap_job_service_seconds").labels(kind)
        computed = metrics.counter("splitflap_jobs_computed_total")
        self._computed = {word: computed.labels(kind, word) for word in OUTCOME_WORDS}
        self._name = f"{socket.gethostname()}-{kind}"
        self._link = BrokerLink(
            kind,
            backend.opener(self._name, declares=False),
            subscriptions=(Subscription(topology.JOB_QUEUES[kind], prefetch),),
            on_delivery=self._deliver,
            on_idle=self._submit_held,
        )
        #: What the pool could not take yet; not given back, which would count as a failed try.
        self._held: deque[tuple[Delivery, Job, Any]] = deque()
        self._go_on_at = 0.0

    def start(self) -> None:
        """The pool first: its processes must not inherit a connection."""
        self._pool.start()
        # An increase from nothing to 1 is none to Prometheus: all begin at 0.
        self._in_flight.set(0)
        self._metrics.counter("splitflap_dead_letters_total").labels(self._kind)
        self._metrics.gauge("splitflap_worker_slots").labels(self._kind).set(self._pool.slots)
        self._link.start()

    def set_prefetch(self, count: int) -> None:
        """Hold so many jobs at most, from now on."""
        self._link.set_prefetch(count)

    def stop(self, timeout: float) -> None:
        """As the head of this module says."""
        deadline = time.monotonic() + timeout
        self._link.stop_consuming()
        self._pool.stop(timeout)
        # The link's thread takes from it too.
        with suppress(IndexError):
            while True:
                self._held.popleft()[0].requeue()
        self._link.stop(max(1.0, deadline - time.monotonic()))

    def register(self, health: HealthServer) -> None:
        """Live while loop and pool make progress; ready while the broker is connected."""
        health.live("link", self._link.alive)
        health.live("pool", self._pool.alive)
        health.ready("link", self._link.ready)

    def _deliver(self, delivery: Delivery) -> None:
        try:
            job, request = decode_job(delivery.body, self._request_type)
            if job.kind != self._kind:
                raise BrokenMessage(f"a {job.kind} job in the queue {self._kind}")
        except BrokenMessage as error:
            self._dead_letter(delivery, str(error))
            return
        self._observe_wait(job)
        self._submit(delivery, job, request)

    def _submit_held(self) -> None:
        for _ in range(len(self._held)):
            if time.monotonic() < self._go_on_at:
                return
            try:
                held = self._held.popleft()
            except IndexError:  # a stop has given it back
                return
            self._submit(*held)

    def _submit(self, delivery: Delivery, job: Job, request: Any) -> None:
        if delivery.received.deliveries >= topology.REDELIVERED_TOO_OFTEN - 1:
            after = random.uniform(*REDELIVERED_AFTER)  # noqa: S311 - jitter
            self._answer(delivery, job, RetryLater(after, "redelivered"), 0.0)
            return
        try:
            self._in_flight.inc()
            with bound(job=job.id, task=job.task, traceparent=job.traceparent):
                self._pool.submit(job, request, partial(self._finish, delivery, job))
        except SlowDown as error:
            logger.warning("slowing down: %s", error)
            self._in_flight.dec()
            self._held.append((delivery, job, request))
            self._go_on_at = time.monotonic() + error.after
            self._link.pause(error.after)

    def _finish(self, delivery: Delivery, job: Job, outcome: Outcome | None, took: float) -> None:
        self._in_flight.dec()
        if outcome is None:
            delivery.requeue()
            return
        self._observe_outcome(outcome, took)
        self._answer(delivery, job, outcome, took)

    def _answer(self, delivery: Delivery, job: Job, outcome: Outcome, took: float) -> None:
        if logger.isEnabledFor(logging.DEBUG):
            with bound(job=job.id, task=job.task, traceparent=job.traceparent):
                logger.debug("%s: %s", job.kind, outcome.__struct_config__.tag)
        message = JobOutcome(
            job=job.id,
            kind=job.kind,
            attempt=job.attempt,
            outcome=outcome,
            took=took,
            worker=self._name,
            task=job.task,
            traceparent=new_traceparent(job.traceparent),
        )
        try:
            body = encode(message)
        except (UnicodeError, msgspec.MsgspecError) as error:
            # Text with half a surrogate pair in it; computing it again would not help.
            self._dead_letter(delivery, f"an outcome that is no JSON: {error}")
            return
        self._publish(topology.RESULTS.name, topology.RESULTS_QUEUE.name, body, delivery)

    def _dead_letter(self, delivery: Delivery, reason: str) -> None:
        logger.error("dead-lettered a message of %s: %s", self._kind, reason)
        self._metrics.counter("splitflap_dead_letters_total").labels(self._kind).inc()
        self._publish(
            topology.DEAD.name,
            self._kind,
            delivery.body,
            delivery,
            **dead_headers(delivery, reason),
        )

    def _publish(
        self, exchange: str, key: str, body: bytes, delivery: Delivery, **headers: str
    ) -> None:
        """Ack a delivery once its answer is with the broker; else give it back."""

        def settled(sent: bool) -> None:
            delivery.ack() if sent else delivery.requeue()

        self._link.publish(OutgoingMessage(exchange, key, body, settled, headers))

    def _observe_wait(self, job: Job) -> None:
        waited = max(0.0, time.time() - job.published_at)
        self._queued.observe(waited)

    def _observe_outcome(self, outcome: Outcome, took: float) -> None:
        word = str(outcome.__struct_config__.tag)
        self._computed[word].inc()
        self._served.observe(took)


def dead_headers(delivery: Delivery, reason: str) -> dict[str, str]:
    """What a dead letter says of itself: the queue it was taken from, and why."""
    return {"splitflap-queue": delivery.received.queue, "splitflap-reason": reason[:500]}
