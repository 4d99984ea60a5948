"""A shared socket balances connections; a proxy balances requests; some of them know sessions."""

import pytest

from benchmarks.talk.balancing import counts
from benchmarks.talk.balancing.balancers import (
    HASH,
    IN_TURN,
    IP_HASH,
    LEAST_CONN,
    ONE_SOCKET,
    REUSE_PORT,
    SYNC,
)
from benchmarks.talk.balancing.mixed import WORKERS
from benchmarks.talk.balancing.polled import POLLING, SESSIONS, WEBSOCKET
from benchmarks.talk.experiment import Row, Verdict, cases
from benchmarks.talk.experiments.load_balancing import verdict

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


def mixed(balancer: str, connections: str, ping_p99: float) -> Row:
    """A load's row."""
    labels = {"part": "mixed", "balancer": balancer, "connections": connections}
    return Row(labels, {"busiest": 40, "idle": 1, "ping_p99": ping_p99})


def polled(balancer: str, unknown: int, transport: str = POLLING, failed: int = 0) -> Row:
    """Ten sessions."""
    labels = {"part": "sessions", "balancer": balancer, "transport": transport}
    held = 10 - unknown - failed
    return Row(labels, {"sessions": 10, "held": held, "unknown": unknown, "failed": failed})


def judged(
    *more: Row, workers: int = 1, one_new: float = 20, sync: float = 80, unknown: int = 9
) -> Verdict:
    """The verdict on one socket, and on more balancers."""
    connection = {"part": "connection", "balancer": ONE_SOCKET}
    rows = [
        Row(connection, {"workers": workers, "sockets": 1}),
        mixed(SYNC, "new", sync),
        mixed(ONE_SOCKET, "new", one_new),
        mixed(ONE_SOCKET, "kept", 90),
        polled(ONE_SOCKET, unknown),
        polled(ONE_SOCKET, 0, WEBSOCKET),
        *more,
    ]
    return verdict(cases([rows]))


def test_the_verdict_is_no_if_a_connection_reaches_several_workers() -> None:
    """Or it says why balancing is limited."""
    assert judged().still_true.startswith("Yes: nobody balances")
    assert judged(workers=2).still_true.startswith("No:")


def test_the_verdict_tells_of_lost_sessions_only_if_there_were_some() -> None:
    """With one socket, by long polling."""
    assert "knows no sessions" in judged().still_true
    assert "All sessions of Socket.IO stayed" in judged(unknown=0).still_true


def test_the_verdict_recommends_the_proxy_that_was_fastest() -> None:
    """Over kept connections."""
    said = judged(mixed(IN_TURN, "kept", 60), mixed(LEAST_CONN, "kept", 20)).what_to_do
    assert said.startswith("For kept connections, put a proxy")
    assert f"fastest with {LEAST_CONN}" in said


def test_the_verdict_recommends_no_proxy_that_was_slower() -> None:
    """Than workers that share a socket, or have one each."""
    said = judged(mixed(IN_TURN, "kept", 95), mixed(REUSE_PORT, "kept", 50)).what_to_do
    assert said.startswith(f"No proxy was ahead in this run: `/ping` was fastest with {REUSE_PORT}")


def test_the_verdict_needs_no_nginx() -> None:
    """Its rows say why they have no figures."""
    labels = {"part": "mixed", "balancer": IN_TURN}
    assert "nginx is not installed" in judged(Row(labels, {}, "no nginx")).what_to_do


@pytest.mark.parametrize(
    ("sync", "words"), [(10, "sync workers share new connections better"), (80, "no way out")]
)
def test_the_verdict_compares_sync_workers_with_threads(sync: float, words: str) -> None:
    """The rows decide which are better."""
    assert words in judged(sync=sync).what_to_do


def test_the_verdict_names_what_held_all_polling_sessions() -> None:
    """A balancer that broke one is not named."""
    said = judged(polled(IP_HASH, 0), polled(HASH, 1)).what_to_do
    assert f"use {IP_HASH}, or allow WebSocket only" in said
    assert "each balancer here broke long polling" in judged(polled(HASH, 1)).what_to_do


def test_the_verdict_counts_sessions_that_failed_otherwise() -> None:
    """They are not lost among the unknown ones."""
    assert f"1 of 10 (2 failed otherwise) with {HASH}" in (
        judged(polled(HASH, 1, failed=2)).by_how_much
    )


def test_the_verdict_says_what_new_connections_make_of_it() -> None:
    """A proxy that is ahead with kept connections may be behind with new ones."""
    kept = mixed(LEAST_CONN, "kept", 20)
    assert "no proxy was ahead" in judged(kept, mixed(LEAST_CONN, "new", 60)).what_to_do
    assert "no proxy was ahead" not in judged(kept, mixed(LEAST_CONN, "new", 1)).what_to_do
