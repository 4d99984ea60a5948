"""Sampling, parents, links, and the bound of the queue."""

import time

import pytest
from msgspec import Raw
from splitflap_core.contracts import Job
from splitflap_core.outcomes import Done, RetryLater
from splitflap_core.trace import continued
from splitflap_core.tracing.jobs import JobTraces, publishing_span
from splitflap_core.tracing.tracer import MAX_LINKS, MAX_QUEUED, SpanKind, Tracer, sampler

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00"


def tracer(ratio: float = 1.0, *, parent_based: bool = True) -> Tracer:
    """A tracer that records this part of the traces."""
    return Tracer(sampler(ratio, parent_based=parent_based))


@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_the_flag_of_the_parent_decides(ratio: float) -> None:
    """A sampler that is not parent-based ignores it."""
    for parent, recorded in ((SAMPLED, True), (UNSAMPLED, False)):
        span, context = tracer(ratio).begin_root("a", SpanKind.SERVER, parent)
        assert (span is not None, context.sampled) == (recorded, recorded)
        assert context.trace_id == TRACE
        assert (context.span_id == SPAN) == (not recorded)
        alone, of_alone = tracer(ratio, parent_based=False).begin_root("a", SpanKind.SERVER, parent)
        assert (alone is not None, of_alone.sampled) == (bool(ratio), bool(ratio))


def test_the_ratio_decides_by_the_id_of_the_trace() -> None:
    """Each service decides alike, and a tenth is a tenth."""
    first, second = tracer(0.1), tracer(0.1)
    contexts = [first.begin_root("a", SpanKind.SERVER, None)[1] for _ in range(4_000)]
    assert 250 < sum(each.sampled for each in contexts) < 550
    for each in contexts:
        assert second._sampler(each.trace_id, None) == each.sampled


def test_work_without_a_recorded_parent_begins_no_trace() -> None:
    """Traces begin at requests."""
    assert tracer().begin("a", SpanKind.INTERNAL, None) is None
    assert tracer().begin("a", SpanKind.INTERNAL, UNSAMPLED) is None
    assert tracer().begin("a", SpanKind.INTERNAL, "nonsense-01") is not None


def test_a_batch_has_a_span_in_each_recorded_trace() -> None:
    """All of them have its times. They link to the first, and it links to them."""
    it = tracer()
    second, third = (f"00-{digit * 32}-{SPAN}-01" for digit in "12")
    parents = [UNSAMPLED, SAMPLED, None, second, third, second]
    with (
        pytest.raises(KeyError),
        it.batch("commit", SpanKind.INTERNAL, parents, {"size": 6}) as block,
    ):
        raise KeyError
    spans = list(it.ended)
    assert spans[0] is block
    assert [span.context.trace_id for span in spans] == [TRACE, "1" * 32, "2" * 32]
    assert {span.parent for span in spans} == {SPAN}
    assert len({(span.start, span.end, span.error) for span in spans}) == 1
    assert all(span.end >= span.start and span.error == "KeyError" for span in spans)
    assert all(span.attributes == {"size": 6} for span in spans)
    first, *others = (span.context for span in spans)
    assert [span.links for span in spans] == [others, [first], [first]]
    with it.batch("commit", SpanKind.INTERNAL, [UNSAMPLED, None], {}) as none:
        assert none is None
    assert len(it.ended) == 3


def test_a_batch_has_bounded_links() -> None:
    """The others link to the first in any case."""
    it = tracer()
    parents = [f"00-{number:032x}-{SPAN}-01" for number in range(1, MAX_LINKS + 10)]
    with it.batch("commit", SpanKind.INTERNAL, parents, {}):
        pass
    assert [len(span.links) for span in it.ended] == [MAX_LINKS, *[1] * (MAX_LINKS + 8)]


def test_an_exception_is_the_error_of_the_span() -> None:
    """It passes."""
    it = tracer()
    with pytest.raises(KeyError), it.batch("a", SpanKind.INTERNAL, [SAMPLED], {}):
        raise KeyError
    assert it.ended[0].error == "KeyError"


def test_a_full_queue_drops_and_counts() -> None:
    """A receiver that is gone costs no more memory than the queue."""
    it = tracer()
    dropped, batches = [], []
    it.on_full = lambda: dropped.append(1)
    it.on_batch = lambda: batches.append(1)
    for _ in range(MAX_QUEUED + 7):
        with it.batch("a", SpanKind.INTERNAL, [SAMPLED], {}):
            pass
    assert (len(it.ended), len(dropped), len(batches)) == (MAX_QUEUED, 7, 1)


def test_a_job_has_a_publishing_a_wait_and_a_work() -> None:
    """The work reads its own context in the job. A failure has the reason's word alone."""
    it = tracer()
    now = time.time()
    job = Job("j", "render", 1, now - 3, Raw(b"{}"), task="t", traceparent=SAMPLED)
    publish = publishing_span(it, "render", job)
    assert publish
    work = JobTraces(it, "render").delivered(job)
    assert work
    assert work.job.traceparent == work.span.traceparent
    JobTraces(it, "render").finished(work, RetryLater(1.0, "timeout"), 1.0)
    wait, process = it.ended
    assert (wait.parent, process.parent, process.error) == (SPAN, SPAN, "timeout")
    assert wait.end == process.start
    assert 1.5e9 < wait.end - wait.start < 60e9
    assert process.end - process.start == 1_000_000_000
    JobTraces(it, "render").finished(work, Done(Raw(b"{}")), 0.0)
    assert it.ended[-1].error == ""
    unrecorded = Job("j", "render", 1, now, Raw(b"{}"), traceparent=continued(None))
    assert JobTraces(it, "render").delivered(unrecorded) is None
    assert publishing_span(it, "render", unrecorded) is None
