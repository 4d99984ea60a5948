"""Work inside the request holds a thread of the server; a 202 frees it, and a kill loses it."""

import pytest

from benchmarks.talk.clients.tasks import parse
from benchmarks.talk.experiments.bottlenecks import (
    INSIDE,
    KILLED,
    OUTSIDE,
    POOLS,
    SLOTS,
    SPLITFLAP,
)

from .conftest import QuickRows

#: Seconds: the first test starts all servers, and Splitflap twice.
pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("pool", ["no pool", "thread pool"])
def test_a_pool_inside_the_request_frees_no_thread(quick_rows: QuickRows, pool: str) -> None:
    """No more requests wait for the other site than the server has threads."""
    rows = quick_rows("bottlenecks").where(work="io", where=INSIDE)
    assert rows.one(pool=pool).most("in_flight") == SLOTS


def test_a_202_frees_the_thread(quick_rows: QuickRows) -> None:
    """As many requests wait for the other site as the pool has workers."""
    rows = quick_rows("bottlenecks").where(work="io", where=OUTSIDE)
    assert rows.one(pool="thread pool").most("in_flight") == POOLS["io"] > SLOTS


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
    pool = killed.one(pool="thread pool")
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
