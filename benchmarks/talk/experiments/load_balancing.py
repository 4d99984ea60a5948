"""Limited load balancing: who gets the next request, and who knows the session."""

from collections.abc import Sequence

from benchmarks.harness.table import number
from benchmarks.talk.balancing.balancers import IN_TURN, LEAST_CONN, ONE_SOCKET, SYNC
from benchmarks.talk.balancing.mixed import CPU_RATE, PING_RATE, WORKERS, mixed
from benchmarks.talk.balancing.polled import POLLING, WEBSOCKET, polled
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import (
    Case,
    Column,
    Experiment,
    Plot,
    Row,
    Rows,
    Table,
    Verdict,
    bullets,
)


def run(context: Context) -> Sequence[Row]:
    """Requests in each round, and sessions in the first: they need no clock."""
    rows = mixed(context)
    return [*rows, *polled(context)] if context.first else rows


def verdict(rows: Rows) -> Verdict:
    """From one socket and from nginx, with kept connections."""
    return Verdict(
        still_true=f"{_limited(rows)} {_lost_sessions(rows)}",
        by_how_much=bullets(_kept(rows), _new(rows), _sessions(rows)),
        what_to_do=f"{_proxy(rows)}{_sync(rows)}{_sticky(rows)}",
    )


def _limited(rows: Rows) -> str:
    one = rows.one(part="connection", balancer=ONE_SOCKET)
    if one.most("workers") > 1:
        return "No: the requests of one connection reached several workers."
    mixed_up = rows.one(part="mixed", balancer=ONE_SOCKET, connections="kept")
    best = _best(_mixed(rows, "kept"))
    other = (
        "" if best.has(balancer=ONE_SOCKET) else f" (with {best.labels['balancer']}: {_p99(best)})"
    )
    return (
        "Yes: nobody balances, so with kept connections the busiest of "
        f"{WORKERS} workers served {number(mixed_up.median('busiest'))} % of the requests, and the "
        f"p99 of `/ping` was {_p99(mixed_up)}{other}. "
        "The workers share one socket. The first worker that calls `accept` has the connection, "
        "and all requests of that connection, however busy it is and however idle the others are."
    )


def _p99(case: Case) -> str:
    return f"{number(case.median('ping_p99'))} ms"


def _lost_sessions(rows: Rows) -> str:
    polling = rows.one(part="sessions", balancer=ONE_SOCKET, transport=POLLING)
    if not polling.total("unknown"):
        return "All sessions of Socket.IO stayed on their worker."
    return (
        "The socket also knows no sessions: a later request of a Socket.IO client can reach a "
        "worker that does not know the client."
    )


def _mixed(rows: Rows, connections: str) -> list[Case]:
    """One for each balancer. Those of nginx have no figures if it is not installed."""
    found = rows.where(part="mixed", connections=connections)
    return [each for each in found if each.values("ping_p99")]


def _words(found: Sequence[Case]) -> str:
    """The share of the busiest worker, and the p99 of `/ping`."""
    return "; ".join(
        f"{number(each.median('busiest'))} % and {number(each.median('ping_p99'))} ms with "
        f"{each.labels['balancer']}"
        for each in found
    )


def _kept(rows: Rows) -> str:
    one = rows.one(part="mixed", balancer=ONE_SOCKET, connections="kept")
    return (
        f"A fair share of {WORKERS} workers is {100 / WORKERS:.0f} % of the requests. "
        "With kept connections, the busiest worker served this share, and `/ping` had this p99: "
        f"{_words(_mixed(rows, 'kept'))}. {_idle(one)}"
    )


def _idle(one: Case) -> str:
    idle = one.most("idle")
    return f"Behind one socket, up to {idle:.0f} workers had no request at all. " if idle else ""


def _new(rows: Rows) -> str:
    """The same, if each request has a connection of its own."""
    return f"With a new connection for each request: {_words(_mixed(rows, 'new'))}. "


def _best(found: Sequence[Case]) -> Case:
    return min(found, key=lambda each: each.median("ping_p99"))


def _proxy(rows: Rows) -> str:
    """For kept connections, as browsers and other services have them."""
    kept = _mixed(rows, "kept")
    proxies = [each for each in kept if each.labels["balancer"] in {IN_TURN, LEAST_CONN}]
    if not proxies:
        return "nginx is not installed here, so no proxy was measured. "
    best = _best(kept)
    if best not in proxies:
        return (
            f"No proxy was ahead in this run: `/ping` was fastest with {best.labels['balancer']}. "
            "Measure your own mix before you add one. "
        )
    return (
        "For kept connections, put a proxy that balances requests in front of servers with one "
        f"worker each: `/ping` was fastest with {best.labels['balancer']}. {_needless(rows)}"
        "A proxy with `least_conn` knows how many requests each worker has in flight. "
        "Several nginx processes need `zone` in the upstream, to share that knowledge. "
    )


def _needless(rows: Rows) -> str:
    """With new connections, the workers may share them well enough."""
    new = _mixed(rows, "new")
    if not new:
        return ""
    best = _best(new)
    if best.labels["balancer"] in {IN_TURN, LEAST_CONN}:
        return f"With new connections, it was fastest with {best.labels['balancer']}. "
    return (
        f"With new connections, it was fastest with {best.labels['balancer']}: no proxy was ahead. "
    )


def _sync(rows: Rows) -> str:
    """A sync worker that is busy accepts nothing: does that help?"""
    new = {str(each.labels["balancer"]): each for each in _mixed(rows, "new")}
    if not {SYNC, ONE_SOCKET} <= set(new):
        return ""
    sync, threads = new[SYNC].median("ping_p99"), new[ONE_SOCKET].median("ping_p99")
    told = f"a p99 of {number(sync)} ms for `/ping`, and workers with threads {number(threads)} ms"
    if sync < threads:
        return (
            "Without a proxy, sync workers share new connections better, since a busy one accepts "
            f"nothing: they had {told}. "
        )
    return f"Without a proxy, sync workers are no way out: they had {told}. "


def _sticky(rows: Rows) -> str:
    """The balancers that broke no session of long polling."""
    polling = rows.where(part="sessions", transport=POLLING)
    hold = [
        str(each.labels["balancer"])
        for each in polling
        if each.total("held") == each.total("sessions") > 0
    ]
    if not hold:
        return "For Socket.IO, allow WebSocket only: each balancer here broke long polling."
    return f"For Socket.IO's long polling, use {' or '.join(hold)}, or allow WebSocket only."


def _sessions(rows: Rows) -> str:
    """Broken sessions behind each balancer."""
    found = [each for each in rows.where(part="sessions") if each.figures]
    polling = [each for each in found if each.has(transport=POLLING)]
    broken = "; ".join(f"{_broken(each)} with {each.labels['balancer']}" for each in polling)
    websocket = rows.one(part="sessions", transport=WEBSOCKET)
    return (
        "Sessions of long polling that met the wrong worker, one that did not know them: "
        f"{broken}. "
        f"With WebSocket only and one socket: {_broken(websocket)}."
    )


def _broken(case: Case) -> str:
    failed = case.total("failed")
    more = f" ({failed:,.0f} failed otherwise)" if failed else ""
    return f"{case.total('unknown'):,.0f} of {case.total('sessions'):,.0f}{more}"


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
        "A proxy sees each request and each answer, so it can count what is in flight: nginx's "
        "`least_conn` gives a request to the worker with the fewest. Without it, nginx gives them "
        "to all workers in turn. `ip_hash` and `hash` choose by the address of the client, so a "
        "client stays with its worker. Socket.IO's long polling needs that: one session is many "
        "requests, and only one worker knows it."
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
            f"{WORKERS} workers: {CPU_RATE:g} requests a second compute, {PING_RATE:g} are `/ping`",
            ("balancer", "connections"),
            (
                Column("busiest", "share of the busiest worker, %"),
                Column("idle", "workers without a request"),
                Column("p99", "that compute: p99, ms"),
                *("ping_p99", "not_right"),
            ),
            {"part": "mixed"},
        ),
        Table(
            "Sessions of Socket.IO on two workers",
            ("balancer", "transport"),
            (
                Column("sessions", "sessions", "total"),
                Column("held", "that held", "total"),
                Column("unknown", "that met the wrong worker", "total"),
                Column("failed", "that failed otherwise", "total"),
                Column("busiest", "share of the busier worker in those that held, %"),
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
