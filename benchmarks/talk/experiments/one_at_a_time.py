"""One request at a time: the development server without threads, and a sync worker."""

from collections.abc import Sequence

from benchmarks.harness.table import number
from benchmarks.talk.context import FULL, Context
from benchmarks.talk.experiment import (
    Case,
    Experiment,
    Plot,
    Row,
    Rows,
    Table,
    Verdict,
    but_not_right,
)

SERVERS = ("flask run, no threads", "gunicorn sync")

#: The servers of the verdict.
DEVELOPMENT, WORKER = SERVERS

#: Seconds of each load, for 60 pings beside it.
SECONDS = 3.0


def run(context: Context) -> Sequence[Row]:
    """Each server with requests that wait, at its peak, at half of it and above it."""
    rows: list[Row] = []
    seconds = context.pick(SECONDS, None)
    for server in SERVERS:
        with context.serving(server) as running:
            rows += context.loads(running, context.io(), seconds=seconds, server=server)
    return rows


def verdict(rows: Rows) -> Verdict:
    """Whether a second request was ever in flight, and what that does to the others."""
    return Verdict(
        still_true=f"{_in_flight(rows)}{but_not_right(rows)}",
        by_how_much=f"{_rates(rows)} {_pings(rows)}",
        what_to_do=(
            "Give each process more than one slot, as soon as requests wait for anything: threads, "
            "or green threads. The next sections measure both. gunicorn has threads with "
            "`--threads`, and a number of processes with `--workers`. "
            "`flask run` has threads unless it is told otherwise. gunicorn has one slot in each "
            "worker unless it is told otherwise."
        ),
    )


def _in_flight(rows: Rows) -> str:
    largest = max(each.most("in_flight") for each in rows)
    if largest == 1:
        pings = [rows.one(server=each, load="half").median("ping_p99") for each in SERVERS]
        return (
            "Yes: neither server ever had two requests in flight, and at half of the peak the p99 "
            f"of a `/ping` was at least {number(min(pings))} ms."
        )
    return f"No: {largest:.0f} requests were in flight at the same time."


def _rates(rows: Rows) -> str:
    development, worker = (rows.one(server=each, load="peak") for each in SERVERS)
    return (
        f"With one slot and pages of {FULL.page_seconds:g} s, Little's law allows "
        f"{number(1 / FULL.page_seconds)} requests a second. "
        f"gunicorn's sync worker finished {number(worker.median('rate'))}, and the "
        f"development server {number(development.median('rate'))}. "
        f"The worker's processes used {number(_cpu_percent(worker))} % of a CPU."
    )


def _cpu_percent(peak: Case) -> float:
    """The CPU that a server used at its peak, in percent of one."""
    return peak.median("rate") * peak.median("cpu_ms") / 10


def _pings(rows: Rows) -> str:
    half, above = (rows.one(server=WORKER, load=each) for each in ("half", "above"))
    return (
        f"A `/ping` computes nothing, but it waits behind all requests that came before it. "
        f"At half of the worker's peak, it took {number(half.median('ping_p50'))} ms in the median "
        f"and {number(half.median('ping_p99'))} ms at p99. "
        f"Above the peak, it took {number(above.median('ping_p99'))} ms at p99, and more with each "
        "second that the load lasts."
    )


EXPERIMENT = Experiment(
    name="one_at_a_time",
    title="One request at a time",
    claim=(
        "A server without threads serves the next request when the present one is finished. "
        "While a request waits for another site, everybody else waits too, and the CPU is idle."
    ),
    theory=(
        "A slot serves one request at a time: a process, a thread or a green thread. "
        "Little's law: the requests in flight are the rate times the time of each. With one slot, "
        "the rate is at most one divided by the time of a request, however fast the CPU is."
    ),
    mistake=(
        "People see a slow site and an idle CPU, and buy a larger machine. "
        "The slots are full, not the CPU."
    ),
    run=run,
    verdict=verdict,
    tables=(
        Table(
            "Requests that wait for another site (`/io`)",
            ("server", "load"),
            (
                *("in_flight", "offered", "rate", "p50", "ping_p50", "ping_p99"),
                *("cpu_ms", "not_right"),
            ),
        ),
    ),
    plots=(
        Plot(
            "ping",
            "A cheap request beside slow ones",
            x="load",
            figure="ping_p99",
            y_title="",
            x_title="p99 of /ping, ms",
            series="server",
            kind="bar",
        ),
    ),
)
