"""Split against unsplit: the same posts for five systems."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from benchmarks.harness.table import note
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Column, Experiment, Plot, Row, Table
from benchmarks.talk.split.verdict import verdict

if TYPE_CHECKING:
    from benchmarks.talk.split.system import System

#: Bursts, and loads at half, of a full run: each system starts once.
REPEATS = 2

#: Seconds that a burst is meant to take, and of a load at half of the peak.
BURST_SECONDS, HALF_SECONDS = 4.0, 3.0

#: Seconds after a load until an accepted post counts as lost.
PATIENCE = 15.0

#: Seconds after a flood until a post beside it counts as unfinished.
FLOOD_PATIENCE = 4.0

#: Splitflap among the systems.
SPLITFLAP = "Splitflap"

#: Posts with very slow links, a second: after a few seconds more pages are under way than any of
#: the systems fetches at a time.
FLOOD_RATE = 80.0
QUICK_FLOOD_RATE = 5.0


def run(context: Context) -> Sequence[Row]:
    """All phases on one system after the other."""
    from benchmarks.harness.bench import Bench
    from benchmarks.renderer.rivals.redis_server import RedisServer
    from benchmarks.talk.split import systems

    rows = []
    with ExitStack() as stack:
        bench = Bench(stack)
        redis = stack.enter_context(RedisServer("always"))
        setting = systems.Setting(bench, redis, context.site.url, context.sizes.sections)
        for name in systems.NAMES:
            note(f"split: {name}")
            with systems.running(setting, name) as system:
                rows += _measured(context, system)
    return rows


def _measured(context: Context, system: "System") -> list[Row]:
    from benchmarks.talk.split import kills, phases

    rows = []
    # The first burst only tells how large the next ones are.
    found = phases.burst(system, context.pick(60, 20), PATIENCE)
    for _ in range(0 if context.quick else REPEATS):
        size = phases.burst_size(found.figures["finished"], BURST_SECONDS)
        found = phases.burst(system, size, PATIENCE)
        half = phases.at_half(system, found.figures["finished"], HALF_SECONDS, PATIENCE)
        rows += [found, half]
    if context.quick:
        rows.append(found)
    rows.append(phases.rendering(system))
    # A quick run asks the rivals nothing that they do not promise.
    if not context.quick or system.name == SPLITFLAP:
        rows += kills.kill_each(system, context.site, context.pick(1.6, 1.0), PATIENCE)
    kind, rate, seconds = context.pick(
        ("very slow link", FLOOD_RATE, 4.0), ("slow link", QUICK_FLOOD_RATE, 0.5)
    )
    return rows + phases.beside_flood(system, kind, rate, seconds, FLOOD_PATIENCE)


_COUNTS = (
    Column("accepted", "accepted", "total"),
    Column("refused", "refused", "total"),
    Column("unanswered", "without an answer", "total"),
)
_TWICE = Column("twice", "done twice", "total")
_WRONG = Column("wrong", "wrong", "total")
_LOST = Column("lost", "lost", "total")
_P50 = Column("p50", "p50 until done, ms")
_P99 = Column("p99", "p99 until done, ms")

EXPERIMENT = Experiment(
    name="split",
    title="Split against unsplit",
    claim=(
        "A request that renders a text and fetches its links holds a slot of the web server, and "
        "slow work starves cheap requests. Answer at once with an address, and let workers do the "
        "work: one kind for what computes, another kind for what waits."
    ),
    theory=(
        "Little's law: a system that works on N posts at a time, each for S seconds, finishes at "
        "most N / S of them a second. A flood of posts with slow pages takes all N slots, and "
        "every other post waits behind it, unless it has slots of its own. "
        "A queue adds CPU for each post, so at the peak a split system finishes fewer of them, or "
        "it saves CPU elsewhere."
    ),
    mistake=(
        "People put all work into one queue with one pool of workers. The web process stays "
        "quick, and the queue starves in its place: a text without links waits for the slow pages "
        "of others. They also trust the defaults of a task queue, and lose the tasks of a killed "
        "worker."
    ),
    run=run,
    verdict=verdict,
    tables=(
        Table(
            "A burst, until all of it is done",
            ("system",),
            (
                Column("finished", "finished posts/s"),
                *(*_COUNTS, _LOST, _TWICE, _WRONG),
            ),
            {"load": "burst"},
        ),
        Table(
            "CPU seconds for a thousand posts of the burst",
            ("system",),
            (
                Column("cpu", "in all"),
                Column("cpu_web", "web"),
                Column("cpu_workers", "workers"),
                Column("render", "the rendering alone"),
                Column("cpu_broker", "broker"),
                Column("cpu_database", "database"),
            ),
            {"load": "burst"},
        ),
        Table(
            "Half of its own peak",
            ("system",),
            (
                *("offered", _P50, _P99),
                Column("plain_p50", "p50 without links, ms"),
                Column("plain_p99", "p99 without links, ms"),
                *("ping_p50", "ping_p99", "ping_failures", *_COUNTS, _LOST, _TWICE, _WRONG),
            ),
            {"load": "half"},
        ),
        Table(
            "SIGKILL of each process",
            ("system", "killed"),
            (
                *(*_COUNTS, _LOST, _TWICE),
                Column("again", "page fetched again", "total"),
                _WRONG,
            ),
            {"load": "kills"},
        ),
        Table(
            "Posts without links, alone and beside a flood of posts with very slow links",
            ("system", "beside"),
            (
                *(_P50, _P99, "ping_p99", "ping_failures", *_COUNTS),
                Column("unfinished", "unfinished", "total"),
                _WRONG,
                Column("flood", "accepted of the flood", "total"),
            ),
            {"load": "flood"},
        ),
    ),
    plots=(
        Plot(
            "finished",
            "Finished posts a second",
            x="system",
            figure="finished",
            y_title="finished posts a second",
            where={"load": "burst"},
            kind="bar",
        ),
        Plot(
            "flood",
            "Posts without links, alone and beside a flood of slow links",
            x="system",
            figure="p99",
            y_title="p99 until done, ms",
            series="beside",
            where={"load": "flood"},
            kind="bar",
            log_y=True,
        ),
    ),
    rounds=1,
    packages=("flask", "gunicorn", "celery", "rq", "redis", "fastapi", "taskiq", "taskiq-aio-pika"),
)
