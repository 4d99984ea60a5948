"""Whether API processes on one database wait for each other's commits.

A commit takes 5 ms here (`commit_delay`), as on a slower disk or with a synchronous standby.
Commits overlap unless one of them waits for a row that another one has locked.

First each process gets a few posts a second, with the workers off. The CPUs are no limit then: the
table shows how much of them is used. Then each process gets closed loops, and a renderer runs.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.api.accept import SETTINGS
from benchmarks.harness.bench import KEY, POST, Bench, RunningApi, bench
from benchmarks.harness.database import execute, query, wait_drained
from benchmarks.harness.pace import Latencies, PacedLoad, paced, request
from benchmarks.harness.table import Line, Target, at_most, note, show
from benchmarks.harness.wrk import closed_loop

ROUNDS = 2

#: API processes. The first number is the baseline.
COUNTS = (1, 2, 4, 8)

#: Microseconds by which PostgreSQL delays each flush of its log.
COMMIT_DELAY = 5_000

#: Posts a second for each process, and connections that send them.
POSTS = 10.0
CONNECTIONS = 8

#: Seconds of one measurement, the uncounted first ones among them.
SECONDS = 12
WARM_UP = 2

#: Seconds of closed loops, and their connections for each process.
LOOP_SECONDS = 6
LOOP_CONNECTIONS = 2

#: Seconds until all posts of the closed loops must be finished.
DRAIN_TIMEOUT = 120


class _Lines:
    """The lines for one number of processes."""

    def __init__(self, count: int) -> None:
        self.p50 = Line(f"p50 ms of a 202, {count} processes")
        self.p99 = Line("  p99", _target(count))
        self.cpus = Line("  CPUs in use")
        self.finished = Line(f"posts per second until all are finished, {count} processes")
        self.loop_cpus = Line("  CPUs in use")


def main() -> None:
    """Measure, and print the table."""
    lines = {count: _Lines(count) for count in COUNTS}
    with bench() as it:
        _delay_commits(it)
        for number in range(ROUNDS):
            note(f"replicas: round {number + 1} of {ROUNDS}")
            _measure(it, lines, _accept)
            _measure(it, lines, _finish)
    show(
        "replicas: API processes on one database",
        *(o for e in lines.values() for o in vars(e).values()),
    )


def _target(count: int) -> Target | None:
    return at_most(1.5) if count == COUNTS[-1] else None


def _delay_commits(it: Bench) -> None:
    settings = {"commit_delay": COMMIT_DELAY, "commit_siblings": 0}
    server = {"SPLITFLAP_DATABASE_URL": it.postgres.url}
    for name, value in settings.items():
        execute(server, f"ALTER ROLE CURRENT_USER SET {name} = {value}")
    began = time.monotonic()
    for _ in range(10):
        execute(server, "SELECT pg_current_xact_id(); CREATE TEMP TABLE probe (id INT)")
    assert time.monotonic() - began >= 10 * COMMIT_DELAY / 1e6, "commits take no longer"


_Figures = dict[str, float]


def _measure(
    it: Bench,
    lines: dict[int, _Lines],
    figures_of: Callable[[Bench, Sequence[RunningApi], dict[str, str]], _Figures],
) -> None:
    """Measure each number of processes, on one database."""
    environ = {**it.backend(), **SETTINGS}
    baseline: _Figures = {}
    with ExitStack() as stack:
        apis: list[RunningApi] = []
        for count in COUNTS:
            apis += [stack.enter_context(it.api(environ)) for _ in range(count - len(apis))]
            figures = figures_of(it, apis, environ)
            baseline = baseline or figures
            for name, value in figures.items():
                line: Line = getattr(lines[count], name)
                line.add(value, None if name.endswith("cpus") else baseline[name])


def _accept(_it: Bench, apis: Sequence[RunningApi], _environ: dict[str, str]) -> _Figures:
    """Latencies of a few posts a second for each process."""
    posts = [request("POST", "/v1/posts", KEY, POST)]
    loads = [PacedLoad(each.port, POSTS, SECONDS, CONNECTIONS, posts, WARM_UP) for each in apis]
    with ThreadPoolExecutor(len(apis)) as senders, _cpus_in_use() as cpus:
        results = list(senders.map(paced, loads))
    assert all(len(each.of(202).latencies) == each.sent for each in results)
    all_of_them = Latencies([ms for each in results for ms in each.of(202).latencies])
    return {"p50": all_of_them.quantile(0.5), "p99": all_of_them.quantile(0.99), "cpus": cpus[0]}


def _finish(it: Bench, apis: Sequence[RunningApi], environ: dict[str, str]) -> _Figures:
    """Posts of closed loops, by the time until all of them are finished."""

    def loop(api: RunningApi) -> None:
        closed_loop(api, it.folder, LOOP_SECONDS, LOOP_CONNECTIONS)

    with it.renderer(environ), ThreadPoolExecutor(len(apis)) as loops, _cpus_in_use() as cpus:
        before, began = _posts(environ), time.monotonic()
        list(loops.map(loop, apis))
        wait_drained(environ, DRAIN_TIMEOUT)
        rate = (_posts(environ) - before) / (time.monotonic() - began)
    return {"finished": rate, "loop_cpus": cpus[0]}


def _posts(environ: dict[str, str]) -> int:
    return int(query(environ, "SELECT count(*) FROM posts")[0])


@contextmanager
def _cpus_in_use() -> Iterator[list[float]]:
    """The CPUs of the machine that were busy during the block, on average."""
    used: list[float] = []
    busy, began = _busy_seconds(), time.monotonic()
    yield used
    used.append((_busy_seconds() - busy) / (time.monotonic() - began))


def _busy_seconds() -> float:
    """All CPU seconds but those of idle and of waiting for disks."""
    first = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    user, nice, system, _idle, _wait, *more = map(int, first.split()[1:9])
    return (user + nice + system + sum(more)) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
