"""The worker loop: take a job from the broker, compute it in a pool, publish the outcome, ack.

    broker -> JobLink._deliver -> Pool.submit -> (slot of the pool) -> JobLink._finish -> broker

A worker has two such links: one for the queue of its kind, and one for the kind's express queue.
Each has a connection, a prefetch and pauses of its own, so normal jobs never hold up express ones.
A broker that refuses the express queue ends only that link's connection.

The order of a stop: deliveries end; the pool finishes its running jobs and returns the others; the
outcomes are published and confirmed; their messages are acked; the connection closes. After a
crash, the broker delivers the jobs again.

Only what a worker has begun is an attempt. A job that kills its worker leaves no outcome, so the
worker reports the begin of each job that came back (`Begun`). A first delivery costs no notice.
"""

import logging
import os
import random
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from splitflap_core import topology
from splitflap_core.broker import BrokerBackend, BrokerLink, Delivery, OutgoingMessage, Subscription
from splitflap_core.contracts import (
    BrokenMessage,
    Job,
    JobOutcome,
    Kind,
    decode_job,
    encode,
)
from splitflap_core.health import HealthServer
from splitflap_core.kinds import KindSpec
from splitflap_core.logs import bound
from splitflap_core.outcomes import Begun, Failed, Outcome, Report, RetryLater, SlowDown
from splitflap_core.telemetry import Metrics
from splitflap_core.tracing.jobs import JobTraces, JobWork
from splitflap_core.tracing.tracer import Tracer

logger = logging.getLogger(__name__)

P = TypeVar("P", bound=msgspec.Struct)
P_contra = TypeVar("P_contra", contravariant=True)

#: Seconds until the retry of a job that was redelivered too often. A random time separates the job
#: from its neighbours in the queue. One of these may crash the worker.
REDELIVERED_AFTER = (1.0, 10.0)

#: Seconds without deliveries after a refused outcome: doubled from the first to the second.
REFUSED_PAUSES = (1.0, 10.0)

#: The label `outcome` of the computed jobs: the tags of the outcomes.
OUTCOME_TAGS = ("done", "retry_later", "failed")

#: The pool calls this once per job, from any thread, with the outcome and the seconds in the slot.
#: The outcome None gives the job back to its queue.
Finish = Callable[[Outcome | None, float], None]

#: The pool calls this once, from any thread, when it begins a job that came back.
Begin = Callable[[], None]


class Pool(Protocol[P_contra]):
    """Computes jobs, as many at a time as it has slots."""

    @property
    def slots(self) -> int:
        """The number of jobs computed at a time, without the slots for express jobs only."""

    def start(self) -> None:
        """Start threads or processes. The worker calls this before it connects to the broker."""

    def submit(
        self,
        job: Job,
        request: P_contra,
        finish: Finish,
        begin: Begin | None = None,
        *,
        express: bool = False,
    ) -> None:
        """Take a job and return at once.

        An `express` job waits for no normal job: the pool has slots for express jobs only. A job
        with `begin` may kill this process. The pool calls `begin` before it computes the job,
        and begins no other job with it.

        Raises:
            SlowDown: the pool is full.
        """

    def stop(self, timeout: float) -> None:
        """Finish the running jobs, for `timeout` seconds at most; give the others back."""

    def complaint(self) -> str | None:
        """A health check: reports a pool without progress."""


class JobMetrics:
    """The metrics of a worker's jobs. A lookup costs more than a count, so it is done once."""

    def __init__(self, metrics: Metrics, kind: Kind) -> None:
        self.in_flight = metrics.gauge("splitflap_jobs_in_flight").labels(kind)
        self._slots = metrics.gauge("splitflap_worker_slots").labels(kind)
        self._queued = metrics.histogram("splitflap_job_queue_seconds").labels(kind)
        self._served = metrics.histogram("splitflap_job_service_seconds").labels(kind)
        computed = metrics.counter("splitflap_jobs_computed_total")
        self._computed = {tag: computed.labels(kind, tag) for tag in OUTCOME_TAGS}

    def start(self, slots: int) -> None:
        """Set the gauges. Prometheus sees an increase only from an existing series."""
        self.in_flight.set(0)
        self._slots.set(slots)

    def observe_wait(self, job: Job, work: JobWork | None) -> None:
        """Note the time from the publishing of a job to its delivery."""
        wait = max(0.0, time.time() - job.published_at)
        self._queued.observe(wait, work.exemplar if work else None)

    def observe_outcome(self, outcome: Outcome, took: float, work: JobWork | None) -> None:
        """Count an outcome. `took` is the time in the slot, in seconds."""
        self._computed[str(outcome.__struct_config__.tag)].inc()
        self._served.observe(took, work.exemplar if work else None)


class Refusals:
    """Pauses of a worker whose outcomes the broker does not store, as on a full disk.

    The embedded broker delivers a requeued job at once, and the worker would compute it at once.
    """

    def __init__(self) -> None:
        self._last = self._until = 0.0

    def pause(self) -> float:
        """The pause in seconds after a refusal. It is 0 during a pause: that one counts."""
        now = time.monotonic()
        if now < self._until:
            return 0.0
        first, most = REFUSED_PAUSES
        self._last = min(max(first, 2 * self._last), most)
        self._until = now + self._last
        return self._last

    def clear(self) -> None:
        """An outcome was stored: the next refusal is a first one."""
        self._last = 0.0


class JobLink(Generic[P]):
    """Carries the jobs of one queue to the pool, and their outcomes back."""

    def __init__(
        self,
        spec: KindSpec[P, Any],
        pool: Pool[P],
        backend: BrokerBackend,
        metrics: JobMetrics,
        subscription: Subscription,
        tracer: Tracer | None,
    ) -> None:
        self._queue = subscription.queue.name
        self._kind = spec.name
        self._express = self._queue in topology.EXPRESS_NAMES
        results = topology.EXPRESS_RESULTS_QUEUE if self._express else topology.RESULTS_QUEUE
        self._results = results.name
        self._request_type = spec.request_type
        self._pool = pool
        self._metrics = metrics
        host = socket.gethostname()
        self._name = f"{host}-{os.getpid()}-{spec.name}"
        self.link = BrokerLink(
            self._queue,
            backend.opener(f"{host}-{self._queue}", declares=False),
            subscriptions=(subscription,),
            on_delivery=self._deliver,
            on_idle=self._submit_deferred,
        )
        #: Jobs for the full pool. The broker would count a requeue as a failed delivery.
        self._deferred: deque[tuple[Delivery, Job, P, JobWork | None]] = deque()
        self._resume_at = 0.0
        self._refused = Refusals()
        self._traces = JobTraces(tracer, self._queue) if tracer else None

    def stop(self, timeout: float) -> None:
        """Give back the jobs that the pool has not taken, publish all outcomes, and disconnect."""
        # The link's thread pops from `_deferred` too.
        with suppress(IndexError):
            while True:
                self._deferred.popleft()[0].requeue()
        self.link.stop(timeout)

    def _deliver(self, delivery: Delivery) -> None:
        try:
            job, request = decode_job(delivery.body, self._request_type)
            if job.kind != self._kind:
                raise BrokenMessage(f"a {job.kind} job in the queue {self._queue}")
        except BrokenMessage as error:
            self._dead_letter(delivery, str(error))
            return
        work = self._traces.delivered(job) if self._traces else None
        self._metrics.observe_wait(job, work)
        self._submit(delivery, work.job if work else job, request, work)

    def _submit_deferred(self) -> None:
        for _ in range(len(self._deferred)):
            if time.monotonic() < self._resume_at:
                return
            try:
                deferred = self._deferred.popleft()
            except IndexError:  # a stop has emptied it
                return
            self._submit(*deferred)

    def _submit(self, delivery: Delivery, job: Job, request: P, work: JobWork | None) -> None:
        if delivery.received.deliveries >= topology.REDELIVERED_TOO_OFTEN - 1:
            after = random.uniform(*REDELIVERED_AFTER)  # noqa: S311 - jitter
            self._answer(delivery, job, RetryLater(after, "redelivered", "untouched"), 0.0)
            return
        came_back = delivery.received.deliveries or job.report_begun is True
        begin = partial(self._report_begun, job) if came_back else None
        try:
            self._metrics.in_flight.inc()
            with bound(job=job.id, task=job.task, traceparent=job.traceparent):
                finish = partial(self._finish, delivery, job, work)
                self._pool.submit(job, request, finish, begin, express=self._express)
        except SlowDown as error:
            logger.warning("worker: the pool is full (%s)", error)
            self._metrics.in_flight.dec()
            self._deferred.append((delivery, job, request, work))
            self._resume_at = time.monotonic() + error.after
            self.link.pause(error.after)

    def _finish(
        self,
        delivery: Delivery,
        job: Job,
        work: JobWork | None,
        outcome: Outcome | None,
        took: float,
    ) -> None:
        self._metrics.in_flight.dec()
        if outcome is None:
            delivery.requeue()
            return
        self._metrics.observe_outcome(outcome, took, work)
        if work and self._traces:
            self._traces.finished(work, outcome, took)
        self._answer(delivery, job, outcome, took)

    def _answer(self, delivery: Delivery, job: Job, outcome: Outcome, took: float) -> None:
        if logger.isEnabledFor(logging.DEBUG):
            with bound(job=job.id, task=job.task, traceparent=job.traceparent):
                logger.debug("%s: %s", job.kind, outcome.__struct_config__.tag)
        try:
            body = self._encoded(job, outcome, took)
        except (UnicodeError, msgspec.MsgspecError) as error:
            # The outcome has text with half a surrogate pair. A retry would have it too.
            failed = Failed("broken", f"its outcome is no JSON: {type(error).__name__}")
            body = self._encoded(job, failed, took)
        self._publish(topology.RESULTS.name, self._results, body, delivery)

    def _report_begun(self, job: Job) -> None:
        body = self._encoded(job, Begun(), 0.0)
        self.link.publish(
            OutgoingMessage(topology.RESULTS.name, self._results, body, lambda _sent: None)
        )

    def _encoded(self, job: Job, report: Report, took: float) -> bytes:
        return encode(
            JobOutcome(
                job=job.id,
                kind=job.kind,
                attempt=job.attempt,
                outcome=report,
                took=took,
                worker=self._name,
                task=job.task,
                traceparent=job.traceparent,
                slots=self._pool.slots,
            )
        )

    def _dead_letter(self, delivery: Delivery, reason: str) -> None:
        logger.error("queue %s: a message went to the dead letters: %s", self._queue, reason)
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
        """Publish, then ack the delivery. If the broker refuses, give the delivery back."""

        def settled(sent: bool) -> None:
            if sent:
                self._refused.clear()
                delivery.ack()
                return
            delivery.requeue()
            if self.link.up and (pause := self._refused.pause()):
                self.link.pause(pause)

        self.link.publish(OutgoingMessage(exchange, key, body, settled, headers))


class Worker(Generic[P]):
    """Carries the jobs of one kind from the broker to a pool, and their outcomes back."""

    def __init__(
        self,
        spec: KindSpec[P, Any],
        pool: Pool[P],
        backend: BrokerBackend,
        metrics: Metrics,
        prefetch: int,
        express_prefetch: int,
        tracer: Tracer | None = None,
    ) -> None:
        self._pool = pool
        self._metrics = JobMetrics(metrics, spec.name)
        normal = Subscription(topology.JOB_QUEUES[spec.name], prefetch)
        express = Subscription(topology.EXPRESS_QUEUES[spec.name], express_prefetch)
        self._normal = JobLink(spec, pool, backend, self._metrics, normal, tracer)
        self._express = JobLink(spec, pool, backend, self._metrics, express, tracer)

    def start(self) -> None:
        """Start the pool, then connect: child processes must not inherit a connection."""
        self._pool.start()
        self._metrics.start(self._pool.slots)
        self._normal.link.start()
        self._express.link.start()

    def set_prefetch(self, count: int) -> None:
        """Change the limit of normal jobs held by this worker."""
        self._normal.link.set_prefetch(count)

    def stop(self, timeout: float) -> None:
        """Stop within `timeout` seconds, in the order at the top of this module."""
        deadline = time.monotonic() + timeout
        for each in (self._express, self._normal):
            each.link.stop_consuming()
        self._pool.stop(timeout)
        for each in (self._express, self._normal):
            each.stop(max(1.0, deadline - time.monotonic()))

    def register(self, health: HealthServer) -> None:
        """Add checks: alive while links and pool make progress, ready while connected.

        The worker is ready without the express queue, which an older API has not declared.
        """
        health.live("link", self._normal.link.complaint)
        health.live("express link", self._express.link.complaint)
        health.live("pool", self._pool.complaint)
        health.ready("link", self._normal.link.ready)


def dead_headers(delivery: Delivery, reason: str) -> dict[str, str]:
    """The headers of a dead letter: its queue, and the reason (500 characters at most)."""
    return {"splitflap-queue": delivery.received.queue, "splitflap-reason": reason[:500]}
