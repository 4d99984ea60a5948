"""Threads and the GIL: more slots for requests that wait, and none for requests that compute."""

from collections.abc import Sequence

from benchmarks.harness.table import number
from benchmarks.talk import free_threaded, load
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import (
    Column,
    Experiment,
    Plot,
    Row,
    Rows,
    Table,
    Verdict,
    missing_row,
    ratio,
)
from benchmarks.talk.servers import Missing

SERVER = "gunicorn gthread"

#: Threads of a full run.
FOR_IO = (1, 2, 4, 8, 16, 32, 64)
FOR_CPU = (1, 4, 16, 64)

#: Threads of a quick run.
QUICK_FOR_IO = (1, 20)
QUICK_FOR_CPU = (4,)

#: Threads help if they finish more than this many times as many requests.
HELPS = 1.5

#: Requests a second of the run without slow requests.
QUIET_RATE = 20.0


def run(context: Context) -> Sequence[Row]:
    """More threads for waiting, more threads for computing, and a Python without the GIL."""
    rows = _waiting(context)
    rows += _computing(context)
    return [*rows, *_free_threaded(context)]


def _waiting(context: Context) -> list[Row]:
    rows = []
    for threads in context.pick(FOR_IO, QUICK_FOR_IO):
        with context.serving(SERVER, slots=threads) as running:
            found = context.peak(running, context.io())
        rows.append(Row({"work": "io", "threads": threads, "load": "peak"}, found.figures()))
    return rows


def _computing(context: Context) -> list[Row]:
    """The peak, then half of it with pings beside it: the convoy."""
    rows = []
    for threads in context.pick(FOR_CPU, QUICK_FOR_CPU):
        with context.serving(SERVER, slots=threads) as running:
            alone = context.at(running, load.PING, QUIET_RATE)
            most = context.peak(running, context.cpu())
            half = context.at(running, context.cpu(), max(1.0, most.rate / 2))
        for name, found in (("no load", alone), ("peak", most), ("half", half)):
            work = "ping" if found is alone else "cpu"
            rows.append(Row({"work": work, "threads": threads, "load": name}, found.figures()))
    return rows


def _free_threaded(context: Context) -> list[Row]:
    """The same CPU work with and without the GIL of one interpreter, and what greenlet does."""
    try:
        python = free_threaded.interpreter()
    except Missing as error:
        return [missing_row(error, work="free-threaded", gil="off")]
    before, after = free_threaded.gil_around("greenlet", python)
    figures = {"gil_before": float(before), "gil_after": float(after)}
    rows = [Row({"work": "import", "gil": "import greenlet"}, figures)]
    for gil in ("on", "off"):
        server = free_threaded.server(python, gil=gil == "on")
        with context.serving(server, slots=context.pick(4, 2)) as running:
            found = context.peak(running, context.cpu())
        rows.append(Row({"work": "free-threaded", "gil": gil}, found.figures()))
    return rows


def verdict(rows: Rows) -> Verdict:
    """From the smallest and the largest number of threads."""
    waiting = rows.where(work="io", load="peak")
    computing = rows.where(work="cpu", load="peak")
    first, last = waiting[0], waiting[-1]
    io_factor = ratio(last, first, "rate")
    cpu_factor = ratio(computing[-1], computing[0], "rate")
    return Verdict(
        still_true=f"{_helped(io_factor, cpu_factor)} {_without_the_gil(rows)}",
        by_how_much=(
            f"For requests that wait, {last.labels['threads']} threads finish "
            f"{number(io_factor)} times as many as {first.labels['threads']}. "
            f"For requests that compute, {computing[-1].labels['threads']} threads "
            f"finish {number(cpu_factor)} times as many as {computing[0].labels['threads']}. "
            f"{_convoy(rows)}"
        ),
        what_to_do=(
            "Take as many threads as requests wait at the same time: the rate times the seconds of "
            "each wait. Move CPU work out of the process that answers cheap requests."
        ),
    )


def _helped(io_factor: float, cpu_factor: float) -> str:
    if io_factor > HELPS >= cpu_factor:
        return "Yes: threads help requests that wait, and they do not help requests that compute."
    if io_factor > HELPS:
        return "In part: threads help requests that wait, and also requests that compute."
    return "No: threads did not help requests that wait."


def _convoy(rows: Rows) -> str:
    """The worst /ping beside CPU work, of all numbers of threads."""
    beside = max(rows.where(work="cpu", load="half"), key=lambda each: each.median("ping_p99"))
    threads = beside.labels["threads"]
    alone = rows.one(work="ping", threads=threads, load="no load")
    return (
        f"Beside CPU work on {threads} threads at half of the peak, the p99 of `/ping` grows from "
        f"{number(alone.median('ping_p99'))} ms to {number(beside.median('ping_p99'))} ms."
    )


def _without_the_gil(rows: Rows) -> str:
    both = {str(each.labels["gil"]): each for each in rows.where(work="free-threaded")}
    if "on" not in both:
        return "A free-threaded Python was not measured here."
    factor = ratio(both["off"], both["on"], "rate")
    greenlet = rows.one(work="import")
    switches = greenlet.median("gil_after") > greenlet.median("gil_before")
    return (
        f"Without the GIL, the same threads finish {number(factor)} times as much CPU work. "
        f"Importing greenlet {'switches the GIL on again' if switches else 'leaves it off'}."
    )


EXPERIMENT = Experiment(
    name="threads",
    title="Threads and the GIL",
    claim=(
        "Threads are the first way to serve several requests at a time. "
        "Python's global interpreter lock (GIL) lets one thread compute at a time, so threads "
        "help requests that wait, and not requests that compute."
    ),
    theory=(
        "Little's law: as many threads as wait at the same time give as many times the rate. "
        "Amdahl's law: the share of a request that holds the GIL runs one after the other, so more "
        "threads cannot make it faster. "
        "The convoy: a thread that wants the GIL waits for the switch interval behind each thread "
        "that computes, and a cheap request wants it several times."
    ),
    mistake=(
        "People see slow CPU work and add threads. The work is no faster, and now all cheap "
        "requests of the process wait for the GIL as well."
    ),
    run=run,
    verdict=verdict,
    tables=(
        Table(
            "Requests that wait (`/io`)",
            ("threads",),
            ("rate", "in_flight", "cpu_ms", "waiting_kib", "wrong", "errors", "missing"),
            {"work": "io"},
        ),
        Table(
            "Requests that compute (`/cpu`)",
            ("threads", "load"),
            (
                *("offered", "rate", "p50", "p99", "ping_p50", "ping_p99"),
                *("right", "wrong", "errors", "missing", "ping_failures", "cpu_ms"),
            ),
            {"work": "cpu"},
        ),
        Table(
            "`/ping` with nothing beside it",
            ("threads",),
            ("ping_p50", "ping_p99"),
            {"work": "ping"},
        ),
        Table(
            "CPU work in a free-threaded Python",
            ("gil",),
            ("rate", "cpu_ms", "wrong", "errors", "missing"),
            {"work": "free-threaded"},
        ),
        Table(
            "The GIL before and after an import",
            ("gil",),
            (Column("gil_before", "GIL before", "most"), Column("gil_after", "GIL after", "most")),
            {"work": "import"},
        ),
    ),
    plots=(
        Plot(
            "rate",
            "More threads, for waiting and for computing",
            x="threads",
            figure="rate",
            y_title="right answers a second",
            x_title="threads",
            series="work",
            where={"load": "peak"},
            log_x=True,
            log_y=True,
        ),
    ),
)
