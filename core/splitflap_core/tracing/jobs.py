"""The spans of jobs: the publishing, the wait in the queue, and the work."""

import time
from typing import NamedTuple

from msgspec.structs import replace

from splitflap_core import topology
from splitflap_core.contracts import Job
from splitflap_core.outcomes import Done, Outcome
from splitflap_core.tracing.tracer import Span, SpanKind, Tracer, Value

SECOND = 1_000_000_000


class JobWork(NamedTuple):
    """A delivered job of a recorded trace. What is below its work reads the context in `job`."""

    job: Job
    span: Span
    #: The context of the publishing.
    published: str | None

    @property
    def exemplar(self) -> dict[str, str]:
        """The exemplar of its measurements."""
        return self.span.context.exemplar


class JobTraces:
    """Makes the spans of the jobs of one queue."""

    def __init__(self, tracer: Tracer, queue: str) -> None:
        self._tracer = tracer
        self._name = f"process {_destination_of(queue)}"
        self._attributes = tracer.messaging("process", "process", _destination_of(queue))

    def delivered(self, job: Job) -> JobWork | None:
        """A job's work, or None if its trace is not recorded."""
        span = self._tracer.begin(self._name, SpanKind.CONSUMER, job.traceparent)
        if span is None:
            return None
        span.attributes = {**self._attributes, **_ids_of(job)}
        return JobWork(replace(job, traceparent=span.traceparent), span, job.traceparent)

    def finished(self, work: JobWork, outcome: Outcome, took: float) -> None:
        """End the spans. The work began `took` seconds ago, and the wait ended then."""
        span, job = work.span, work.job
        span.end = time.time_ns()
        span.start = span.end - int(took * SECOND)
        if wait := self._tracer.begin("wait in the queue", SpanKind.INTERNAL, work.published):
            # The clock is the API's; a wait of less than nothing is none.
            wait.start, wait.end = int(job.published_at * SECOND), span.start
            wait.attributes = {"messaging.message.id": job.id}
            self._tracer.end(wait)
        span.attributes["splitflap.outcome"] = str(outcome.__struct_config__.tag)
        self._tracer.end(span, "" if isinstance(outcome, Done) else outcome.reason)


def publishing_span(tracer: Tracer, queue: str, job: Job) -> Span | None:
    """The span of a publishing, until its confirm. None if the trace is not recorded."""
    destination = _destination_of(queue)
    span = tracer.begin(f"publish {destination}", SpanKind.PRODUCER, job.traceparent)
    if span:
        span.attributes = {
            **tracer.messaging("publish", "send", destination),
            "messaging.rabbitmq.destination.routing_key": queue,
            **_ids_of(job),
        }
    return span


def _destination_of(queue: str) -> str:
    """The name of the destination of jobs: exchange and routing key, as RabbitMQ has them."""
    return f"{topology.JOBS.name}:{queue}"


def _ids_of(job: Job) -> dict[str, Value]:
    """The attributes that name a job."""
    return {
        "messaging.message.id": job.id,
        "splitflap.task.id": job.task or "",
        "splitflap.job.attempt": job.attempt,
    }
