"""A shared socket balances connections; a proxy balances requests; some of them know sessions."""

import pytest

from benchmarks.talk.balancing import counts
from benchmarks.talk.balancing.balancers import HASH, IN_TURN, IP_HASH, ONE_SOCKET, REUSE_PORT
from benchmarks.talk.balancing.mixed import WORKERS
from benchmarks.talk.balancing.polled import POLLING, SESSIONS, WEBSOCKET

from .conftest import QuickRows


@pytest.mark.parametrize(
    ("balancer", "sockets", "workers"),
    [(ONE_SOCKET, 1, 1), (REUSE_PORT, WORKERS, 1), (IN_TURN, 1, WORKERS)],
)
def test_only_a_proxy_spreads_the_requests_of_a_connection(
    quick_rows: QuickRows, balancer: str, sockets: int, workers: int
) -> None:
    """Without one, they all reach the worker that accepted the connection."""
    case = quick_rows("load_balancing").one(part="connection", balancer=balancer)
    assert case.most("sockets") == sockets
    assert case.most("workers") == workers


def test_in_turn_is_even(quick_rows: QuickRows) -> None:
    """Whatever the connections do."""
    cases = quick_rows("load_balancing").where(part="mixed", balancer=IN_TURN)
    assert len(cases) == 2
    assert all(each.most("most_of_mean") < 1.1 for each in cases)


def test_no_answer_is_wrong_or_missing(quick_rows: QuickRows) -> None:
    """Behind any balancer."""
    rows = quick_rows("load_balancing").where(part="mixed")
    assert rows.total("right") > 0
    for figure in ("wrong", "errors", "missing", "ping_failures"):
        assert rows.total(figure) == 0, figure


@pytest.mark.parametrize("balancer", [ONE_SOCKET, REUSE_PORT, IN_TURN])
def test_a_polling_session_breaks_without_stickiness(quick_rows: QuickRows, balancer: str) -> None:
    """Its second request reaches the worker that does not know it."""
    case = quick_rows("load_balancing").one(balancer=balancer, transport=POLLING)
    assert case.total("unknown") > 0
    assert case.total("failed") == 0
    assert case.total("held") + case.total("unknown") == SESSIONS


@pytest.mark.parametrize(
    ("balancer", "transport"),
    [(IP_HASH, POLLING), (HASH, POLLING), (ONE_SOCKET, WEBSOCKET)],
)
def test_a_session_that_stays_on_its_worker_holds(
    quick_rows: QuickRows, balancer: str, transport: str
) -> None:
    """By the client's address, or as one connection. Both workers have some."""
    case = quick_rows("load_balancing").one(balancer=balancer, transport=transport)
    assert case.total("held") == SESSIONS
    assert case.most("busiest") < 100


def test_evenness_has_known_values() -> None:
    """All equal, and one that has all."""
    assert (counts.most_of_mean([5, 5, 5, 5]), counts.gini([5, 5, 5, 5])) == (1, 0)
    assert (counts.most_of_mean([0, 0, 0, 9]), counts.gini([0, 0, 0, 9])) == (4, 0.75)
