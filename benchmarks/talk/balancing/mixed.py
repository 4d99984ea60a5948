"""Mixed requests over several workers: how even, and how late."""

from collections.abc import Iterator
from pathlib import Path

import requests

from benchmarks.harness.pace import PacedResult, pacing
from benchmarks.talk import load
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Row, missing_row
from benchmarks.talk.load import Load
from tests.servers.process import MissingBinary

from . import counts
from .balancers import IN_TURN, LEAST_CONN, ONE_SOCKET, REUSE_PORT, SYNC, Balancers
from .listening import listening_sockets

#: Workers that share the requests.
WORKERS = 4

#: Connections of each load: of clients that keep theirs, and the most of clients that open a new
#: one for each request.
CONNECTIONS = {"kept": 12, "new": 200}

#: Requests a second: some compute, more are cheap. A text of this size takes 10 to 80 ms of a CPU,
#: so two CPUs are half busy.
CPU_RATE = 24.0
PING_RATE = 40.0
SECTIONS = 10

#: Seconds of each load: enough requests that compute for a p99.
SECONDS, QUICK_SECONDS = 3.0, 0.7

#: Requests of one client, one after the other, over one connection.
ON_ONE_CONNECTION = 20

QUICK_MIXED = (ONE_SOCKET, REUSE_PORT, IN_TURN)
MIXED = (SYNC, ONE_SOCKET, REUSE_PORT, IN_TURN, LEAST_CONN)


def mixed(context: Context) -> list[Row]:
    """The same load for each balancer, with new and with kept connections."""
    folder = context.folder / "counts"
    folder.mkdir()
    environ = {"TALK_COUNTS": str(folder), "TALK_SECTIONS": str(_sections(context))}
    rows = []
    with Balancers(context, "benchmarks.talk.apps.counted:app", WORKERS, environ) as balancers:
        for balancer in context.pick(MIXED, QUICK_MIXED):
            try:
                with balancers.port(balancer) as port:
                    rows += list(_loads(context, port, folder, balancer))
            except MissingBinary as error:
                rows.append(missing_row(error, part="mixed", balancer=balancer))
    return rows


def _sections(context: Context) -> int:
    return context.pick(SECTIONS, 2)


def _loads(context: Context, port: int, folder: Path, balancer: str) -> Iterator[Row]:
    """A sync worker closes each connection, so it has no kept ones."""
    if balancer == SYNC:
        yield _load(context, port, folder, {"balancer": balancer, "connections": "new"})
        return
    counts.reset(folder)
    seen = _on_one_connection(port, folder)
    figures = {"workers": seen, "sockets": listening_sockets(port)}
    yield Row({"part": "connection", "balancer": balancer}, figures)
    for connections in CONNECTIONS:
        labels = {"balancer": balancer, "connections": connections}
        yield _load(context, port, folder, labels)


def _load(context: Context, port: int, folder: Path, labels: dict[str, str]) -> Row:
    """Requests that compute, and pings beside them, each over connections of its own."""
    counts.reset(folder)
    kind, warm_up = labels["connections"], context.sizes.warm_up
    most, fresh, seconds = CONNECTIONS[kind], kind == "new", context.pick(SECONDS, QUICK_SECONDS)
    work = load.cpu(_sections(context))
    heavy, cheap = (
        Load(port, rate, seconds, most, fresh, warm_up, ends_on_time=False)
        for rate in (CPU_RATE, PING_RATE)
    )
    with pacing(heavy.of(work)) as works, pacing(cheap.of(load.PING)) as pings:
        pass
    return Row({"part": "mixed", **labels}, _figures(works[0], pings[0]) | _evenness(folder))


def _evenness(folder: Path) -> dict[str, float]:
    served = counts.counts(folder, WORKERS)
    return {
        "busiest": max(served) * 100 / sum(served),
        "most_of_mean": counts.most_of_mean(served),
        "gini": counts.gini(served),
        "idle": served.count(0),
    }


def _figures(work: PacedResult, pings: PacedResult) -> dict[str, float]:
    right, pongs = work.of(200), pings.of(200)
    answers = sum(len(each.latencies) for each in work.by_status.values())
    return {
        "p50": right.quantile(0.5),
        "p99": right.quantile(0.99),
        "ping_p50": pongs.quantile(0.5),
        "ping_p99": pongs.quantile(0.99),
        "right": len(right.latencies),
        "wrong": work.wrong,
        "errors": answers - len(right.latencies),
        "missing": work.lost,
        "ping_failures": pings.sent - len(pongs.latencies),
    }


def _on_one_connection(port: int, folder: Path) -> int:
    """How many workers serve the requests of one connection."""
    with requests.Session() as client:
        for _ in range(ON_ONE_CONNECTION):
            client.get(f"http://127.0.0.1:{port}/ping", timeout=30).raise_for_status()
    return sum(each > 0 for each in counts.counts(folder, WORKERS))
