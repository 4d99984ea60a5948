"""Trace contexts by W3C Trace Context."""

import pytest
from splitflap_core.trace import continued, in_same_trace, parsed, trace_id
from splitflap_core.tracing.tracer import SpanKind, Tracer, sampler

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00"


@pytest.mark.parametrize("parent", [SAMPLED, UNSAMPLED])
def test_a_context_is_passed_on_as_it_came(parent: str) -> None:
    """A sampled-out trace stays so."""
    assert continued(parent) == parent


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        (f"00-{TRACE}-{SPAN}-ff", SAMPLED),
        (f"00-{TRACE}-{SPAN}-02", UNSAMPLED),
        (f"cc-{TRACE}-{SPAN}-01", SAMPLED),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-brings", SAMPLED),
    ],
)
def test_unknown_flags_and_versions_become_those_of_version_00(given: str, passed: str) -> None:
    """Section 4.3: a later version is read as far as it is known."""
    assert continued(given) == passed


@pytest.mark.parametrize(
    "strange",
    [
        None,
        "",
        "nonsense",
        SAMPLED + "-x",
        SAMPLED + "\n",
        SAMPLED.upper(),
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"cc-{TRACE}-{SPAN}-01x",
        f"00-{TRACE[1:]}-{SPAN}-01",
    ],
)
def test_a_malformed_parent_begins_an_unrecorded_trace(strange: str | None) -> None:
    """Its id is new, for the logs."""
    made = parsed(continued(strange))
    assert made
    assert made.trace_id not in (strange or "")
    assert not made.sampled
    assert continued(strange) != continued(strange)
    assert trace_id(strange or "") == ""


def test_a_long_header_leaves_a_context_of_55_characters() -> None:
    """A column and a message carry it. A later version may be as long as a header can be."""
    later = f"cc-{TRACE}-{SPAN}-01-{'x' * 8_000}"
    for given in (later, "x" * 8_000, SAMPLED * 100, f"00-{TRACE}-{SPAN}-01-{'-' * 8_000}"):
        assert len(continued(given)) == 55
        span, context = Tracer(sampler(1.0, parent_based=True)).begin_root(
            "a", SpanKind.SERVER, given
        )
        assert span is not None
        assert len(context.traceparent) == 55


def test_work_continues_the_trace_of_its_cause_only() -> None:
    """A worker's context counts in the trace of its job."""
    later = f"00-{TRACE}-{'1' * 16}-01"
    assert in_same_trace(SAMPLED, later) == later
    for foreign in (None, "nonsense", f"00-{'1' * 32}-{SPAN}-01", "a" * 300):
        assert in_same_trace(SAMPLED, foreign) == SAMPLED
    assert in_same_trace(None, SAMPLED) is None
