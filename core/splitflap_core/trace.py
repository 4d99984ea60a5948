"""The trace context of requests, jobs and outcomes (W3C Trace Context, section 3.2)."""

import re
import secrets

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


def new_traceparent(parent: str | None = None) -> str:
    """A new span in the trace of `parent`, or in a new trace if `parent` is absent or malformed."""
    known = _TRACEPARENT.fullmatch(parent) if parent else None
    trace = known[1] if known and int(known[1], 16) else secrets.token_hex(16)
    return f"00-{trace}-{secrets.token_hex(8)}-01"


def trace_id(traceparent: str) -> str:
    """The trace id in a traceparent; empty if it is malformed."""
    known = _TRACEPARENT.fullmatch(traceparent)
    return known[1] if known else ""
