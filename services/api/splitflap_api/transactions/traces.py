"""The spans of shared transactions, and of previews that another trace's job makes."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext

from splitflap_core import topology
from splitflap_core.contracts import JobOutcome
from splitflap_core.trace import TraceContext, parsed, recorded
from splitflap_core.tracing.tracer import Span, SpanKind, Tracer, Value
from sqlalchemy import Connection, select

from asyncrequest import Submission
from splitflap_api.domain.changes import Changes
from splitflap_api.domain.commands import Command
from splitflap_api.store.bulk import among
from splitflap_api.store.schema import jobs

_RESULTS = topology.RESULTS.name


class BatchTraces:
    """Makes these spans, if there is a tracer."""

    def __init__(self, tracer: Tracer | None) -> None:
        self._tracer = tracer

    def commit(
        self, submissions: Sequence[Submission[Command]]
    ) -> AbstractContextManager[Span | None]:
        """A commit of requests: a span below each recorded one. The block gets the first."""
        if self._tracer is None:
            return nullcontext()
        parents = (each.traceparent for each in submissions)
        attributes: dict[str, Value] = {"splitflap.batch.size": len(submissions)}
        return self._tracer.batch("commit", SpanKind.INTERNAL, parents, attributes)

    def ingest(self, outcomes: Sequence[JobOutcome]) -> AbstractContextManager[Span | None]:
        """A commit of several outcomes, in the same way."""
        if self._tracer is None:
            return nullcontext()
        parents = (each.traceparent for each in outcomes)
        attributes = self._tracer.messaging("process", "process", _RESULTS)
        attributes["messaging.batch.message_count"] = len(outcomes)
        return self._tracer.batch(f"process {_RESULTS}", SpanKind.CONSUMER, parents, attributes)

    def exemplars(self, outcomes: Sequence[JobOutcome]) -> dict[str, dict[str, str]]:
        """The exemplars of tasks that end with these outcomes, by task."""
        if self._tracer is None:
            return {}
        return {
            each.task: context.exemplar
            for each in outcomes
            if each.task and (context := recorded(each.traceparent))
        }

    def shared(self, tx: Connection, changes: Changes) -> list[Span]:
        """A span for each recorded request for a preview that an earlier job makes.

        It links to that job's trace. `note` takes the spans after the commit.
        """
        if self._tracer is None or not changes.shared:
            return []
        spans = [
            (span, job_id)
            for request, job_id in changes.shared
            if (span := self._tracer.begin("share preview", SpanKind.INTERNAL, request.traceparent))
        ]
        known = _contexts(tx, changes, {job_id for _, job_id in spans}) if spans else {}
        for span, job_id in spans:
            span.attributes["messaging.message.id"] = job_id
            span.links = [known[job_id]] if job_id in known else []
        return [span for span, _ in spans]

    def note(self, spans: Iterable[Span]) -> None:
        """End the spans of `shared`."""
        for each in spans:
            if self._tracer:
                self._tracer.end(each)


def _contexts(tx: Connection, changes: Changes, ids: set[str]) -> dict[str, TraceContext]:
    """The contexts of jobs, by id."""
    rows = tx.execute(select(jobs.c.id, jobs.c.traceparent).where(among(tx, jobs.c.id, ids)))
    found = {row.id: row.traceparent for row in rows}
    found |= {job["id"]: job["traceparent"] for job in changes.jobs if job["id"] in ids}
    return {id_: context for id_, each in found.items() if (context := parsed(each))}
