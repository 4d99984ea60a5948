"""The spans of shared transactions, and of previews that another trace's job makes."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from splitflap_core import topology
from splitflap_core.contracts import JobOutcome
from splitflap_core.trace import TraceContext, parsed
from splitflap_core.tracing.tracer import Span, SpanKind, Tracer
from sqlalchemy import Connection, select

from splitflap_api.domain.changes import Changes
from splitflap_api.store.bulk import among
from splitflap_api.store.schema import jobs

_RESULTS = topology.RESULTS.name


class BatchTraces:
    """Makes these spans, if there is a tracer."""

    def __init__(self, tracer: Tracer | None) -> None:
        self._tracer = tracer

    @contextmanager
    def commit(self, parents: Iterable[str | None]) -> Iterator[None]:
        """A commit of several requests: below the first recorded one, with links to the others."""
        if self._tracer is None:
            yield
            return
        parents = list(parents)
        with self._tracer.batch("commit", SpanKind.INTERNAL, parents) as span:
            if span:
                span.attributes["splitflap.batch.size"] = len(parents)
            yield

    @contextmanager
    def ingest(self, outcomes: Sequence[JobOutcome]) -> Iterator[None]:
        """A commit of several outcomes, in the same way."""
        if self._tracer is None:
            yield
            return
        parents = [each.traceparent for each in outcomes]
        with self._tracer.batch(f"process {_RESULTS}", SpanKind.CONSUMER, parents) as span:
            if span:
                of_all = self._tracer.messaging("process", "process", _RESULTS)
                span.attributes = {**of_all, "messaging.batch.message_count": len(outcomes)}
            yield

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
