"""Servers: the same slots under each, the same requests, the same table."""

from collections.abc import Sequence

from benchmarks.harness.table import number
from benchmarks.talk.context import FULL
from benchmarks.talk.experiment import Case, Column, Experiment, Plot, Rows, Table, Verdict, bullets
from benchmarks.talk.probes.servers import BAD, CLOSES, KEEPS, NOT_PATCHED, SLOTS, measured


def verdict(rows: Rows) -> Verdict:
    """From the servers that ran."""
    ran = [each for each in rows.where(part="slots") if each.figures]
    return Verdict(
        still_true=f"{_still_true(ran)}{_bad(ran)}" if ran else "Not measured: no server ran.",
        by_how_much=bullets(_rates(ran), _cpu(ran), _memory(ran), _pings(ran), _sockets(rows)),
        what_to_do=(
            "Choose the kind of slot first: threads for requests that wait, processes for requests "
            "that compute, green threads or an event loop for thousands of open connections. "
            "Then choose the server by its CPU, its memory and its "
            "documentation. With gevent under uWSGI, set `gevent-monkey-patch` as well, "
            f"{_socket_to_take(rows)}and count the requests in flight once. "
            "Set the length of the queue of connections (`listen` of uWSGI, `--backlog` of "
            "gunicorn, granian and uvicorn): some defaults are so short that the kernel turns away "
            "a burst of clients, and they try again later."
        ),
    )


def _still_true(ran: Sequence[Case]) -> str:
    in_flight = {str(each.labels["server"]): each.most("in_flight") for each in ran}
    alone = in_flight.pop(NOT_PATCHED, None)
    others = {server: most for server, most in in_flight.items() if most != SLOTS}
    said = (
        f"with {SLOTS} slots, {len(in_flight) - len(others)} of {len(in_flight)} servers had "
        f"{SLOTS} requests in flight"
    )
    if others:
        said += f" (the others: {', '.join(f'{name} {most:.0f}' for name, most in others.items())})"
    if alone is None:
        return f"{'In part' if others else 'Yes'}: {said}."
    said += f", and uWSGI with its gevent option alone had {alone:.0f}."
    if alone == 1:
        said += " That option does not patch the standard library."
        return f"{'In part' if others else 'Yes'}: {said}"
    return f"In part: {said} It no longer needs a patched standard library."


def _bad(ran: Sequence[Case]) -> str:
    bad = {each.labels["server"]: sum(each.total(name) for name in BAD) for each in ran}
    told = ", ".join(f"{server} {count:,.0f}" for server, count in bad.items() if count)
    return f" Wrong or missing answers: {told}." if told else " No answer was wrong or missing."


def _rates(ran: Sequence[Case]) -> str:
    patched = [each for each in ran if each.labels["server"] != NOT_PATCHED]
    if not (ends := _ends(patched, "rate")):
        return ""
    (low, least), (high, most) = ends
    return (
        f"The peaks were from {least} `/io` a second ({low}) to {most} ({high}). Little's law "
        f"allows {SLOTS / FULL.page_seconds:.0f}. "
    )


def _cpu(ran: Sequence[Case]) -> str:
    told = ""
    for work, figure in (("/ping", "ping_cpu_ms"), ("/io", "cpu_ms")):
        if ends := _ends(ran, figure):
            (low, least), (high, most) = ends
            told += f"A `{work}` cost from {least} ms of CPU ({low}) to {most} ms ({high}). "
    return f"{told}The application is the same. " if told else ""


def _memory(ran: Sequence[Case]) -> str:
    if not (ends := _ends(ran, "pss_mib")):
        return ""
    (low, least), (high, most) = ends
    return f"{SLOTS} slots took {least} MiB under {low}, and {most} MiB under {high}. "


def _pings(ran: Sequence[Case]) -> str:
    """What a server with too many requests does to a cheap one."""
    both = [each for each in ran if each.values("above_ping_p99") and each.values("ping_p99")]
    if not (ends := _ends(both, "above_ping_p99")):
        return ""
    (low, least), (high, most) = ends
    slower = sum(each.median("above_ping_p99") > each.median("ping_p99") for each in both)
    return (
        f"Above the peak, the p99 of `/ping` was from {least} ms ({low}) to {most} ms ({high}). "
        f"For {slower} of {len(both)} servers it was longer than at half of the peak. "
    )


def _sockets(rows: Rows) -> str:
    """What each socket of uWSGI did. A verdict names a socket only if it ran."""
    return " ".join(
        f"uWSGI with gevent on {socket} answered {case.total('answered'):,.0f} of "
        f"{case.total('pings'):,.0f} pings, and lost a worker {case.total('died'):,.0f} times."
        for server, socket in ((CLOSES, "`http-socket`"), (KEEPS, "`http11-socket`"))
        for case in rows.where(part="socket", server=server)
        if case.figures
    )


def _socket_to_take(rows: Rows) -> str:
    died = {
        server: rows.where(part="socket", server=server).total("died") for server in (CLOSES, KEEPS)
    }
    return "take `http-socket` and not `http11-socket`, " if died[KEEPS] > died[CLOSES] else ""


def _ends(ran: Sequence[Case], figure: str) -> tuple[tuple[str, str], tuple[str, str]] | None:
    """The servers with the least and the most of a figure, and its words. None if none has it."""
    found = sorted(
        (each.median(figure), str(each.labels["server"])) for each in ran if each.values(figure)
    )
    if not found:
        return None
    (least, low), (most, high) = found[0], found[-1]
    return (low, number(least)), (high, number(most))


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
    run=measured,
    verdict=verdict,
    tables=(
        Table(
            f"{SLOTS} slots under each server: its peak of `/io`, and what it costs",
            ("server", "slot"),
            (
                *("rate", "in_flight", "cpu_ms"),
                Column("ping_cpu_ms", "CPU per `/ping`, ms"),
                Column("pss_mib", "memory (PSS), MiB"),
            ),
            {"part": "slots"},
        ),
        Table(
            "The same servers: latencies of `/io`, and of `/ping` beside it",
            ("server",),
            (
                Column("p50", "half: p50, ms"),
                Column("p99", "half: p99, ms"),
                Column("ping_p99", "half: p99 of `/ping`, ms"),
                Column("above_p99", "above: p99, ms"),
                Column("above_ping_p99", "above: p99 of `/ping`, ms"),
                "not_right",
            ),
            {"part": "slots"},
        ),
        Table(
            "uWSGI with gevent: one ping after the other, on `http-socket` and on `http11-socket` "
            "(HTTP/1.1)",
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
    remarks=(
        (
            "gunicorn eventlet is Splitflap's worker for gunicorn: gunicorn itself has no eventlet "
            "worker any more."
        ),
        (
            "uWSGI with gevent asks its socket without a pause while all slots are busy and "
            "another client waits. The peak is such a load, so its CPU per request there is no "
            "cost of a request. Give it more slots than requests wait."
        ),
    ),
    packages=(
        *("flask", "gunicorn", "gevent", "eventlet", "uwsgi", "waitress", "granian"),
        *("uvicorn", "uvloop", "a2wsgi", "cheroot"),
    ),
    rounds=1,
)
