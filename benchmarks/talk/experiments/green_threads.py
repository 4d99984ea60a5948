"""Green threads: eventlet and gevent, and what blocks all green threads at once."""

from benchmarks.harness.table import number
from benchmarks.talk.experiment import (
    Case,
    Column,
    Experiment,
    Plot,
    Rows,
    Table,
    Verdict,
    bullets,
    but_not_right,
    failures,
    ratio,
)
from benchmarks.talk.probes.green_threads import (
    EARLY,
    LIBRARIES,
    LOCKED,
    SLOTS,
    THREADS,
    TOLD,
    WHOLE,
    YIELDING,
    run,
)
from benchmarks.talk.probes.orders import CPU_RATE, PAIRS

#: The works whose answers should all be right.
USUAL = ("io", "db", "cpu", "many")

#: Green threads are cheap if a waiting request takes less than this share of what a thread takes.
CHEAP = 0.8

#: The drivers that one of the libraries does not reach.
NOT_REACHED = set(TOLD.items())


def verdict(rows: Rows) -> Verdict:
    """Whether the patch makes green threads wait together, and what it does not reach."""
    usual = Rows([each for each in rows if each.labels["work"] in USUAL])
    return Verdict(
        still_true=f"{_together(rows)}{_cheap(rows)} {_blocking(rows)}{but_not_right(usual)}",
        by_how_much=bullets(
            _rates(rows),
            _memory(rows),
            _drivers(rows),
            _starved(rows),
            _deadlocks(rows),
            _broken_views(rows),
        ),
        what_to_do=(
            "Take threads first: they need no patch, and any driver works. "
            "eventlet's own documentation discourages new uses of it, so take gevent for new code. "
            "If you need green threads, patch in the first line of the program, before any other "
            "import. Then send many slow queries at the same time, and count how many the database "
            "runs at the same time: some drivers let through one. "
            "Keep CPU work and async views out of the process."
        ),
    )


def _together(rows: Rows) -> str:
    patched, bare = rows.where(work="io", patched="yes"), rows.where(work="io", patched="no")
    least = min(each.most("in_flight") for each in patched)
    alone = max(each.most("in_flight") for each in bare)
    counts = (
        f"with the patch, {least:.0f} of {SLOTS} green threads waited at the same time, and "
        f"without it {alone:.0f}"
    )
    return f"{'Yes' if least == SLOTS and alone == 1 else 'In part'}: {counts}"


def _blocking(rows: Rows) -> str:
    """The two things that may still block all green threads of a process."""
    names = [
        name
        for name, blocks in (
            ("a database driver that waits in C", bool(_blocked(rows))),
            ("CPU work", not _overtook(rows, WHOLE)),
        )
        if blocks
    ]
    if not names:
        return "Nothing that was tried here blocked all green threads of a process."
    words = " and ".join(names)
    return f"{words[0].upper()}{words[1:]} still stopped all green threads of the process."


def _overtook(rows: Rows, computes: str) -> float:
    return sum(
        rows.one(work="cpu", library=library, computes=computes).total("overtook")
        for library in LIBRARIES
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


def _many(rows: Rows) -> dict[str, Case]:
    """Many waiting requests by library; empty if one could not hold them."""
    many = {str(each.labels["library"]): each for each in rows.where(work="many")}
    return many if all(each.values("waiting_kib") for each in many.values()) else {}


def _cheap(rows: Rows) -> str:
    if not (many := _many(rows)):
        return "."
    share = max(ratio(many[library], many[THREADS], "waiting_kib") for library in LIBRARIES)
    if share < CHEAP:
        return ", and they take less memory than threads."
    return ", but a request that waits takes about as much memory as in a thread."


def _memory(rows: Rows) -> str:
    """What a waiting request costs, when there are many."""
    if not (many := _many(rows)):
        return "Memory: many requests never waited at the same time here, so none is told."
    parts = [f"{number(each.median('waiting_kib'))} KiB in {name}" for name, each in many.items()]
    least = min(each.most("in_flight") for each in many.values())
    return (
        f"Memory: with at least {least:.0f} requests in flight, each took {', '.join(parts)}. "
        "The request itself is in these figures, and it is the same for all."
    )


def _blocked(rows: Rows) -> set[tuple[str, str]]:
    """The libraries and drivers that had one query at a time."""
    return {
        (str(each.labels["library"]), str(each.labels["driver"]))
        for each in rows.where(work="db", waits="as installed")
        if each.most("in_flight") == 1
    }


def _drivers(rows: Rows) -> str:
    """The drivers that let one query run at a time, and what helps."""
    blocked = _blocked(rows)
    if not blocked:
        return "Database: all drivers had several queries in flight, as they are installed."
    names = ", ".join(f"`{driver}` under {library}" for library, driver in sorted(blocked))
    told = [each.most("in_flight") for each in rows.where(work="db", waits="in Python")]
    reason = (
        " `psycopg` recognizes gevent alone, and eventlet patches `psycopg2` alone."
        if blocked == NOT_REACHED
        else ""
    )
    return (
        "Database: as installed, these drivers had one query in flight although the patch was "
        f"there: {names}. Told to wait in Python, they had at least {min(told):.0f}.{reason}"
    )


def _starved(rows: Rows) -> str:
    whole = [rows.one(work="cpu", library=each, computes=WHOLE) for each in LIBRARIES]
    parts = [
        f"from {number(_ping(rows, library, WHOLE))} to {number(_ping(rows, library, YIELDING))} "
        f"ms under {library}"
        for library in LIBRARIES
    ]
    return (
        f"CPU work: of {PAIRS * sum(len(each.values('overtook')) for each in whole)} pings that "
        f"were sent just behind it, {_overtook(rows, WHOLE):.0f} were answered before it. With a "
        f"`sleep(0)` after each part of the text, {_overtook(rows, YIELDING):.0f} were. Beside "
        f"such a load, `sleep(0)` took the p99 of `/ping` {' and '.join(parts)}. "
        f"With threads it was {number(_ping(rows, THREADS, WHOLE))} ms."
    )


def _ping(rows: Rows, library: str, computes: str) -> float:
    return rows.one(work="cpu", library=library, computes=computes).median("ping_p99")


def _deadlocks(rows: Rows) -> str:
    early = rows.where(work="lock", made=EARLY, requests=LOCKED[-1])
    sent = sum(early.total(each) for each in ("right", "wrong", "errors", "missing"))
    return (
        f"A lock made before the patch: of {sent:.0f} requests that wanted it at "
        f"the same time, {early.total('missing'):.0f} got no answer, and "
        f"{early.total('ping_failures'):.0f} of {len(early)} servers no longer answered `/ping`."
    )


def _broken_views(rows: Rows) -> str:
    views = rows.where(work="async")
    sent = sum(views.total(each) for each in ("right", "wrong", "errors", "missing"))
    if not (bad := failures(views)):
        return f"Async views: all {sent:,.0f} answers were right."
    return (
        f"Async views: of {sent:,.0f} requests, {views.total('right'):,.0f} got their answer "
        f"({bad}). All green threads share the event loop of their thread, so a second request "
        "fails while the first one waits."
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
        "of as many threads. But one of them runs until it waits, and no other can. A call that "
        "blocks outside of the "
        "patch, in C or on a lock from before, blocks all of them. So does work that needs CPU, "
        "unless it calls `sleep(0)` of its library: that lets the others run."
    ),
    mistake=(
        "People patch, see waiting requests run side by side, and stop looking. "
        "A database driver in C then lets one query run at a time, with no error and no warning."
    ),
    run=run,
    verdict=verdict,
    packages=("eventlet", "gevent", "greenlet", "psycopg", "psycopg2-binary", "pg8000", "gunicorn"),
    rounds=1,
    tables=(
        Table(
            "Requests that wait (`/io`), at the peak",
            ("library", "patched"),
            ("in_flight", "rate", "cpu_ms", "not_right"),
            {"work": "io"},
        ),
        Table(
            "Many requests that wait for a slow page",
            ("library",),
            ("in_flight", "waiting_kib", "cpu_ms", "not_right"),
            {"work": "many"},
        ),
        Table(
            "Requests that wait for PostgreSQL (`/db`), at the peak, patched",
            ("library", "driver", "waits"),
            (Column("in_flight", "queries in flight", "most"), "rate", "not_right"),
            {"work": "db"},
        ),
        Table(
            f"{CPU_RATE:g} requests a second that compute (`/cpu`), with and without `sleep(0)`",
            ("library", "computes"),
            (
                *("p50", "ping_p50", "ping_p99"),
                Column("overtook", f"pings that overtook, of {PAIRS}", "total"),
                "not_right",
            ),
            {"work": "cpu"},
        ),
        Table(
            "A lock made before the patch, and after it",
            ("library", "made", "requests"),
            ("right", "not_right"),
            {"work": "lock"},
        ),
        Table(
            "Flask's async views on green threads",
            ("library",),
            ("in_flight", "right", "not_right"),
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
