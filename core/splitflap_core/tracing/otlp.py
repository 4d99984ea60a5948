"""Spans as OTLP/JSON: the protocol buffers of OTLP 1.x in their JSON mapping.

Ids are hexadecimal there, and whole numbers of 64 bits are strings.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from splitflap_core.tracing.tracer import SEMCONV, Span, Value

_ERROR = {"code": 2}


def encoded(resource: Mapping[str, str], version: str, spans: Sequence[Span]) -> bytes:
    """The body of a request with these spans."""
    scope = {"name": "splitflap", "version": version}
    scoped = {
        "scope": scope,
        "spans": [_span(each) for each in spans],
        "schemaUrl": f"https://opentelemetry.io/schemas/{SEMCONV}",
    }
    of_resource = {"attributes": _attributes(resource)}
    return msgspec.json.encode(
        {"resourceSpans": [{"resource": of_resource, "scopeSpans": [scoped]}]}
    )


def rejected(body: bytes) -> tuple[int, str]:
    """How many spans a receiver has rejected, by its response, and why."""
    try:
        partial = msgspec.json.decode(body, type=_Response).partialSuccess
        return int(partial.rejectedSpans), partial.errorMessage
    except (msgspec.MsgspecError, ValueError):
        return 0, ""


class _PartialSuccess(msgspec.Struct):
    rejectedSpans: int | str = 0  # noqa: N815 - as the protocol names it
    errorMessage: str = ""  # noqa: N815


class _Response(msgspec.Struct):
    partialSuccess: _PartialSuccess = msgspec.field(default_factory=_PartialSuccess)  # noqa: N815


def _span(span: Span) -> dict[str, Any]:
    attributes: dict[str, Value] = span.attributes
    found: dict[str, Any] = {
        "traceId": span.context.trace_id,
        "spanId": span.context.span_id,
        "name": span.name,
        "kind": int(span.kind),
        "startTimeUnixNano": str(span.start),
        "endTimeUnixNano": str(max(span.start, span.end)),
        # The flags of the trace context: sampled.
        "flags": 1,
    }
    if span.parent:
        found["parentSpanId"] = span.parent
    if span.links:
        found["links"] = [{"traceId": e.trace_id, "spanId": e.span_id} for e in span.links]
    if span.error:
        found["status"] = _ERROR
        attributes = {**attributes, "error.type": span.error}
    found["attributes"] = _attributes(attributes)
    return found


def _attributes(values: Mapping[str, Value]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in values.items()]


def _value(value: Value) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}
