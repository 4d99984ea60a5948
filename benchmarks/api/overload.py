"""Figure 5: ten times the load that the whole stack can take.

One API, one renderer with its default number of processes, PostgreSQL, RabbitMQ, all on the same
CPUs; short posts without links. The peak is the best rate of finished posts over closed loops of
several sizes. Then comes an open loop at ten times that rate, with the API's default limits: long
enough for the backlog to become as old as the API lets it, and to be worked off again. Latencies
are those of more requests of the same kind, spread evenly over that time.

The load shares the CPUs with all that it loads. What is left beside it is measured too: the peak
once more, while the same flood goes to an nginx that refuses everything (`refuser.py`). No service
on these CPUs could finish more. How late nginx's refusals are says what of a refusal's time is the
wait for a CPU.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

from benchmarks.api.refuser import refuser
from benchmarks.harness.bench import KEY, Bench, Running, bench, query, rss_kib, wait_drained
from benchmarks.harness.pace import Paced, Plan, pacing, request
from benchmarks.harness.table import Line, at_least, at_most, note, show
from benchmarks.harness.wrk import Loop, flood, posts

ROUNDS = 2

#: Connections of the closed loops, and seconds of each.
LOOPS = (2, 4, 8, 16, 32, 64)
LOOP_SECONDS = 6

#: How many times the peak.
TIMES = 10

#: Seconds of the open loop; all but the first few are judged.
OVERLOAD_SECONDS = 65
JUDGED_SECONDS = 60

#: Connections of the open loop.
CONNECTIONS = 1024

#: Requests per second whose latency is taken.
PROBES = 200

#: A short post without links.
BODY = b'{"text":"a short post"}'
PROBE = request("POST", "/v1/posts", KEY, BODY)

#: Milliseconds that the API keeps a final response by default: when a task ended is that long
#: before its row expires.
RETENTION_MS = 86_400_000

#: Seconds that a backlog may take to be worked off between the measurements.
DRAIN = 180.0


@dataclass
class Overload:
    """What an overload was like, in the part of it that is judged."""

    flood: Loop
    probes: Paced
    finished: float
    #: Of the API, in KiB, second by second from the overload's start.
    memory: list[int] = field(default_factory=list)


def main(arguments: Sequence[str] = ()) -> None:
    """Measure, and print the table."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    lines = {
        "finished": Line("finished posts per second, of the peak", at_least(0.9)),
        "beside": Line("  of the peak beside a flood that somebody else refuses"),
        "offered": Line("requests per second, of the peak"),
        "admitted": Line("p99 ms of admitted requests", at_most(250)),
        "refused": Line("p99 ms of refusals", at_most(50)),
        "idle": Line("  of that nginx's meanwhile"),
        "polite": Line("refusals with Retry-After, %", at_least(100)),
        "share": Line("admitted, % of all"),
        "lost": Line("requests without an answer", at_most(0)),
        "cpu": Line("CPU of the API, % of one"),
        "first": Line("memory of the API, MiB, at the start"),
        "half": Line("  half-way"),
        "last": Line("  at the end"),
    }
    with bench() as it:
        for number in range(rounds):
            note(f"overload: round {number + 1} of {rounds}")
            environ = it.backend()
            with it.api(environ) as api, it.renderer(environ):
                peak = _peak(it, api, environ)
                beside, idle = _beside(it, api, environ, TIMES * peak)
                overload = _overload(it, api, environ, TIMES * peak)
            lines["beside"].add(overload.finished, beside)
            lines["idle"].add(idle)
            _add(lines, peak, overload)
    show(__doc__.partition("\n")[0], *lines.values())


def _add(lines: dict[str, Line], peak: float, overload: Overload) -> None:
    load, probes = overload.flood, overload.probes
    memory = [kib / 1024 for kib in overload.memory]
    admitted, refused = probes.of(202), probes.of(503)
    offered = load.requests + load.refused
    lines["finished"].add(overload.finished, peak)
    lines["offered"].add(offered / load.seconds + PROBES, peak)
    lines["admitted"].add(admitted.quantile(0.99))
    lines["refused"].add(refused.quantile(0.99))
    lines["polite"].add(100 * refused.with_retry_after / max(1, len(refused.latencies)))
    lines["share"].add(100 * len(admitted.latencies) / probes.sent)
    lines["lost"].add(load.lost + probes.lost)
    lines["cpu"].add(load.cpu_us * load.requests / load.seconds / 1e4)
    lines["first"].add(memory[0])
    lines["half"].add(memory[len(memory) // 2])
    lines["last"].add(memory[-1])


def _peak(
    it: Bench,
    api: Running,
    environ: dict[str, str],
    beside: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> float:
    """Finished posts per second in the best of the closed loops, each `beside` something else."""
    posts(api, it.folder, 2, 4)
    best = 0.0
    for connections in LOOPS:
        wait_drained(environ, DRAIN)
        with beside():
            began = _now_ms()
            loop = posts(api, it.folder, LOOP_SECONDS, connections)
            finished = _finished(environ, began + 1000, _now_ms())
        note(f"  {connections} connections: accepted {loop.rate:.0f}/s, finished {finished:.0f}/s")
        best = max(best, finished)
    wait_drained(environ, DRAIN)
    return best


def _beside(it: Bench, api: Running, environ: dict[str, str], rate: float) -> tuple[float, float]:
    """The peak beside a flood that costs the API nothing; the p99 of refusals in that flood, ms."""
    note(f"  beside {rate:.0f} requests a second that nginx refuses:")
    p99s: list[float] = []
    with refuser(it.folder) as other:
        plan = Plan(other.port, PROBES, LOOP_SECONDS, 128, [PROBE])

        @contextmanager
        def refused() -> Iterator[None]:
            load = flood(other, it.folder, BODY, rate - PROBES, LOOP_SECONDS + 1, CONNECTIONS)
            with load, pacing(plan) as probes:
                yield
            p99s.append(probes[0].of(503).quantile(0.99))

        return _peak(it, api, environ, refused), statistics.median(p99s)


def _overload(it: Bench, api: Running, environ: dict[str, str], rate: float) -> Overload:
    warm_up = OVERLOAD_SECONDS - JUDGED_SECONDS
    plan = Plan(api.port, PROBES, OVERLOAD_SECONDS, 128, [PROBE], warm_up)
    memory = [rss_kib(api.pid)]
    load = flood(api, it.folder, BODY, rate - PROBES, OVERLOAD_SECONDS, CONNECTIONS)
    with load as loops, pacing(plan) as probes:
        began = time.monotonic()
        while time.monotonic() - began < OVERLOAD_SECONDS:
            time.sleep(1)
            memory.append(rss_kib(api.pid))
        until = _now_ms()
    finished = _finished(environ, until - JUDGED_SECONDS * 1000, until)
    wait_drained(environ, DRAIN)
    return Overload(loops[0], probes[0], finished, memory)


def _finished(environ: dict[str, str], since: int, until: int) -> float:
    """Posts per second that were done between two times."""
    found = query(
        environ,
        "SELECT count(*) FROM tasks WHERE state = 'done' AND expires_at BETWEEN %s AND %s",
        since + RETENTION_MS,
        until + RETENTION_MS,
    )
    return int(found[0]) * 1000 / (until - since)


def _now_ms() -> int:
    return int(time.time() * 1000)


if __name__ == "__main__":
    main(sys.argv[1:])
