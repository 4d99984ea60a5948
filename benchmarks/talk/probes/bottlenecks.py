"""Work inside the request and after a 202, with each pool; then a kill while the work waits."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

import requests

from benchmarks.talk.clients import losses
from benchmarks.talk.clients.tasks import Tasks, measured
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Row
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
NO_POOL, THREADS, PROCESSES = "no pool", "thread pool", "process pool"
SPLITFLAP = "Splitflap"

#: Where the work is done and by which pool, with the path in the application.
WAYS = {
    (INSIDE, NO_POOL): "/inside/none",
    (INSIDE, THREADS): "/inside/threads",
    (INSIDE, PROCESSES): "/inside/processes",
    (OUTSIDE, THREADS): "/outside/threads",
    (OUTSIDE, PROCESSES): "/outside/processes",
}

#: The ways of a quick run.
QUICK_WAYS = {
    "io": ((INSIDE, NO_POOL), (INSIDE, THREADS), (OUTSIDE, THREADS)),
    "cpu": ((OUTSIDE, PROCESSES),),
}

#: The load, as a share of the peak without a pool.
SHARE = 1.5

#: Seconds of the search for the peak, and of each load: computing has few requests a second.
PEAK_SECONDS, QUICK_SECONDS = 2.0, 0.5
SECONDS = {"io": 2.5, "cpu": 4.0}

#: Requests a second of a quick run: more than its slots can serve.
QUICK_RATE = 150.0

#: Tasks at a kill: no more than the slots, so that each request inside is on its way too.
KILLED = SLOTS

#: The ways that are killed: a pool inside the request loses what the request loses.
KILLED_WAYS = ((INSIDE, NO_POOL), (OUTSIDE, THREADS), (OUTSIDE, PROCESSES))


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
        return context.peak(running, replace(work, targets=targets), PEAK_SECONDS).rate


def _way(context: Context, work: Work, way: tuple[str, str], peak: float) -> list[Row]:
    rows, (where, pool), path = [], way, WAYS[way]
    labels = {"work": work.name, "where": where, "pool": pool}
    with _serving(context, work) as running:
        # The first request makes the pool.
        first = path.replace("outside", "inside")
        requests.get(f"{running.url}{first}/{work.name}?number=0", timeout=30).raise_for_status()
        method = "POST" if where == OUTSIDE else "GET"
        targets = [path + target for target in work.targets]
        rate, seconds = max(1.0, peak * SHARE), context.pick(SECONDS[work.name], QUICK_SECONDS)
        tasks = Tasks(running.port, method, targets, work.answers, rate, seconds)
        together = SLOTS if where == INSIDE else POOLS[work.name]
        rows.append(Row(labels, measured(context, running, tasks, together)))
        if work.name == "io" and way in KILLED_WAYS:
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
