"""The tables and figures of `split`."""

from benchmarks.talk.experiment import Column, Plot, Table

_ACCEPTED = Column("accepted", "accepted", "total")
_P50 = Column("p50", "p50 until done, ms")
_P99 = Column("p99", "p99 until done, ms")

BURST = Table(
    "A burst, until all of it is done",
    ("system",),
    (Column("finished", "finished posts/s"), _ACCEPTED, "not_right"),
    {"load": "burst"},
)

CPU = Table(
    "CPU seconds for a thousand posts of the burst",
    ("system",),
    (
        Column("cpu", "in all"),
        Column("bound", "posts/s that the CPUs allow"),
        Column("cpu_web", "web"),
        Column("cpu_workers", "workers"),
        Column("render", "the rendering alone"),
        Column("cpu_broker", "broker"),
        Column("cpu_database", "database"),
    ),
    {"load": "burst"},
)

EQUAL = Table(
    "The same posts a second for all",
    ("system",),
    (
        Column("offered", "posts/s"),
        Column("share", "share of its peak, %"),
        *(_P50, _P99),
        Column("plain_p99", "p99 without links, ms"),
        Column("linked_p99", "p99 with links, less the page's own time, ms"),
        *("ping_p99", "not_right"),
    ),
    {"load": "equal"},
)

KILLS = Table(
    "SIGKILL of each process",
    ("system", "killed"),
    (
        _ACCEPTED,
        Column("refused", "refused", "total"),
        Column("unanswered", "without an answer", "total"),
        Column("unfinished", "unfinished", "total"),
        Column("twice", "done twice", "total"),
        Column("again", "pages fetched twice", "total"),
        Column("wrong", "wrong", "total"),
    ),
    {"load": "kills"},
)

FLOOD = Table(
    "Posts without links, alone and beside a flood of posts with very slow links",
    ("system", "beside"),
    (
        *(_P50, _P99, "ping_p99", _ACCEPTED, "not_right"),
        Column("flood", "accepted of the flood", "total"),
    ),
    {"load": "flood"},
)

TABLES = (BURST, CPU, EQUAL, KILLS, FLOOD)

PLOTS = (
    Plot(
        "finished",
        "Finished posts a second",
        x="system",
        figure="finished",
        y_title="",
        x_title="finished posts a second",
        where={"load": "burst"},
        kind="bar",
    ),
    Plot(
        "flood",
        "Posts without links, alone and beside a flood of slow links",
        x="system",
        figure="p99",
        y_title="",
        x_title="p99 until done, ms",
        series="beside",
        where={"load": "flood"},
        kind="bar",
        log_x=True,
    ),
)
