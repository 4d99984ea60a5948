"""Split against unsplit: the same posts for each system."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from benchmarks.harness.table import note
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Experiment, Row, missing_row
from benchmarks.talk.servers import Missing
from benchmarks.talk.split.limits import LIMITS
from benchmarks.talk.split.tables import PLOTS, TABLES
from benchmarks.talk.split.verdict import verdict
from tests.servers.process import MissingBinary

if TYPE_CHECKING:
    from benchmarks.renderer.rivals.redis_server import RedisServer
    from benchmarks.talk.split.system import System

#: Bursts of a full run that count.
REPEATS = 2

#: Posts a second of the load that is the same for all: about half of what the slowest system
#: finishes on two CPUs, RQ apart. RQ forks for every job, and such a rate overloads it.
EQUAL_RATE, QUICK_EQUAL_RATE = 70.0, 15.0
EQUAL_SECONDS = 6.0

#: Seconds after a load until an accepted post counts as unfinished.
PATIENCE = 15.0

#: The same beside a flood.
FLOOD_PATIENCE = 2.0

#: Posts with very slow links, a second: after a few seconds more pages are under way than any of
#: the systems fetches at a time.
FLOOD_RATE = 120.0
QUICK_FLOOD_RATE = 5.0

#: Processes that are killed, if not all of a system's: both sorts of Celery differ in this alone,
#: and the children of RQ's workers end with them.
KILLS = {
    "Celery, two queues": ["links worker"],
    "RQ": ["web", "worker", "broker", "database"],
}

#: The same in a quick run. RQ finds its jobs minutes later, so none is killed.
QUICK_KILLS = {
    **KILLS,
    "Flask alone": ["web"],
    "Celery": ["worker"],
    "taskiq": ["worker"],
}


def run(context: Context) -> Sequence[Row]:
    """All phases on one system after the other."""
    from benchmarks.harness.bench import Bench
    from benchmarks.talk.split import systems

    rows: list[Row] = []
    with ExitStack() as stack:
        bench = Bench(stack)
        sections = context.sizes.sections
        setting = systems.Setting(bench, _redis(stack), context.site.url, sections)
        for name in systems.NAMES:
            note(f"split: {name}")
            try:
                with systems.running(setting, name) as system:
                    rows += _measured(context, system)
            except Missing as error:
                rows += [missing_row(error, system=name, load="burst")]
    return rows


def _redis(stack: ExitStack) -> "RedisServer | None":
    """Redis, if it is installed."""
    from benchmarks.renderer.rivals.redis_server import RedisServer

    try:
        return stack.enter_context(RedisServer("always"))
    except MissingBinary:
        return None


def _measured(context: Context, system: "System") -> list[Row]:
    from benchmarks.talk.split import kills, phases

    # The first burst tells whether the next ones are large. The second one fills all caches.
    found = phases.burst(system, context.pick(100, 20), PATIENCE)
    size = phases.burst_size(found.figures["finished"])
    count = 0 if context.quick else 1 + REPEATS
    bursts = [phases.burst(system, size, PATIENCE) for _ in range(count)][1:] or [found]
    rows = [*bursts, phases.rendering(system)]
    rate, seconds = context.pick((EQUAL_RATE, EQUAL_SECONDS), (QUICK_EQUAL_RATE, 1.0))
    peak = sum(each.figures["finished"] for each in bursts) / len(bursts)
    rows.append(phases.at_rate(system, rate, peak, seconds, PATIENCE))
    if not (context.quick and system.name == "RQ"):
        only = context.pick(KILLS, QUICK_KILLS).get(system.name, ())
        rows += kills.kill_each(system, context.site, only)
    flood = context.pick(("very slow link", FLOOD_RATE, 2.0), ("slow link", QUICK_FLOOD_RATE, 0.5))
    return rows + phases.beside_flood(system, *flood, context.pick(FLOOD_PATIENCE, 4.0))


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
    tables=TABLES,
    plots=PLOTS,
    remarks=(
        (
            f"Each system started once, and had {REPEATS} bursts: their least and most are in "
            "brackets."
        ),
        *LIMITS,
    ),
    rounds=1,
    packages=(
        *("flask", "gunicorn", "celery", "rq", "redis", "fastapi", "taskiq", "taskiq-aio-pika"),
        *("postgres", "rabbitmqctl", "redis-server"),
    ),
)
