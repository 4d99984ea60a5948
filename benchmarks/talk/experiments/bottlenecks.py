"""I/O bottleneck and CPU bottleneck, inside the request and outside of it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

import requests

from benchmarks.harness.table import number
from benchmarks.talk.clients import losses
from benchmarks.talk.clients.tasks import Tasks, measured
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Column, Experiment, Plot, Row, Rows, Table, Verdict, ratio
from benchmarks.talk.load import Work
from benchmarks.talk.servers import Running
from benchmarks.talk.site import page_site

SERVER = "gunicorn gthread"
APP = "benchmarks.talk.apps.bottlenecks:app"

#: Threads of the server.
SLOTS = 8

#: Workers of a pool: for waiting more than the server has threads, for computing one for each CPU.
POOLS = {"io": 12, "cpu": 2}

INSIDE = "inside the request"
OUTSIDE = "after a 202"
NO_POOL = "no pool"
SPLITFLAP = "Splitflap"

#: Where the work is done and by which pool, with the path in the application.
WAYS = {
    (INSIDE, NO_POOL): "/inside/none",
    (INSIDE, "thread pool"): "/inside/threads",
    (INSIDE, "process pool"): "/inside/processes",
    (OUTSIDE, "thread pool"): "/outside/threads",
    (OUTSIDE, "process pool"): "/outside/processes",
}

#: The ways of a quick run.
QUICK_WAYS = {
    "io": ((INSIDE, NO_POOL), (INSIDE, "thread pool"), (OUTSIDE, "thread pool")),
    "cpu": ((OUTSIDE, "process pool"),),
}

#: The load, as a share of the peak without a pool.
SHARE = 1.5

#: Requests a second of a quick run: more than its slots can serve.
QUICK_RATE = 150.0

#: Tasks at a kill: no more than the slots, so that each request inside is on its way too.
KILLED = SLOTS


def run(context: Context) -> Sequence[Row]:
    """Each way with each bottleneck. Each way that waits is killed at the end."""
    rows: list[Row] = []
    for work in (context.io(), context.cpu()):
        peak = _peak(context, work)
        for way in context.pick(tuple(WAYS), QUICK_WAYS[work.name]):
            rows += _way(context, work, way, peak)
    return [*rows, _splitflap(context)]


def _peak(context: Context, work: Work) -> float:
    """The most that the server does without a pool."""
    if context.quick:
        return QUICK_RATE
    targets = tuple(f"{WAYS[INSIDE, NO_POOL]}{target}" for target in work.targets)
    with _serving(context, work) as running:
        return context.peak(running, replace(work, targets=targets)).rate


def _way(context: Context, work: Work, way: tuple[str, str], peak: float) -> list[Row]:
    rows, (where, pool), path = [], way, WAYS[way]
    labels = {"work": work.name, "where": where, "pool": pool}
    with _serving(context, work) as running:
        # The first request makes the pool.
        first = path.replace("outside", "inside")
        requests.get(f"{running.url}{first}/{work.name}?number=0", timeout=30).raise_for_status()
        method = "POST" if where == OUTSIDE else "GET"
        targets = [path + target for target in work.targets]
        rate, seconds = max(1.0, peak * SHARE), context.pick(2.5, 0.5)
        tasks = Tasks(running.port, method, targets, work.answers, rate, seconds)
        together = SLOTS if where == INSIDE else POOLS[work.name]
        rows.append(Row(labels, measured(context, running, tasks, together)))
        if work.name == "io" and way not in {(INSIDE, "thread pool"), (INSIDE, "process pool")}:
            lose = losses.with_202 if where == OUTSIDE else losses.without_202
            loss = lose(running, f"{path}/io?number={losses.LONG_PAGE}", KILLED)
            rows.append(Row({**labels, "work": "killed"}, loss.figures()))
    return rows


def _serving(context: Context, work: Work) -> AbstractContextManager[Running]:
    more = {"TALK_POOL": str(POOLS[work.name])}
    return context.serving(SERVER, slots=SLOTS, app=APP, environ=more)


def _splitflap(context: Context) -> Row:
    folder = context.folder / "splitflap"
    folder.mkdir()
    with page_site(losses.SPLITFLAP_PAGE) as site:
        loss = losses.of_splitflap(folder, site.url, KILLED)
    return Row({"work": "killed", "where": OUTSIDE, "pool": SPLITFLAP}, loss.figures())


def verdict(rows: Rows) -> Verdict:
    """From the loads and the kills."""
    io, cpu = rows.where(work="io"), rows.where(work="cpu")
    inside, after = io.one(where=INSIDE, pool=NO_POOL), io.one(where=OUTSIDE, pool="thread pool")
    pooled = io.one(where=INSIDE, pool="thread pool")
    same = cpu.one(where=OUTSIDE, pool="thread pool")
    apart = cpu.one(where=OUTSIDE, pool="process pool")
    helped = (
        after.most("in_flight") > inside.most("in_flight")
        and ratio(same, apart, "ping_p99") > 1
        and ratio(inside, after, "ping_p99") > 1
    )
    return Verdict(
        still_true=(
            ("Yes. " if helped else "Not in this run. ")
            + "The place of the work decides what cheap requests see, and the pool must fit the "
            f"bottleneck. {_lost(rows)}"
        ),
        by_how_much=(
            f"I/O above the peak: inside the request, at most {inside.most('in_flight'):.0f} "
            f"requests wait for the other site, and a `/ping` takes "
            f"{number(inside.median('ping_p99'))} ms at p99. "
            f"With a thread pool inside the request these are {pooled.most('in_flight'):.0f} and "
            f"{number(pooled.median('ping_p99'))} ms: the request holds its thread all the same. "
            f"After a 202 they are {after.most('in_flight'):.0f} and "
            f"{number(after.median('ping_p99'))} ms. "
            "CPU above the peak: after a 202 with a thread pool, a `/ping` takes "
            f"{number(same.median('ping_p99'))} ms at p99, and a task "
            f"{number(same.median('p50'))} ms in the median. "
            f"With a process pool they are {number(apart.median('ping_p99'))} ms and "
            f"{number(apart.median('p50'))} ms. {_memory(io)}"
        ),
        what_to_do=(
            "Take threads for work that waits, and processes for work that computes. "
            "Answer 202 if the work takes longer than a client should hold a thread of the server. "
            "Store what you accepted before you answer 202: a pool in the process forgets it. "
            "Splitflap exists for this: it commits the task before its 202."
        ),
    )


def _memory(io: Rows) -> str:
    threads, processes = (
        io.one(where=OUTSIDE, pool=pool).median("memory")
        for pool in ("thread pool", "process pool")
    )
    return (
        f"A process pool of {POOLS['io']} for I/O takes {number(processes)} MiB in all, and a "
        f"thread pool of that size {number(threads)} MiB."
    )


def _lost(rows: Rows) -> str:
    killed = rows.where(work="killed")
    pools = [each for each in killed if each.has(where=OUTSIDE) and not each.has(pool=SPLITFLAP)]
    accepted = sum(each.total("accepted") for each in pools)
    lost = sum(each.total("lost") for each in pools)
    inside, ours = killed.one(where=INSIDE), killed.one(pool=SPLITFLAP)
    return (
        f"After a kill, the pools in the process had lost {lost:.0f} of {accepted:.0f} accepted "
        f"tasks, and no client was told. Inside the request, {inside.total('broken'):.0f} of "
        f"{inside.total('sent'):.0f} clients saw their connection break and could try again. "
        f"Splitflap lost {ours.total('lost'):.0f} of {ours.total('accepted'):.0f}, and did "
        f"{ours.total('repeated'):.0f} twice."
    )


EXPERIMENT = Experiment(
    name="bottlenecks",
    title="I/O bottleneck and CPU bottleneck",
    claim=(
        "A request can be slow because it waits (I/O) or because it computes (CPU). Threads are "
        "the remedy for the first, and processes for the second. Either may work inside the "
        "request, or outside of it: then the server answers 202 at once, and the client asks a "
        "status URL until the result is there."
    ),
    theory=(
        "Little's law: a request that waits for its pool is in flight all the same, so it holds "
        "one of the server's threads. A 202 ends the request at once, and the server's threads "
        "are free again. Amdahl's law: work under the GIL runs one piece after the other, in "
        "whichever thread, so only another process takes it away from the cheap requests."
    ),
    mistake=(
        "People put a pool into the view and wait for its result there: nothing is gained, for the "
        "request still holds its thread. Or they answer 202 from a pool in the web process. Each "
        "deployment and each crash then forgets what was accepted."
    ),
    run=run,
    verdict=verdict,
    tables=(
        *(
            Table(
                title,
                ("where", "pool"),
                (
                    *("offered", "p50", "p99", "ping_p50", "ping_p99", "right", "wrong", "errors"),
                    *("missing", "ping_failures", "cpu_ms", *in_flight),
                    Column("memory", "memory of all processes, MiB"),
                    Column("accepted", "answered 202", "total"),
                    Column("not_once", "accepted, and not ended exactly once", "total"),
                ),
                {"work": work},
            )
            for work, title, in_flight in (
                ("io", f"Requests that wait (`/io`), {SLOTS} threads", ("in_flight",)),
                ("cpu", f"Requests that compute (`/cpu`), {SLOTS} threads", ()),
            )
        ),
        Table(
            "All processes killed while the work waits for a page",
            ("where", "pool"),
            (
                Column("sent", "requests sent", "total"),
                Column("accepted", "answered 202", "total"),
                Column("broken", "clients that saw a broken connection", "total"),
                Column("lost", "accepted and lost", "total"),
                Column("repeated", "accepted and done twice", "total"),
            ),
            {"work": "killed"},
        ),
    ),
    plots=tuple(
        Plot(
            f"ping-{work}",
            f"A cheap request beside {word}, above the peak",
            x="where",
            figure="ping_p99",
            y_title="",
            x_title="p99 of /ping, ms",
            series="pool",
            where={"work": work},
            kind="bar",
        )
        for work, word in (("io", "work that waits"), ("cpu", "work that computes"))
    ),
)
