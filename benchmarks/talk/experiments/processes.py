"""Processes: speed, memory, and a database engine that was used before the fork."""

import math
import os
from collections.abc import Sequence
from functools import partial

from benchmarks import ROOT
from benchmarks.harness.table import number
from benchmarks.talk import servers
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
    but_not_right,
    failures,
    ratio,
)
from benchmarks.talk.forked.engines import BROKEN, DISPOSED, OWN, UNUSED, USED, engines
from benchmarks.talk.forked.memory import (
    COLLECTION,
    COUNTS,
    FORKS,
    QUICK_COUNTS,
    REQUESTS,
    SEARCH,
    memory,
)
from benchmarks.talk.load import Work
from benchmarks.talk.measure import Measurement
from benchmarks.talk.probes.parts import Part, rows_of
from benchmarks.talk.servers import Running

SERVER = servers.TABLE["gunicorn sync"]

#: Seconds of each load, full and quick. At half of a peak, it has 60 pings beside it.
PEAK_SECONDS = (3.0, 0.4)
HALF_SECONDS = (3.0, 0.5)

#: Columns of memory.
MEMORY = (
    Column("all_mib", "all processes, MiB"),
    Column("private_mib", "private to each worker, MiB"),
    Column("shared_mib", "shared, of each worker, MiB"),
)

#: Processes help CPU work if they finish more than this many times as much.
HELPS = 1.5


def run(context: Context) -> Sequence[Row]:
    """Peaks in each round. Memory and engines need no clock, so one round has them."""
    counts = context.pick(COUNTS, QUICK_COUNTS)
    parts: list[Part] = [partial(_speed, count=count) for count in counts]
    return rows_of([*parts, memory, engines] if context.first else parts, context)


def _speed(context: Context, count: int) -> list[Row]:
    """A number of processes, for waiting and for computing."""
    with context.serving(SERVER, processes=count) as running:
        works = (context.io(), context.cpu())
        return [row for each in works for row in _loads(context, running, each, processes=count)]


def _loads(context: Context, running: Running, work: Work, **labels: int) -> list[Row]:
    """The peak; of computing, also half of it with pings beside it, in the first round."""
    most = context.peak(running, work, context.pick(*PEAK_SECONDS))
    found = {"peak": most}
    if context.first and work.name == "cpu":
        rate = max(1.0, most.rate / 2)
        found["half"] = context.at(running, work, rate, seconds=context.pick(*HALF_SECONDS))
    return [
        Row({"part": "speed", "work": work.name, "load": load, **labels}, _figures(work, each))
        for load, each in found.items()
    ]


def _figures(work: Work, found: Measurement) -> dict[str, float]:
    """The site sees requests that wait, and no others."""
    seen = found.figures() if work.name == "io" else {**found.figures(), "in_flight": math.nan}
    return {**seen, "cpus": float(os.cpu_count() or 1)}


def verdict(rows: Rows) -> Verdict:
    """From the largest number of processes."""
    return Verdict(
        still_true=f"{_holds(rows)}{but_not_right(rows.where(part='speed'))} {_sharing(rows)}",
        by_how_much=bullets(_speeds(rows), _pings(rows), _memories(rows)),
        what_to_do=(
            "Start one process for each CPU, with more slots for requests that wait, and let no "
            "database connection cross a fork. "
            "Preload the application and call `gc.freeze()` before the fork if memory is short: it "
            "tells the garbage collector to leave alone what is there. "
            "For the connections: use the engine for the first time in each process, or "
            "call `engine.dispose(close=False)` in each new process before its first query: "
            "`os.register_at_fork` below does "
            "that."
        ),
    )


def _peaks(rows: Rows, work: str) -> Rows:
    return rows.where(part="speed", work=work, load="peak")


def _gain(rows: Rows, work: str) -> float:
    """How many times as many requests the most processes finish as the fewest."""
    cases = _peaks(rows, work)
    return ratio(cases[-1], cases[0], "rate")


def _holds(rows: Rows) -> str:
    waiting = _peaks(rows, "io")
    if any(each.most("in_flight") != each.labels["processes"] for each in waiting):
        return "No: the requests in flight were not as many as the processes."
    if _gain(rows, "cpu") > HELPS:
        return f"Yes: {_gained(rows)}, but {_engine(rows)}."
    return f"In part: CPU work gained little here: {_gained(rows)}, and {_engine(rows)}."


def _gained(rows: Rows) -> str:
    return (
        f"{COUNTS[-1]} processes finish {number(_gain(rows, 'cpu'))} times the CPU work of "
        f"{COUNTS[0]}"
    )


def _engine(rows: Rows) -> str:
    """What an engine does that was used before the fork."""
    used = rows.one(part="engine", engine=USED)
    return (
        f"an SQLAlchemy engine that was used before the fork failed {number(_broken(used))} of "
        f"{number(used.total('sent'))} requests"
    )


def _sharing(rows: Rows) -> str:
    """What engines did on both sides of a fork."""
    used = rows.one(part="engine", engine=USED)
    others = [rows.one(part="engine", engine=each) for each in (DISPOSED, UNUSED, OWN)]
    sent = number(sum(each.total("sent") for each in others))
    bad = [f"{failures(each)} ({each.labels['engine']})" for each in others if _broken(each)]
    safe = f"failed {', '.join(bad)}, of {sent} requests" if bad else f"failed none of {sent}"
    return f"{_used(used)} The {len(others)} other ways to have an engine {safe}."


def _broken(engine: Case) -> float:
    return sum(engine.total(figure) for figure in BROKEN)


def _used(used: Case) -> str:
    if not _broken(used):
        return "That is no proof that such an engine is safe."
    return (
        f"{number(used.total('wrong'))} of these got the answer to another request, with the "
        "status of a right one."
    )


def _speeds(rows: Rows) -> str:
    most, fewest = COUNTS[-1], COUNTS[0]
    cpus = rows.where(part="speed")[0].median("cpus")
    return (
        f"{most} processes of one slot finish {number(_gain(rows, 'io'))} times as many requests "
        f"that wait as {fewest}, and {number(_gain(rows, 'cpu'))} times as many that compute. "
        f"The machine has {cpus:.0f} CPUs, and the load itself runs on them too."
    )


def _pings(rows: Rows) -> str:
    few, *_, many = rows.where(part="speed", work="cpu", load="half")
    return (
        "Beside CPU work at half of the peak, the p99 of `/ping` was "
        f"{number(few.median('ping_p99'))} ms with {few.labels['processes']} process and "
        f"{number(many.median('ping_p99'))} ms with {many.labels['processes']}."
    )


def _memories(rows: Rows) -> str:
    def mib(fork: str, after: str) -> str:
        case = rows.one(part="memory", fork=fork, processes=COUNTS[-1], after=after)
        return number(case.median("all_mib"))

    own, preload, frozen = FORKS
    return (
        f"{COUNTS[-1]} processes that each import an application with much data took "
        f"{mib(own, REQUESTS)} MiB after a second of requests. With preload they took "
        f"{mib(preload, REQUESTS)} MiB, but {mib(preload, COLLECTION)} MiB after each had one "
        f"full garbage collection. With `gc.freeze()` as well, they took "
        f"{mib(frozen, COLLECTION)} MiB after it, and {mib(frozen, SEARCH)} MiB after each "
        "had read all of its data."
    )


EXPERIMENT = Experiment(
    name="processes",
    title="Processes",
    claim=(
        "Several processes serve several requests at a time, and use several CPUs. "
        "Each costs memory. They share nothing after the fork. "
        "Then somebody asks: what about SQLAlchemy?"
    ),
    theory=(
        "Little's law: each process of one slot adds one request in flight. "
        "Amdahl's law: processes share no lock, so CPU work grows with the processes until all "
        "CPUs are busy. "
        "With `--preload`, gunicorn imports the application once, and then forks its workers. "
        "A forked process shares its parent's memory until one of them writes to a page. "
        "Python writes often: a full garbage collection writes to every object, "
        "and each read of an object changes its reference count. "
        "A forked process also shares its parent's open connections, for as long as they are "
        "open: two processes that read one database connection take each other's answers. "
        "An engine of SQLAlchemy keeps such connections once it was used."
    ),
    mistake=(
        "People read their settings from the database when the application is imported, and add "
        "`--preload` later to save memory. Tests with one process pass. In production, some "
        "users see the data of others."
    ),
    run=run,
    verdict=verdict,
    tables=(
        Table(
            "One slot in each process",
            ("work", "processes", "load"),
            ("in_flight", "rate", "p50", "ping_p50", "ping_p99", "cpu_ms", "not_right"),
            {"part": "speed"},
        ),
        Table(
            "Memory after a second of requests (PSS: shared pages count once)",
            ("fork", "processes"),
            MEMORY,
            {"part": "memory", "after": REQUESTS},
        ),
        Table(
            f"Memory of {COUNTS[-1]} processes, step by step",
            ("fork", "after"),
            MEMORY,
            {"part": "memory", "processes": COUNTS[-1]},
        ),
        Table(
            "Answers of PostgreSQL through an engine",
            ("engine",),
            (Column("sent", "requests", "total"), "right", "wrong", "errors", "missing"),
            {"part": "engine"},
        ),
    ),
    plots=(
        Plot(
            "memory",
            "Memory of the largest number of processes",
            x="after",
            figure="all_mib",
            y_title="",
            x_title="MiB of all processes",
            series="fork",
            where={"part": "memory", "processes": COUNTS[-1]},
            kind="bar",
        ),
    ),
    shows=(ROOT / "benchmarks/talk/apps/preloaded.py",),
    packages=("flask", "gunicorn", "sqlalchemy", "psycopg"),
)
