"""The verdict counts requests under way, and tells of answers that were not right."""

from benchmarks.talk.experiment import Rows, Verdict
from benchmarks.talk.experiments.one_at_a_time import SERVERS, verdict

from . import case

FIGURES = {"rate": 4.0, "cpu_ms": 5.0, "ping_p50": 10.0, "ping_p99": 200.0}


def verdict_of(in_flight: int = 1, **counts: float) -> Verdict:
    """Of rows that have the same figures for each server and load."""
    figures = {**FIGURES, "in_flight": in_flight, **counts}
    pairs = [(server, load) for server in SERVERS for load in ("peak", "half", "above")]
    return verdict(Rows([case(figures, server=server, load=load) for server, load in pairs]))


def test_one_request_under_way_holds_the_claim() -> None:
    """No remark follows, because all answers were right."""
    found = verdict_of()
    assert found.still_true.startswith("Yes: neither server ever had two")
    assert "was at least 200 ms" in found.still_true
    assert "Not every answer" not in found.still_true
    assert "used 2 % of a CPU" in found.by_how_much


def test_two_requests_under_way_end_the_claim() -> None:
    """The number is told."""
    assert verdict_of(in_flight=2).still_true.startswith("No: 2 requests")


def test_answers_that_were_not_right_are_told() -> None:
    """Of all rows, by kind."""
    told = verdict_of(wrong=1, ping_failures=2).still_true
    assert told.endswith("Not every answer was right: 6 wrong, 12 pings failed.")
