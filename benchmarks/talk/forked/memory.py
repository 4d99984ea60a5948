"""The memory of forked workers, and what makes them copy the pages that they share."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import requests

from benchmarks.harness.processes import private_and_shared_mib
from benchmarks.talk import load, servers
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Label, Row
from benchmarks.talk.load import Load
from benchmarks.talk.servers import Running
from tests.support import descendants

SERVER = servers.TABLE["gunicorn sync"]

#: Processes of a run.
COUNTS = (1, 2, 4)
QUICK_COUNTS = (1, 4)

#: Options and environment of each way to fork.
FORKS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "each imports": ((), {}),
    "preload": (("--preload",), {}),
    "preload and freeze": (("--preload",), {"TALK_FREEZE": "1"}),
}

#: What happens to a worker's memory, in this order.
MOMENTS = ("start", "requests", "garbage collection", "read of all data")
START, REQUESTS, COLLECTION, SEARCH = MOMENTS

#: The requests that make them.
TARGETS = {COLLECTION: "collect", SEARCH: "search"}

#: Requests a second between the start and the collection; their seconds, full and quick; sections
#: of their texts.
REQUEST_RATE = 40
REQUEST_SECONDS = (1.0, 0.3)
SECTIONS = 4

#: Rounds of requests until each worker has answered one; far more than it takes.
TRIES = 200


def memory(context: Context) -> list[Row]:
    """The memory of a larger application, for each way to fork."""
    rows = []
    entries = context.pick("200000", "20000")
    for fork, (options, environ) in FORKS.items():
        for count in context.pick(COUNTS, QUICK_COUNTS[-1:]):
            with context.serving(
                SERVER.with_options(*options),
                processes=count,
                app="benchmarks.talk.apps.large:app",
                environ={"TALK_OBJECTS": entries, "TALK_SECTIONS": str(SECTIONS), **environ},
            ) as running:
                moments = MOMENTS if count == COUNTS[-1] else MOMENTS[:2]
                labels: dict[str, Label] = {"part": "memory", "fork": fork, "processes": count}
                rows += _moments(running, moments, context.pick(*REQUEST_SECONDS), labels)
    return rows


def _moments(
    running: Running, moments: Sequence[str], seconds: float, labels: Mapping[str, Label]
) -> list[Row]:
    rows = []
    for moment in moments:
        if moment == REQUESTS:
            few = Load(running.port, REQUEST_RATE, seconds, REQUEST_RATE, fresh=True, warm_up=0.0)
            load.send_alone(few, load.cpu(SECTIONS))
        elif moment in TARGETS:
            _reach_each(running, TARGETS[moment])
        rows.append(Row({**labels, "after": moment}, _sizes(running)))
    return rows


def _reach_each(running: Running, target: str) -> None:
    """Send requests until each worker has answered one. An answer is the worker's process id.

    Several go at a time, because a worker that is busy leaves the next one to the others.
    """

    def answered(_: object) -> int:
        return int(requests.get(f"{running.url}/{target}", timeout=30).text)

    missing = set(descendants(running.service.pid))
    with ThreadPoolExecutor(len(missing)) as pool:
        for _ in range(TRIES):
            missing.difference_update(pool.map(answered, sorted(missing)))
            if not missing:
                return
    raise AssertionError(f"{len(missing)} workers answered nothing to /{target}")


def _sizes(running: Running) -> dict[str, float]:
    workers = [private_and_shared_mib(pid) for pid in descendants(running.service.pid)]
    private, shared = (sum(each) / len(workers) for each in zip(*workers, strict=True))
    return {"all_mib": running.pss_kib() / 1024, "private_mib": private, "shared_mib": shared}
