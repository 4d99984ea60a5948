"""Green threads: eventlet and gevent, and what blocks all green threads at once."""

from benchmarks.harness.table import number
from benchmarks.talk.experiment import Column, Experiment, Plot, Rows, Table, Verdict
from benchmarks.talk.probes.green_threads import (
    EARLY,
    LIBRARIES,
    LOCKED,
    SLOTS,
    THREADS,
    WHOLE,
    YIELDING,
    run,
)
from benchmarks.talk.probes.orders import PAIRS


def verdict(rows: Rows) -> Verdict:
    """Whether the patch makes green threads wait together, and what it does not reach."""
    patched, bare = rows.where(work="io", patched="yes"), rows.where(work="io", patched="no")
    least = min(each.most("in_flight") for each in patched)
    alone = max(each.most("in_flight") for each in bare)
    holds = least == SLOTS and alone == 1
    return Verdict(
        still_true=(
            f"{'Yes' if holds else 'In part'}. With the patch, {least:.0f} of {SLOTS} green "
            f"threads waited at the same time. Without it, {alone:.0f}. "
            "But the patch reaches Python code only, and CPU work blocks all green threads."
        ),
        by_how_much="".join(
            f"\n* {sentences}"
            for sentences in (
                _rates(rows),
                _drivers(rows),
                _starved(rows),
                _deadlocks(rows),
                _broken_views(rows),
            )
        ),
        what_to_do=(
            "Take threads first: they need no patch, and any driver works. "
            "If you need thousands of waiting requests, patch in the first line of the program, "
            "before any other import. Count the requests in flight of each driver that you use. "
            "Keep CPU work and async views out of the process."
        ),
    )


def _rates(rows: Rows) -> str:
    threads = rows.one(work="io", library=THREADS)
    parts = [
        f"{library} finished {number(_rate(rows, library, 'yes'))} requests a second with the "
        f"patch and {number(_rate(rows, library, 'no'))} without it"
        for library in LIBRARIES
    ]
    return (
        f"Waiting: {'; '.join(parts)}. As many threads of {THREADS} finished "
        f"{number(threads.median('rate'))}."
    )


def _rate(rows: Rows, library: str, patched: str) -> float:
    return rows.one(work="io", library=library, patched=patched).median("rate")


def _drivers(rows: Rows) -> str:
    """The drivers that let one query run at a time, and what helps."""
    installed = rows.where(work="db", waits="as installed")
    blocked = [
        f"`{each.labels['driver']}` under {each.labels['library']}"
        for each in installed
        if each.most("in_flight") == 1
    ]
    helped = min(each.most("in_flight") for each in rows.where(work="db", waits="in Python"))
    return (
        "Database: as installed, these had one query in flight although the patch was there: "
        f"{', '.join(blocked) or 'none'}. Told to wait in Python, each had {helped:.0f}. "
        "`psycopg` recognizes gevent alone, and eventlet patches `psycopg2` alone."
    )


def _starved(rows: Rows) -> str:
    parts = [
        f"under {library} from {number(_ping(rows, library, WHOLE))} to "
        f"{number(_ping(rows, library, YIELDING))} ms"
        for library in LIBRARIES
    ]
    return (
        "CPU work: with a `sleep(0)` after each part of the text, the p99 of `/ping` went "
        f"{' and '.join(parts)}. With threads it was {number(_ping(rows, THREADS, WHOLE))} ms."
    )


def _ping(rows: Rows, library: str, computes: str) -> float:
    return rows.one(work="cpu", library=library, computes=computes).median("ping_p99")


def _deadlocks(rows: Rows) -> str:
    early = rows.where(work="lock", made=EARLY, requests=LOCKED[-1])
    return (
        f"A lock made before the patch: of {LOCKED[-1] * len(early)} requests that wanted it at "
        f"the same time, {early.total('missing'):.0f} got no answer, and "
        f"{early.total('ping_failures'):.0f} of {len(early)} servers no longer answered `/ping`."
    )


def _broken_views(rows: Rows) -> str:
    views = rows.where(work="async")
    return (
        f"Async views: {views.total('errors'):.0f} answers were errors, "
        f"{views.total('missing'):.0f} were missing, and {views.total('right'):.0f} were right. "
        "All green threads share the event loop of their thread, so a second request fails while "
        "the first one waits."
    )


EXPERIMENT = Experiment(
    name="green_threads",
    title="Green threads",
    claim=(
        "Green threads are cheap, so one process holds many waiting requests. "
        "A library changes to another green thread whenever a call would block. For that, it has "
        "to patch the standard library."
    ),
    theory=(
        "Little's law counts slots, whatever they are made of: as many green threads give the rate "
        "of as many threads. But only one runs until it waits. A call that blocks outside of the "
        "patch, in C or on a lock from before, blocks all of them. So does work that needs CPU."
    ),
    mistake=(
        "People patch, see waiting requests run side by side, and stop looking. "
        "A database driver in C then lets one query run at a time, with no error and no warning."
    ),
    run=run,
    verdict=verdict,
    packages=("eventlet", "gevent", "greenlet", "psycopg", "psycopg2-binary", "pg8000", "gunicorn"),
    tables=(
        Table(
            "Requests that wait (`/io`), at the peak",
            ("library", "patched"),
            ("in_flight", "rate", "cpu_ms", "waiting_kib", "wrong", "errors", "missing"),
            {"work": "io"},
        ),
        Table(
            "Requests that wait for PostgreSQL (`/db`), at the peak, patched",
            ("library", "driver", "waits"),
            (
                Column("in_flight", "queries in flight", "most"),
                *("rate", "wrong", "errors", "missing"),
            ),
            {"work": "db"},
        ),
        Table(
            "Requests that compute (`/cpu`), with and without `sleep(0)`",
            ("library", "computes"),
            (
                *("offered", "rate", "p50", "p99", "ping_p50", "ping_p99"),
                *("wrong", "errors", "missing", "ping_failures"),
                Column("overtook", f"pings that overtook, of {PAIRS} each round", "total"),
            ),
            {"work": "cpu"},
        ),
        Table(
            "A lock made before the patch, and after it",
            ("library", "made", "requests"),
            ("right", "wrong", "errors", "missing", "ping_failures"),
            {"work": "lock"},
        ),
        Table(
            "Flask's async views on green threads",
            ("library",),
            ("in_flight", "rate", "right", "wrong", "errors", "missing"),
            {"work": "async"},
        ),
    ),
    plots=(
        Plot(
            "ping",
            "A cheap request beside CPU work",
            x="library",
            figure="ping_p99",
            y_title="",
            x_title="p99 of /ping, ms",
            series="computes",
            where={"work": "cpu"},
            kind="bar",
        ),
    ),
)
