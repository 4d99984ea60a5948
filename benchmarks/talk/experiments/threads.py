"""Threads and the GIL: more slots for requests that wait, and none for requests that compute."""

import math
from collections.abc import Sequence

from benchmarks.harness.table import number
from benchmarks.talk import load
from benchmarks.talk.context import FULL, Context
from benchmarks.talk.experiment import (
    Case,
    Column,
    Experiment,
    Label,
    Plot,
    Row,
    Rows,
    Table,
    Verdict,
    but_not_right,
    ratio,
)

SERVER = "gunicorn gthread"

#: Threads of a full run.
THREADS = (1, 4, 16, 64)

#: Threads of a quick run.
QUICK_FOR_IO = (1, 20)
QUICK_FOR_CPU = (4,)

#: Threads help if they finish more than this many times as many requests.
HELPS = 1.5

#: A `/ping` waits for the GIL if its p99 grows by more than this factor.
GROWS = 2.0

#: Requests a second of the run without slow requests.
QUIET_RATE = 20.0

#: Requests a second of the example in the advice.
EXAMPLE_RATE = 100

#: A label of all rows of a table.
PINGS: dict[str, Label] = {"class": "ping"}

#: Seconds of each load.
IO_SECONDS, CPU_SECONDS = 2.0, 3.0


def run(context: Context) -> Sequence[Row]:
    """More threads for waiting, then more threads for computing."""
    return [*_waiting(context), _alone(context), *_computing(context)]


def _waiting(context: Context) -> list[Row]:
    rows = []
    for threads in context.pick(THREADS, QUICK_FOR_IO):
        with context.serving(SERVER, slots=threads) as running:
            found = context.peak(running, context.io(), context.pick(IO_SECONDS, None))
        rows.append(Row({"work": "io", "threads": threads, "load": "peak"}, found.figures()))
    return rows


def _alone(context: Context) -> Row:
    """Pings with nothing beside them. The column `offered` is about `/cpu`, so it is left empty."""
    threads = context.pick(THREADS, QUICK_FOR_CPU)[0]
    with context.serving(SERVER, slots=threads) as running:
        figures = context.at(running, load.PING, QUIET_RATE).figures()
    labels = {"work": "ping", "threads": threads, "load": "nothing", **PINGS}
    return Row(labels, {**figures, "offered": math.nan})


def _computing(context: Context) -> list[Row]:
    """The peak, then half of it with pings beside it: the convoy."""
    rows, seconds = [], context.pick(CPU_SECONDS, None)
    for threads in context.pick(THREADS, QUICK_FOR_CPU):
        with context.serving(SERVER, slots=threads) as running:
            most = context.peak(running, context.cpu(), seconds)
            half = context.at(running, context.cpu(), max(1.0, most.rate / 2), seconds=seconds)
        labels: dict[str, Label] = {"work": "cpu", "threads": threads}
        rows.append(Row({**labels, "load": "peak"}, most.figures()))
        rows.append(Row({**labels, "load": "half", **PINGS}, half.figures()))
    return rows


def verdict(rows: Rows) -> Verdict:
    """From the smallest and the largest number of threads."""
    waiting, computing = (rows.where(work=each, load="peak") for each in ("io", "cpu"))
    io_factor = ratio(waiting[-1], waiting[0], "rate")
    cpu_factor = ratio(computing[-1], computing[0], "rate")
    return Verdict(
        still_true=(
            f"{_helped(io_factor, cpu_factor)}: {_gains(waiting, io_factor, cpu_factor)}"
            f"{but_not_right(rows)}"
        ),
        by_how_much=(
            f"For requests that wait, {_factor(waiting, io_factor)} "
            f"For requests that compute, {_factor(computing, cpu_factor)} {_convoy(rows)}"
        ),
        what_to_do=(
            "Take threads for requests that wait, and processes for requests that compute. "
            "You need as many threads as requests wait at the same time: the requests a second "
            f"times the seconds of each wait. For {EXAMPLE_RATE} requests a second that each wait "
            f"{FULL.page_seconds:g} s, these are {EXAMPLE_RATE * FULL.page_seconds:.0f} threads: "
            "`--threads` of gunicorn sets them. Or move CPU work out of the process that answers "
            "cheap requests."
        ),
    )


def _helped(io_factor: float, cpu_factor: float) -> str:
    if io_factor > HELPS >= cpu_factor:
        return "Yes"
    return "In part" if io_factor > HELPS else "No"


def _gains(peaks: Rows, io_factor: float, cpu_factor: float) -> str:
    first, last = peaks[0].labels["threads"], peaks[-1].labels["threads"]
    return (
        f"{last} threads finish {number(io_factor)} times as many requests that wait as {first} "
        f"thread, and {number(cpu_factor)} times as many that compute."
    )


def _factor(peaks: Rows, factor: float) -> str:
    first, last = peaks[0], peaks[-1]
    return (
        f"{last.labels['threads']} threads finish {number(last.median('rate'))} a second and "
        f"{first.labels['threads']} finishes {number(first.median('rate'))}: "
        f"{number(factor)} times as many."
    )


def _convoy(rows: Rows) -> str:
    """A /ping beside CPU work: the worst with several threads, and with one."""
    halves = rows.where(work="cpu", load="half")
    several = [each for each in halves if each.labels["threads"] != 1]
    worst = max(several, key=lambda each: each.median("ping_p99"))
    before = rows.where(work="ping")[0].median("ping_p99")
    told = (
        f"Alone, a `/ping` has a p99 of {number(before)} ms. Beside CPU work at half of the peak, "
        f"it is {number(worst.median('ping_p99'))} ms with {worst.labels['threads']} "
        f"threads{_cause(worst, before)}."
    )
    for one in halves.where(threads=1):
        told += (
            f" With one thread it is {number(one.median('ping_p99'))} ms: the thread is busy with "
            "the request before it."
        )
    return told


def _cause(worst: Case, before: float) -> str:
    if worst.median("ping_p99") <= GROWS * before:
        return ": a cheap request hardly notices"
    return ": a thread is free for it, and the GIL is not"


_PINGS = (Column("ping_p50", "`/ping`: p50, ms"), Column("ping_p99", "`/ping`: p99, ms"))

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
        "that computes, and a cheap request wants it several times. The switch interval is the "
        "time after which Python takes the GIL from a thread: `sys.getswitchinterval()`."
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
            ("rate", "in_flight", "cpu_ms", "waiting_kib", "not_right"),
            {"work": "io"},
        ),
        Table(
            "Requests that compute (`/cpu`), at the peak",
            ("threads",),
            ("rate", "cpu_ms", "not_right"),
            {"work": "cpu", "load": "peak"},
        ),
        Table(
            "A cheap request beside nothing, and beside `/cpu` at half of its peak",
            ("threads", "load"),
            (Column("offered", "`/cpu` offered/s"), *_PINGS, "not_right"),
            PINGS,
        ),
    ),
    plots=(
        Plot(
            "rate",
            "More threads, for waiting (io) and for computing (cpu)",
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
    rounds=1,
)
