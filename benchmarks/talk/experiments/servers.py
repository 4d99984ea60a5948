"""Servers: the same slots under each, the same requests, one table."""

from collections.abc import Sequence

import requests

from benchmarks.harness.table import number
from benchmarks.talk import load
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
    missing_row,
)
from benchmarks.talk.servers import TABLE, Missing, Running

#: Requests that each server may have in flight.
SLOTS = 20

#: A slot is a process: the number of slots is the number of processes. Both import the
#: application once, before they fork: without that, many processes need a second of CPU each.
PRELOAD = "gunicorn sync, preload"
BY_PROCESSES = (PRELOAD, "uwsgi")

BY_THREADS = (
    *("gunicorn gthread", "uwsgi threads", "waitress"),
    *("granian", "uvicorn with a2wsgi", "cheroot"),
)

BY_GREEN_THREADS = ("gunicorn gevent", "gunicorn eventlet", "uwsgi gevent")

#: It has green threads, and nothing in it lets another one run.
NOT_PATCHED = "uwsgi gevent, not patched"

SERVERS = (*BY_PROCESSES, *BY_THREADS, *BY_GREEN_THREADS, NOT_PATCHED)

#: The same with each of uWSGI's sockets for HTTP: one closes each connection, the other keeps it.
SOCKETS = ("uwsgi gevent", "uwsgi gevent, HTTP/1.1")

#: Pings to them, one after the other, and seconds for each. uWSGI starts a dead worker after 2 s.
PINGS, QUICK_PINGS, PING_TIMEOUT = 5, 3, 5.0

#: What uWSGI logs about a worker.
DIED = "died, killed by signal"

#: Seconds of each load, of a full and of a quick run.
SECONDS, QUICK_SECONDS = 1.5, 0.8

#: The share of the peak that is too much.
ABOVE = 1.5

#: Counts that are sums of all loads.
COUNTED = ("right", "wrong", "errors", "missing", "ping_failures")


def run(context: Context) -> Sequence[Row]:
    """Each server in turn, then the two sockets of uWSGI with gevent: those need no clock."""
    rows = [_measured(context, server) for server in SERVERS]
    if context.first:
        rows += [_socket(context, server) for server in SOCKETS]
    return rows


def _measured(context: Context, server: str) -> Row:
    by_processes = server in BY_PROCESSES
    slots = 1 if by_processes else SLOTS
    processes = SLOTS if by_processes else 1
    kind = TABLE["gunicorn sync"].with_options("--preload") if server == PRELOAD else TABLE[server]
    labels = {"part": "slots", "server": server, "slot": kind.slot}
    try:
        with context.serving(kind, slots=slots, processes=processes) as running:
            return Row(labels, _figures(context, running))
    except Missing as error:
        return missing_row(error, **labels)


def _socket(context: Context, server: str) -> Row:
    """Pings one after the other. uWSGI's master says in its log when a worker has died."""
    labels = {"part": "socket", "server": server}
    pings = context.pick(PINGS, QUICK_PINGS)
    try:
        with context.serving(server, slots=SLOTS) as running:
            answered = sum(_ping(running) for _ in range(pings))
            died = running.service.log.read_text(errors="replace").count(DIED)
    except Missing as error:
        return missing_row(error, **labels)
    return Row(labels, {"pings": pings, "answered": answered, "died": died})


def _ping(running: Running) -> bool:
    try:
        return requests.get(f"{running.url}/ping", timeout=PING_TIMEOUT).text == "pong\n"
    except requests.RequestException:
        return False


def _figures(context: Context, running: Running) -> dict[str, float]:
    """All loads of one server, as one row. A quick run has the peak only."""
    seconds = context.pick(SECONDS, QUICK_SECONDS)
    peak = context.peak(running, context.io(), seconds)
    at_rest = {"pss_mib": running.pss_kib() / 1024}
    if context.quick:
        return {**peak.figures(), **at_rest}
    half = context.at(running, context.io(), max(1.0, peak.rate / 2), seconds=seconds)
    pings = context.peak(running, load.PING, seconds / 2)
    loads, more = [peak, half, pings], {}
    if context.first:
        # The slowest load of all: one round has it.
        above = context.at(running, context.io(), max(1.0, peak.rate * ABOVE), seconds=seconds)
        loads.append(above)
        more = {"above_p99": above.p99, "above_ping_p99": above.ping_p99}
    return {
        **half.figures(),
        **{name: sum(each.figures()[name] for each in loads) for name in COUNTED},
        **at_rest,
        **more,
        "rate": peak.rate,
        "cpu_ms": peak.cpu_ms,
        "waiting_kib": peak.waiting_kib,
        "ping_rate": pings.rate,
        "ping_cpu_ms": pings.cpu_ms,
        "in_flight": max(each.in_flight for each in loads),
    }


def verdict(rows: Rows) -> Verdict:
    """From the servers that ran."""
    ran = [each for each in rows.where(part="slots") if each.figures]
    return Verdict(
        still_true=_still_true(ran),
        by_how_much=f"{_cpu(ran)} {_memory(ran)} {_pings(ran)}{_sockets(rows)}",
        what_to_do=(
            "Choose the kind of slot first: threads for a few dozen requests that wait, green "
            "threads for more. Then choose the server by what it does to its neighbours and by its "
            "documentation. With gevent under uWSGI, set `gevent-monkey-patch` as well, take "
            "`http-socket` and not `http11-socket`, and count the requests in flight once. "
            "Set the length of the queue of connections: some defaults are so short that the "
            "kernel turns away a burst of clients, and they try again later."
        ),
    )


def _still_true(ran: Sequence[Case]) -> str:
    fewer = {
        each.labels["server"]: each.most("in_flight")
        for each in ran
        if each.most("in_flight") < SLOTS
    }
    said = f"{len(ran) - len(fewer)} of {len(ran)} servers had {SLOTS} requests in flight."
    alone = fewer.pop(NOT_PATCHED, None)
    if alone is not None:
        said += (
            f" uWSGI with its gevent option alone had {alone:.0f}: it does not patch the standard "
            "library."
        )
    if not fewer:
        return f"Yes: the kind of slot decides, not the server. {said}{_bad(ran)}"
    names = ", ".join(f"{server}: {most:.0f}" for server, most in fewer.items())
    return f"In part. {said} The others had fewer ({names}).{_bad(ran)}"


def _bad(ran: Sequence[Case]) -> str:
    names = ("wrong", "errors", "missing", "ping_failures")
    bad = {each.labels["server"]: sum(each.total(name) for name in names) for each in ran}
    told = ", ".join(f"{server}: {count:,.0f}" for server, count in bad.items() if count)
    return f" Wrong or missing answers: {told}." if told else ""


def _cpu(ran: Sequence[Case]) -> str:
    low, high = _ends(ran, "ping_cpu_ms")
    return (
        f"A `/ping` cost {number(low.median('ping_cpu_ms'))} ms of CPU under "
        f"{low.labels['server']} and {number(high.median('ping_cpu_ms'))} ms under "
        f"{high.labels['server']}; the application is the same. An `/io` cost "
        f"{number(low.median('cpu_ms'))} ms and {number(high.median('cpu_ms'))} ms."
    )


def _memory(ran: Sequence[Case]) -> str:
    low, high = _ends(ran, "pss_mib")
    return (
        f"{SLOTS} slots took {number(low.median('pss_mib'))} MiB under {low.labels['server']}, "
        f"and {number(high.median('pss_mib'))} MiB under {high.labels['server']}."
    )


def _pings(ran: Sequence[Case]) -> str:
    patched = [each for each in ran if each.labels["server"] != NOT_PATCHED]
    low, high = _ends(patched, "above_ping_p99")
    return (
        f"Above the peak, `/ping` took from {number(low.median('above_ping_p99'))} ms "
        f"({low.labels['server']}) to {number(high.median('above_ping_p99'))} ms "
        f"({high.labels['server']}) at p99: a full server is slow for all, whatever its name."
    )


def _sockets(rows: Rows) -> str:
    kept = rows.one(part="socket", server=SOCKETS[1])
    if not kept.total("died"):
        return ""
    return (
        f" uWSGI with gevent on its socket for HTTP/1.1 lost a worker {kept.total('died'):,.0f} "
        f"times in {kept.total('pings'):,.0f} pings, and answered {kept.total('answered'):,.0f}."
    )


def _ends(ran: Sequence[Case], figure: str) -> tuple[Case, Case]:
    """The cases with the least and the most of a figure."""
    measured = [each for each in ran if each.values(figure)]
    return (
        min(measured, key=lambda each: each.median(figure)),
        max(measured, key=lambda each: each.median(figure)),
    )


EXPERIMENT = Experiment(
    name="servers",
    title="Servers",
    claim=(
        "Many servers run the same application: some with processes, some with threads, some with "
        "green threads. They differ in what a slot is. A server on green threads needs a patched "
        "standard library, or it serves one request at a time."
    ),
    theory=(
        "Little's law knows no server: with equal slots and equal waits, all of them have the same "
        "peak. They differ in the CPU that each request costs, in the memory of a slot, and in "
        "what a full server does to a cheap request."
    ),
    mistake=(
        "People compare servers by the requests a second of an empty page. Their own requests "
        "wait, so the number of slots decides, and each server has another default for it. "
        "The second mistake: uWSGI's `gevent` option without its `gevent-monkey-patch`."
    ),
    run=run,
    verdict=verdict,
    tables=(
        Table(
            f"{SLOTS} slots under each server. Latencies are at half of the peak, or above it",
            ("server", "slot"),
            (
                *("rate", "in_flight", "p50", "p99", "ping_p50", "ping_p99"),
                Column("above_p99", "above the peak: p99, ms"),
                Column("above_ping_p99", "above the peak: p99 of `/ping`, ms"),
                *("wrong", "errors", "missing", "ping_failures", "cpu_ms"),
                Column("ping_cpu_ms", "CPU per `/ping`, ms"),
                Column("pss_mib", "memory (PSS), MiB"),
                "waiting_kib",
            ),
            {"part": "slots"},
        ),
        Table(
            "uWSGI with gevent: one ping after the other, on each of its sockets for HTTP",
            ("server",),
            (
                Column("pings", "pings", "total"),
                Column("answered", "answered", "total"),
                Column("died", "workers that died", "total"),
            ),
            {"part": "socket"},
        ),
    ),
    plots=(
        Plot(
            "cpu",
            "What a cheap request costs",
            x="server",
            figure="ping_cpu_ms",
            y_title="",
            x_title="CPU per /ping, ms",
            where={"part": "slots"},
            kind="bar",
        ),
        Plot(
            "memory",
            "Memory of a server with equal slots",
            x="server",
            figure="pss_mib",
            y_title="",
            x_title="PSS, MiB",
            where={"part": "slots"},
            kind="bar",
        ),
    ),
    packages=(
        *("flask", "gunicorn", "gevent", "eventlet", "uwsgi", "waitress", "granian"),
        *("uvicorn", "a2wsgi", "cheroot"),
    ),
)
