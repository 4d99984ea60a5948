"""Limited load balancing: who gets the next request, and who knows the session."""

from collections.abc import Sequence

from benchmarks.harness.table import number
from benchmarks.talk.balancing.balancers import (
    HASH,
    IN_TURN,
    IP_HASH,
    LEAST_CONN,
    ONE_SOCKET,
    REUSE_PORT,
)
from benchmarks.talk.balancing.mixed import WORKERS, mixed
from benchmarks.talk.balancing.polled import POLLING, WEBSOCKET, polled
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Case, Column, Experiment, Plot, Row, Rows, Table, Verdict


def run(context: Context) -> Sequence[Row]:
    """Requests in each round, and sessions in the first: they need no clock."""
    rows = mixed(context)
    return [*rows, *polled(context)] if context.first else rows


def verdict(rows: Rows) -> Verdict:
    """From one socket and from nginx, with kept connections."""
    return Verdict(
        still_true=f"{_limited(rows)} {_lost_sessions(rows)}",
        by_how_much=f"{_uneven(rows)} {_sessions(rows)}",
        what_to_do=(
            "Put a proxy that balances requests in front of servers with one worker each: nginx "
            "with `least_conn`. It knows how many requests each worker has in flight. "
            "Several nginx processes need `zone` in the upstream, to share that knowledge. "
            "`--reuse-port` makes new connections even, and helps no kept one. "
            "For Socket.IO use `ip_hash` or `hash`, or allow WebSocket only. "
            "Without a proxy, sync workers balance well: a busy one accepts nothing."
        ),
    )


def _limited(rows: Rows) -> str:
    one = rows.one(part="connection", balancer=ONE_SOCKET)
    if one.most("workers") > 1:
        return "No: the requests of one connection reached several workers."
    return (
        "Yes. It is limited because nobody balances. The workers share one socket, and the worker "
        "that is first to call `accept` has the connection. It keeps all requests of that "
        "connection, however busy it is and however idle the others are."
    )


def _lost_sessions(rows: Rows) -> str:
    polling = rows.where(part="sessions", balancer=ONE_SOCKET, transport=POLLING)
    if not polling.total("unknown"):
        return "All sessions of Socket.IO stayed on their worker."
    return (
        "It also knows no sessions: a later request of a Socket.IO client reaches a worker that "
        "never heard of it."
    )


def _mixed(rows: Rows, balancer: str, connections: str = "kept") -> list[Case]:
    """None if nginx is not installed."""
    return list(rows.where(part="mixed", balancer=balancer, connections=connections))


def _uneven(rows: Rows) -> str:
    sentences = [
        f"Of {WORKERS} workers behind one socket, the busiest served "
        f"{number(one.median('busiest'))} % of the requests over kept connections, and "
        f"{number(one.median('idle'))} served none. "
        f"The p99 was {number(one.median('p99'))} ms for requests that compute, and "
        f"{number(one.median('ping_p99'))} ms for `/ping`."
        for one in _mixed(rows, ONE_SOCKET)
    ]
    sentences += [
        f"With {name} the busiest served {number(case.median('busiest'))} %, and the two p99 were "
        f"{number(case.median('p99'))} ms and {number(case.median('ping_p99'))} ms."
        for name, balancer in (
            ("SO_REUSEPORT", REUSE_PORT),
            ("nginx's `least_conn`", LEAST_CONN),
        )
        for case in _mixed(rows, balancer)
    ]
    return " ".join(sentences)


def _sessions(rows: Rows) -> str:
    """Broken sessions behind each balancer."""
    polling = rows.where(part="sessions", transport=POLLING)
    broken = [
        f"{number(case.total('unknown'))} of {number(case.total('sessions'))} with {name}"
        for name, balancer in (
            ("one socket", ONE_SOCKET),
            ("SO_REUSEPORT", REUSE_PORT),
            ("nginx that takes workers in turn", IN_TURN),
            ("nginx's `ip_hash`", IP_HASH),
            ("nginx's `hash`", HASH),
        )
        for case in polling.where(balancer=balancer)
        if case.figures
    ]
    websocket = rows.one(part="sessions", transport=WEBSOCKET)
    return (
        f"Sessions of long polling that broke on an unknown session: {', '.join(broken)}. "
        f"With WebSocket only, one socket broke {number(websocket.total('unknown'))} of "
        f"{number(websocket.total('sessions'))}: such a session is one connection."
    )


EXPERIMENT = Experiment(
    name="load_balancing",
    title="Limited load balancing",
    claim=(
        "The notes of the talk say that Python's servers have a limited load balancing, ask why, "
        "and leave the question open."
    ),
    theory=(
        "A forked server shares a listening socket. The kernel gives connections, not requests, "
        "and it gives each to a worker that asks first. A worker with threads or green threads "
        "asks while it is busy, too. Little's law holds for each worker alone: a queue at one "
        "does not become shorter because another one is idle. "
        "With SO_REUSEPORT each worker has a socket of its own, and the kernel chooses by a hash "
        "of the addresses: even in number, and blind to load. "
        "A proxy sees each request and each answer, so it can count what is in flight."
    ),
    mistake=(
        "People add workers to a server with kept connections, and one of them is busy. Or they "
        "add a second worker to a Socket.IO server, and its clients reconnect for ever: each is "
        "unknown at its next request, and starts again."
    ),
    run=run,
    verdict=verdict,
    tables=(
        Table(
            "Requests one after the other over one connection",
            ("balancer",),
            (
                Column("sockets", "listening sockets", "most"),
                Column("workers", "workers that served them", "most"),
            ),
            {"part": "connection"},
        ),
        Table(
            "Some requests compute, more are `/ping`",
            ("balancer", "connections"),
            (
                Column("busiest", "share of the busiest worker, %"),
                Column("most_of_mean", "busiest worker, in means"),
                Column("gini", "Gini coefficient"),
                Column("idle", "workers without a request"),
                *("p50", "p99", "ping_p50", "ping_p99"),
                *("right", "wrong", "errors", "missing", "ping_failures"),
            ),
            {"part": "mixed"},
        ),
        Table(
            "Sessions of Socket.IO on two workers",
            ("balancer", "transport"),
            (
                Column("sessions", "sessions", "total"),
                Column("held", "that held", "total"),
                Column("unknown", "that met a worker that did not know them", "total"),
                Column("failed", "that failed otherwise", "total"),
                Column("busiest", "share of one worker in those that held, %"),
            ),
            {"part": "sessions"},
        ),
    ),
    plots=(
        Plot(
            "ping",
            "A cheap request beside ones that compute",
            x="balancer",
            figure="ping_p99",
            y_title="",
            x_title="p99 of /ping, ms",
            series="connections",
            where={"part": "mixed"},
            kind="bar",
        ),
    ),
    packages=("flask", "gunicorn", "flask-socketio", "nginx"),
)
