"""Processes: speed, memory, and a database engine that was used before the fork."""

from collections.abc import Sequence

from benchmarks.harness.table import number
from benchmarks.talk import measure, servers
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
    ratio,
)
from benchmarks.talk.forked.engines import BROKEN, DISPOSED, OWN, UNUSED, USED, engines
from benchmarks.talk.forked.memory import COUNTS, FORKS, QUICK_COUNTS, memory

SERVER = servers.TABLE["gunicorn sync"]


def run(context: Context) -> Sequence[Row]:
    """Speed in each round. Memory and engines need no clock, so one round has them."""
    rows = _speed(context)
    return [*rows, *memory(context), *engines(context)] if context.first else rows


def _speed(context: Context) -> list[Row]:
    """The peak of each number of processes, for waiting and for computing."""
    rows = []
    seconds = context.pick(2.5, 0.7)
    for count in context.pick(COUNTS, QUICK_COUNTS):
        with context.serving(SERVER, processes=count) as running:
            for work in (context.io(), context.cpu()):
                found = measure.peak(running, context.site, work, seconds)
                case: dict[str, str | int] = {"work": work.name, "processes": count}
                rows.append(Row({"part": "speed", **case}, found.figures()))
    return rows


def verdict(rows: Rows) -> Verdict:
    """From the largest number of processes."""
    used = rows.one(engine=USED)
    others = [rows.one(engine=each) for each in (DISPOSED, UNUSED, OWN)]
    return Verdict(
        still_true=f"{_slots(rows)} {_sharing(used, others)}",
        by_how_much=f"{_speeds(rows)} {_memories(rows)}",
        what_to_do=(
            "Start one process for each CPU, and give each more slots for requests that wait. "
            "Preload the application and call `gc.freeze()` before the fork if memory is short. "
            "Let no connection cross a fork: make the engine in each process, or call "
            "`engine.dispose(close=False)` in each new process before its first query."
        ),
    )


def _slots(rows: Rows) -> str:
    waiting = rows.where(part="speed", work="io")
    if all(each.most("in_flight") == each.labels["processes"] for each in waiting):
        return "Yes: each process is one more slot, for requests that wait and that compute."
    return "No: the requests in flight are not as many as the processes."


def _sharing(used: Case, others: Sequence[Case]) -> str:
    broken = sum(used.total(figure) for figure in BROKEN)
    quiet = sum(each.total(figure) for each in others for figure in BROKEN)
    return (
        f"And the question about SQLAlchemy is a good one. An engine that was used before the "
        f"fork failed {number(broken)} of {number(used.total('sent'))} requests: "
        f"{number(used.total('wrong'))} got the answer to another request, with the status of a "
        f"right one. "
        f"The {len(others)} other ways failed {number(quiet)} of "
        f"{number(sum(each.total('sent') for each in others))}."
    )


def _speeds(rows: Rows) -> str:
    factors = {}
    for work in ("io", "cpu"):
        cases = rows.where(part="speed", work=work)
        factors[work] = ratio(cases[-1], cases[0], "rate")
    return (
        f"{COUNTS[-1]} processes of one slot finish {number(factors['io'])} times as many "
        f"requests that wait as {COUNTS[0]}, and {number(factors['cpu'])} times as many that "
        "compute: CPUs are the limit there."
    )


def _memories(rows: Rows) -> str:
    def mib(fork: str, after: str) -> str:
        case = rows.one(part="memory", fork=fork, processes=COUNTS[-1], after=after)
        return number(case.median("all_mib"))

    own, preload, frozen = FORKS
    return (
        f"{COUNTS[-1]} processes that import a large application themselves need "
        f"{mib(own, 'requests')} MiB. With preload it is {mib(preload, 'requests')} MiB, and "
        f"{mib(preload, 'collection')} MiB after each process had one full garbage collection: "
        f"the collector writes to all objects. After `gc.freeze()` that is "
        f"{mib(frozen, 'collection')} MiB. A search through all data still ends it, with "
        f"{mib(frozen, 'search')} MiB, for each read changes a reference count."
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
        "A forked process shares its parent's memory until one of them writes to a page. "
        "It also shares its parent's sockets, and those for ever: two processes that "
        "read one database connection take each other's answers."
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
            ("work", "processes"),
            ("rate", "in_flight", "cpu_ms", "wrong", "errors", "missing"),
            {"part": "speed"},
        ),
        Table(
            "Memory of an application with much data of its own (PSS: shared pages count once)",
            ("fork", "processes", "after"),
            (
                Column("all_mib", "all processes, MiB"),
                Column("private_mib", "private to each worker, MiB"),
                Column("shared_mib", "shared, of each worker, MiB"),
            ),
            {"part": "memory"},
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
    packages=("flask", "gunicorn", "sqlalchemy", "psycopg"),
)
