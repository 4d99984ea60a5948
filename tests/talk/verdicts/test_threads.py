"""The verdict on threads follows the rates of waiting and of computing, and the pings."""

import pytest

from benchmarks.talk.experiment import Rows, Verdict
from benchmarks.talk.experiments.threads import verdict

from . import case


def verdict_of(io: float = 200.0, cpu: float = 5.0, ping: float = 90.0, **counts: float) -> Verdict:
    """`io`, `cpu`: rates of 64 threads, where one finishes 5. `ping`: p99 beside 64 threads."""
    rows = [case({"ping_p99": 10.0}, work="ping", threads=1, load="nothing")]
    for work, most in (("io", io), ("cpu", cpu)):
        rows.append(case({"rate": 5.0}, work=work, threads=1, load="peak"))
        rows.append(case({"rate": most, **counts}, work=work, threads=64, load="peak"))
    rows.append(case({"ping_p99": 300.0}, work="cpu", threads=1, load="half"))
    rows.append(case({"ping_p99": ping}, work="cpu", threads=64, load="half"))
    return verdict(Rows(rows))


@pytest.mark.parametrize(
    ("io", "cpu", "begins"),
    [(200.0, 5.0, "Yes:"), (200.0, 9.0, "In part:"), (6.0, 5.0, "No:"), (6.0, 9.0, "No:")],
)
def test_the_claim_needs_a_gain_for_waiting_and_none_for_computing(
    io: float, cpu: float, begins: str
) -> None:
    """Each of the two alone is not enough."""
    assert verdict_of(io, cpu).still_true.startswith(begins)


def test_both_factors_have_their_rates() -> None:
    """Of the most threads, and of one."""
    found = verdict_of(io=200.0, cpu=4.0).by_how_much
    assert "64 threads finish 200 a second and 1 finishes 5: 40 times as many" in found
    assert "64 threads finish 4 a second and 1 finishes 5: 0.8 times as many" in found


def test_a_slow_ping_beside_several_threads_waits_for_the_gil() -> None:
    """One thread is another matter: it is busy."""
    found = verdict_of(ping=90.0).by_how_much
    assert "is 90 ms with 64 threads: a thread is free for it, and the GIL is not." in found
    assert "With one thread it is 300 ms" in found


def test_a_fast_ping_blames_nothing() -> None:
    """It grew by less than a factor of two."""
    found = verdict_of(ping=15.0).by_how_much
    assert "hardly notices" in found
    assert "the GIL is not" not in found


def test_answers_that_were_not_right_are_told() -> None:
    """Of both kinds of work."""
    assert "Not every answer was right: 2 wrong." in verdict_of(wrong=1).still_true
    assert "Not every" not in verdict_of().still_true
