"""Spans: sampled at their head, ended into a bounded queue for the exporter.

A process without tracing has no tracer, so its only cost is the test for None. The names of
attributes are those of OpenTelemetry's semantic conventions, release SEMCONV.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum

from splitflap_core.trace import TraceContext, new_span_id, new_trace_id, parsed

#: The release of the semantic conventions for HTTP and messaging. Those for messaging are in
#: development, so another release may rename attributes.
SEMCONV = "1.37.0"

#: Ended spans that wait for the exporter, as in OpenTelemetry's SDKs. Further ones are dropped.
MAX_QUEUED = 2_048

#: Most links of a span, as in OpenTelemetry's SDKs.
MAX_LINKS = 128

Value = str | int | float | bool


class SpanKind(IntEnum):
    """Kinds of spans, with their numbers in OTLP."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class Span:
    """A sampled span. Times are nanoseconds since the epoch."""

    __slots__ = (
        "attributes",
        "context",
        "end",
        "error",
        "kind",
        "links",
        "name",
        "parent",
        "start",
    )

    def __init__(
        self, name: str, kind: SpanKind, context: TraceContext, parent: str, start: int
    ) -> None:
        self.name = name
        self.kind = kind
        self.context = context
        #: The id of the span above; empty for a root.
        self.parent = parent
        self.start = start
        self.end = 0
        self.attributes: dict[str, Value] = {}
        self.links: list[TraceContext] = []
        #: The class of its error, as `error.type`; empty if it succeeded.
        self.error = ""

    @property
    def traceparent(self) -> str:
        """The context for the work below this span."""
        return self.context.traceparent


#: Whether a trace is recorded, by its id and by the flag of the span above (None for a root).
Sampler = Callable[[str, bool | None], bool]


class Tracer:
    """Makes the spans of one process. Safe to use from many threads."""

    def __init__(self, sampler: Sampler, system: str = "rabbitmq") -> None:
        """`system` is the broker, as `messaging.system`."""
        self._sampler = sampler
        self._system = system
        #: The exporter's: called for each span that the full queue drops, and once a quarter of the
        #: queue waits.
        self.on_full: Callable[[], None] = lambda: None
        self.on_batch: Callable[[], None] = lambda: None
        self.ended: deque[Span] = deque()

    def begin_root(
        self, name: str, kind: SpanKind, parent: str | None
    ) -> tuple[Span | None, TraceContext]:
        """A span below `parent` or in a new trace, and the context for the work below it.

        The span is None if the trace is not recorded.
        """
        above = parsed(parent)
        trace_id = above.trace_id if above else new_trace_id()
        sampled = self._sampler(trace_id, above.sampled if above else None)
        if not sampled:
            span_id = above.span_id if above else new_span_id()
            return None, TraceContext(trace_id, span_id, sampled=False)
        context = TraceContext(trace_id, new_span_id(), sampled=True)
        span = Span(name, kind, context, above.span_id if above else "", time.time_ns())
        return span, context

    def begin(self, name: str, kind: SpanKind, parent: str | None) -> Span | None:
        """A span below `parent`, or None if the trace is not recorded."""
        if not parent or parent.endswith("-00"):
            return None
        return self.begin_root(name, kind, parent)[0]

    def end(self, span: Span, error: str = "") -> None:
        """Hand a span to the exporter."""
        span.end = span.end or time.time_ns()
        span.error = error
        waiting = len(self.ended)
        if waiting >= MAX_QUEUED:
            self.on_full()
            return
        self.ended.append(span)
        if waiting + 1 == MAX_QUEUED // 4:
            self.on_batch()

    def messaging(self, operation: str, type_: str, destination: str) -> dict[str, Value]:
        """The attributes of an operation on messages of a destination."""
        return {
            "messaging.system": self._system,
            "messaging.operation.name": operation,
            "messaging.operation.type": type_,
            "messaging.destination.name": destination,
        }

    @contextmanager
    def batch(
        self,
        name: str,
        kind: SpanKind,
        parents: Iterable[str | None],
        attributes: Mapping[str, Value],
    ) -> Iterator[Span | None]:
        """A span below each recorded parent, around the block that is the work of all of them.

        Viewers show a trace alone, so it has the work's times itself. The first span, which the
        block gets, links to the others, and they link to it. An exception is the error of all.
        """
        begun = (self.begin(name, kind, parent) for parent in dict.fromkeys(parents))
        spans = [span for span in begun if span]
        error = ""
        try:
            yield spans[0] if spans else None
        except BaseException as failure:
            error = type(failure).__name__
            raise
        finally:
            self._end_batch(spans, attributes, error)

    def _end_batch(self, spans: list[Span], attributes: Mapping[str, Value], error: str) -> None:
        now = time.time_ns()
        for number, span in enumerate(spans):
            others = spans[1 : 1 + MAX_LINKS] if number == 0 else spans[:1]
            span.links = [other.context for other in others]
            span.attributes = dict(attributes)
            span.start, span.end = spans[0].start, now
            self.end(span, error)


def sampler(ratio: float, *, parent_based: bool) -> Sampler:
    """The samplers of OpenTelemetry: by the ratio of trace ids, or by the parent if there is one.

    All services with the same ratio record the same traces.
    """
    bound = round(ratio * 2**64)

    def sample(trace_id: str, parent: bool | None) -> bool:
        if parent_based and parent is not None:
            return parent
        return int(trace_id[16:], 16) < bound

    return sample
