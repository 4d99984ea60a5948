"""Each server with the same slots: its loads, and the sockets of uWSGI with gevent."""

from collections.abc import Sequence

import requests

from benchmarks.talk import load
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Row, missing_row
from benchmarks.talk.servers import TABLE, Missing, Running

#: Requests that each server may have in flight.
SLOTS = 20

#: A slot is a process: the number of slots is the number of processes. Both import the
#: application once, before they fork: without that, many processes need a second of CPU each.
PRELOAD = "gunicorn sync, preload"
BY_PROCESSES = (PRELOAD, "uwsgi")

#: It has green threads, and nothing in it lets another one run.
NOT_PATCHED = "uwsgi gevent, not patched"

SERVERS = (
    *BY_PROCESSES,
    *("gunicorn gthread", "uwsgi threads", "waitress"),
    *("granian", "uvicorn with a2wsgi", "cheroot"),
    *("gunicorn gevent", "gunicorn eventlet", "uwsgi gevent", NOT_PATCHED),
)

#: The same with each of uWSGI's sockets for HTTP: one closes each connection, the other keeps it.
SOCKETS = CLOSES, KEEPS = "uwsgi gevent", "uwsgi gevent, HTTP/1.1"

#: Pings to them, one after the other, and seconds for each. uWSGI starts a dead worker after 2 s.
PINGS, QUICK_PINGS, PING_TIMEOUT = 3, 2, 5.0

#: What uWSGI logs about a worker.
DIED = "died, killed by signal"

#: Seconds of each load: pings beside it are enough for a p99. Those of a search for a peak.
SECONDS, PEAK_SECONDS, QUICK_SECONDS = 2.5, 1.5, 0.4

#: The share of the peak that is too much.
ABOVE = 1.5

#: Counts of answers that are not right: sums of all loads.
BAD = ("wrong", "errors", "missing", "ping_failures")


def measured(context: Context) -> Sequence[Row]:
    """Each server in turn, then the two sockets of uWSGI with gevent: those need no clock."""
    rows = [_server(context, server) for server in SERVERS]
    return [*rows, *(_socket(context, server) for server in SOCKETS)]


def _server(context: Context, server: str) -> Row:
    by_processes = server in BY_PROCESSES
    slots, processes = (1, SLOTS) if by_processes else (SLOTS, 1)
    kind = TABLE["gunicorn sync"].with_options("--preload") if server == PRELOAD else TABLE[server]
    labels = {"part": "slots", "server": server, "slot": kind.slot}
    try:
        with context.serving(kind, slots=slots, processes=processes) as running:
            return Row(labels, _figures(context, running))
    except Missing as error:
        return missing_row(error, **labels)


def _socket(context: Context, server: str) -> Row:
    """Pings one after the other. uWSGI's master says in its log when a worker has died."""
    labels, pings = {"part": "socket", "server": server}, context.pick(PINGS, QUICK_PINGS)
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
    io, seconds = context.io(), context.pick(PEAK_SECONDS, QUICK_SECONDS)
    peak = context.peak(running, io, seconds)
    used = {"pss_mib": running.pss_kib() / 1024}
    if context.quick:
        return {**peak.figures(), **used}
    half = context.at(running, io, max(1.0, peak.rate / 2), seconds=SECONDS)
    pings = context.peak(running, load.PING, seconds / 2)
    above = context.at(running, io, max(1.0, peak.rate * ABOVE), seconds=SECONDS)
    loads = (peak, half, pings, above)
    return {
        **half.figures(),
        **{name: sum(each.figures()[name] for each in loads) for name in ("right", *BAD)},
        **used,
        "rate": peak.rate,
        "cpu_ms": peak.cpu_ms,
        "waiting_kib": peak.waiting_kib,
        "ping_rate": pings.rate,
        "ping_cpu_ms": pings.cpu_ms,
        "in_flight": max(each.in_flight for each in loads),
        "above_p99": above.p99,
        "above_ping_p99": above.ping_p99,
    }
