"""Work inside the request holds a thread of the server; a 202 frees it, and a kill loses it."""

import pytest

from benchmarks.talk.clients.tasks import parse
from benchmarks.talk.experiment import Row, Verdict, cases
from benchmarks.talk.experiments.bottlenecks import verdict
from benchmarks.talk.probes.bottlenecks import (
    INSIDE,
    KILLED,
    NO_POOL,
    OUTSIDE,
    POOLS,
    PROCESSES,
    SLOTS,
    SPLITFLAP,
    THREADS,
)

from .conftest import QuickRows

#: Seconds: the first test starts all servers, and Splitflap twice.
pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("pool", [NO_POOL, THREADS])
def test_a_pool_inside_the_request_frees_no_thread(quick_rows: QuickRows, pool: str) -> None:
    """No more requests wait for the other site than the server has threads."""
    rows = quick_rows("bottlenecks").where(work="io", where=INSIDE)
    assert rows.one(pool=pool).most("in_flight") == SLOTS


def test_a_202_frees_the_thread(quick_rows: QuickRows) -> None:
    """As many requests wait for the other site as the pool has workers."""
    rows = quick_rows("bottlenecks").where(work="io", where=OUTSIDE)
    assert rows.one(pool=THREADS).most("in_flight") == POOLS["io"] > SLOTS


def test_each_accepted_task_ends_once_with_the_right_answer(quick_rows: QuickRows) -> None:
    """The books of all ways close."""
    rows = quick_rows("bottlenecks")
    assert rows.total("right") > 0
    for figure in ("wrong", "errors", "missing", "ping_failures", "not_once"):
        assert rows.total(figure) == 0, figure
    for row in [*rows.where(work="io", where=OUTSIDE), *rows.where(work="cpu", where=OUTSIDE)]:
        assert row.total("accepted") == row.total("right")


def test_a_kill_loses_what_a_pool_in_the_process_accepted(quick_rows: QuickRows) -> None:
    """All of it, and no client is told. Without a 202 each client is told."""
    killed = quick_rows("bottlenecks").where(work="killed")
    pool = killed.one(pool=THREADS)
    assert (pool.total("accepted"), pool.total("broken"), pool.total("lost")) == (KILLED, 0, KILLED)
    inside = killed.one(where=INSIDE)
    assert (inside.total("accepted"), inside.total("broken")) == (0, KILLED)


def test_a_kill_loses_nothing_that_splitflap_accepted(quick_rows: QuickRows) -> None:
    """Each accepted post is there once, with its HTML and the title of its own page."""
    case = quick_rows("bottlenecks").one(pool=SPLITFLAP)
    assert case.total("accepted") == KILLED
    assert (case.total("lost"), case.total("repeated"), case.total("broken")) == (0, 0, 0)


@pytest.mark.parametrize("response", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"])
def test_a_cut_response_is_no_answer(response: bytes) -> None:
    """It counts as missing."""
    with pytest.raises(ConnectionError):
        parse(response)


def loaded(work: str, where: str, pool: str, ping_p99: float, bad: int = 0) -> Row:
    """A load's row."""
    labels = {"work": work, "where": where, "pool": pool}
    figures = {"ping_p99": ping_p99, "in_flight": 8, "p50": 100, "memory": 50, "bad": bad}
    return Row(labels, figures)


def killed(where: str, pool: str, lost: int) -> Row:
    """A kill's row, of eight requests."""
    accepted = 8 if where == OUTSIDE else 0
    labels = {"work": "killed", "where": where, "pool": pool}
    figures = {"sent": 8, "accepted": accepted, "broken": 8 - accepted, "lost": lost, "repeated": 0}
    return Row(labels, figures)


def judged(
    after: float = 10, apart: float = 20, lost: int = 8, ours: int = 0, bad: int = 0
) -> Verdict:
    """The verdict on `/ping` after a 202 and with a process pool, and on lost tasks.

    The p99 is 1000 ms inside the request, and 200 ms with a thread pool that computes.
    """
    rows = [
        loaded("io", INSIDE, NO_POOL, 1000),
        loaded("io", INSIDE, THREADS, 900),
        loaded("io", OUTSIDE, THREADS, after),
        loaded("io", OUTSIDE, PROCESSES, after, bad),
        loaded("cpu", OUTSIDE, THREADS, 200),
        loaded("cpu", OUTSIDE, PROCESSES, apart),
        killed(INSIDE, NO_POOL, 0),
        killed(OUTSIDE, THREADS, lost),
        killed(OUTSIDE, SPLITFLAP, ours),
    ]
    return verdict(cases([rows]))


@pytest.mark.parametrize(
    ("after", "apart", "answer"),
    [(10, 20, "Yes:"), (10, 300, "In part:"), (2000, 20, "In part:"), (2000, 300, "No:")],
)
def test_the_verdict_compares_a_cheap_request(after: float, apart: float, answer: str) -> None:
    """After a 202 with that inside the request, and a process pool with a thread pool."""
    found = judged(after, apart)
    assert found.still_true.startswith(answer)
    assert f"was 1,000 ms with the work inside the request and {after:,} ms after" in (
        found.still_true
    )
    assert f"200 ms with a thread pool and {apart} ms with a process pool" in found.still_true
    assert ("Answer 202" in found.what_to_do) == (after < 1000)
    assert ("processes for work that computes" in found.what_to_do) == (apart < 200)


def test_the_verdict_says_to_measure_if_no_pool_helped() -> None:
    """It gives no advice that its rows contradict."""
    assert judged(2000, 300).what_to_do.startswith("Measure your own work first")


def test_the_verdict_counts_what_a_kill_lost() -> None:
    """Of pools in the process, and of Splitflap: also if that lost any."""
    assert "had lost 8 of 8 accepted tasks; 0 clients saw" in judged().still_true
    assert "8 of 8 clients saw one" in judged().still_true
    assert "it lost 2 of 8 accepted tasks" in judged(ours=2).what_to_do
    assert ("Store what" in judged().what_to_do, "Store what" in judged(lost=0).what_to_do) == (
        True,
        False,
    )


def test_the_verdict_tells_of_bad_answers() -> None:
    """Or says that there were none."""
    assert "Wrong or missing answers: 3." in judged(bad=3).still_true
    assert judged().still_true.endswith("No answer was wrong or missing.")
