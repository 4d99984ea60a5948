"""The trace context of requests, jobs and outcomes: W3C Trace Context, level 1.

A participant that records no span passes the context on as it came, so a sampled-out trace stays
sampled out. `tracestate` is not carried: the context leaves this installation in spans only.
"""

import random
import re
from contextvars import ContextVar
from typing import NamedTuple

#: Version, trace, span and flags. A later version may have more fields; version ff is invalid.
_TRACEPARENT = re.compile(
    r"((?!ff)[0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)

#: The context of the present work, in this thread or greenlet; `logs.bound` sets it.
present: ContextVar[str | None] = ContextVar("splitflap_trace_context", default=None)


class TraceContext(NamedTuple):
    """The place of a span in its trace."""

    trace_id: str
    span_id: str
    sampled: bool

    @property
    def traceparent(self) -> str:
        """The value of the header."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    @property
    def exemplar(self) -> dict[str, str]:
        """The labels of a measurement's exemplar."""
        return {"trace_id": self.trace_id}


def parsed(traceparent: str | None) -> TraceContext | None:
    """The context in a header; None if it is absent or malformed."""
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if not found or (found[1] == "00" and found[5]):
        return None
    return TraceContext(found[2], found[3], sampled=bool(int(found[4], 16) & 1))


def recorded(traceparent: str | None) -> TraceContext | None:
    """The context if its trace is recorded. Most are not, so that costs little."""
    if not traceparent or traceparent.endswith("-00"):
        return None
    known = parsed(traceparent)
    return known if known and known.sampled else None


def new_trace_id() -> str:
    """The id of a new trace. Ids are unique, and no secret."""
    return f"{random.getrandbits(128) or 1:032x}"


def new_span_id() -> str:
    """The id of a new span."""
    return f"{random.getrandbits(64) or 1:016x}"


def continued(traceparent: str | None) -> str:
    """This context, or one of a new trace without spans if it is absent or malformed."""
    known = parsed(traceparent)
    return known.traceparent if known else f"00-{new_trace_id()}-{new_span_id()}-00"


def in_same_trace(first: str | None, later: str | None) -> str | None:
    """`later` if it continues the trace of `first`, else `first`."""
    if first == later:
        return first
    one, other = parsed(first), parsed(later)
    return other.traceparent if one and other and one.trace_id == other.trace_id else first


def trace_id(traceparent: str) -> str:
    """The trace id in a traceparent; empty if it is malformed."""
    known = parsed(traceparent)
    return known.trace_id if known else ""
