"""Ten times the load that the whole stack can finish.

One API, one renderer with its default number of processes, PostgreSQL, RabbitMQ, all on the same
CPUs; short posts without links. The peak is the best rate of finished posts over closed loops of
several sizes. Then an open loop offers ten times that rate, with the API's default limits. It lasts
until the backlog has reached its age limit and is worked off again. Latencies are those of more
requests of the same kind, spread evenly over that time.

The load shares the CPUs with the services. A second measurement shows how much it takes: the peak
again, while an nginx refuses the same flood (nginx_refuser.py). No service on these CPUs could
finish more. The delay of nginx's refusals shows how long a refusal waits for a CPU.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

from benchmarks.api.nginx_refuser import nginx_refuser
from benchmarks.harness.bench import KEY, Bench, RunningApi, bench
from benchmarks.harness.database import query, wait_drained
from benchmarks.harness.pace import PacedLoad, PacedResult, pacing, request
from benchmarks.harness.processes import rss_kib
from benchmarks.harness.table import Line, at_least, at_most, note, show
from benchmarks.harness.wrk import WrkResult, closed_loop, flood

ROUNDS = 2

#: Connections of the closed loops, and seconds of each.
LOOPS = (2, 4, 8, 16, 32, 64)
LOOP_SECONDS = 6

#: The overload as a multiple of the peak.
OVERLOAD_FACTOR = 10

#: Seconds of the open loop, and the last seconds of it that count.
OVERLOAD_SECONDS = 65
COUNTED_SECONDS = 60

#: Connections of the open loop.
CONNECTIONS = 1024

#: Requests per second whose latency is taken, and their connections.
PROBES = 200
PROBE_CONNECTIONS = 128

#: A short post without links.
BODY = b'{"text":"a short post"}'
PROBE = request("POST", "/v1/posts", KEY, BODY)

#: The API's default retention of a final response, in milliseconds. The row of a task expires so
#: long after the task has ended.
RETENTION_MS = 86_400_000

#: Seconds until a backlog must be worked off, between the measurements.
DRAIN_TIMEOUT = 180.0


@dataclass
class Overload:
    """The result of an overload, for the seconds that count."""

    flood: WrkResult
    probes: PacedResult
    #: Finished posts per second.
    finished: float
    #: Memory of the API in KiB, each second from the start of the overload.
    memory: list[int] = field(default_factory=list)


def main(arguments: Sequence[str] = ()) -> None:
    """Measure, and print the table. The argument is the number of rounds."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    lines = _lines()
    with bench() as it:
        for number in range(rounds):
            note(f"overload: round {number + 1} of {rounds}")
            environ = it.backend()
            with it.api(environ) as api, it.renderer(environ):
                peak = _peak(it, api, environ)
                beside, refusal_p99 = _peak_beside_nginx(it, api, environ, OVERLOAD_FACTOR * peak)
                overload = _overload(it, api, environ, OVERLOAD_FACTOR * peak)
            lines["beside"].add(overload.finished, beside)
            lines["idle"].add(refusal_p99)
            _add(lines, peak, overload)
    show("overload: ten times the load that the stack can finish", *lines.values())


def _lines() -> dict[str, Line]:
    return {
        "finished": Line("finished posts per second, of the peak", at_least(0.9)),
        "beside": Line("  of the peak beside a flood that nginx refuses"),
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
    api: RunningApi,
    environ: dict[str, str],
    beside: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> float:
    """Finished posts per second in the best closed loop, each `beside` another load."""
    closed_loop(api, it.folder, 2, 4)
    best = 0.0
    for connections in LOOPS:
        wait_drained(environ, DRAIN_TIMEOUT)
        with beside():
            began = _now_ms()
            loop = closed_loop(api, it.folder, LOOP_SECONDS, connections)
            finished = _finished(environ, began + 1000, _now_ms())
        note(f"  {connections} connections: accepted {loop.rate:.0f}/s, finished {finished:.0f}/s")
        best = max(best, finished)
    wait_drained(environ, DRAIN_TIMEOUT)
    return best


def _peak_beside_nginx(
    it: Bench, api: RunningApi, environ: dict[str, str], rate: float
) -> tuple[float, float]:
    """The peak beside a flood that nginx refuses, and the p99 of those refusals in ms."""
    note(f"  beside {rate:.0f} requests a second that nginx refuses:")
    p99s: list[float] = []
    with nginx_refuser(it.folder) as nginx:
        probe_load = PacedLoad(nginx.port, PROBES, LOOP_SECONDS, PROBE_CONNECTIONS, [PROBE])

        @contextmanager
        def refused() -> Iterator[None]:
            load = flood(nginx, it.folder, BODY, rate - PROBES, LOOP_SECONDS + 1, CONNECTIONS)
            with load, pacing(probe_load) as probes:
                yield
            p99s.append(probes[0].of(503).quantile(0.99))

        return _peak(it, api, environ, refused), statistics.median(p99s)


def _overload(it: Bench, api: RunningApi, environ: dict[str, str], rate: float) -> Overload:
    warm_up = OVERLOAD_SECONDS - COUNTED_SECONDS
    probe_load = PacedLoad(api.port, PROBES, OVERLOAD_SECONDS, PROBE_CONNECTIONS, [PROBE], warm_up)
    memory = [rss_kib(api.pid)]
    load = flood(api, it.folder, BODY, rate - PROBES, OVERLOAD_SECONDS, CONNECTIONS)
    with load as results, pacing(probe_load) as probes:
        began = time.monotonic()
        while time.monotonic() - began < OVERLOAD_SECONDS:
            time.sleep(1)
            memory.append(rss_kib(api.pid))
        until = _now_ms()
    finished = _finished(environ, until - COUNTED_SECONDS * 1000, until)
    wait_drained(environ, DRAIN_TIMEOUT)
    return Overload(results[0], probes[0], finished, memory)


def _finished(environ: dict[str, str], since_ms: int, until_ms: int) -> float:
    """Finished posts per second between two times."""
    found = query(
        environ,
        "SELECT count(*) FROM tasks WHERE state <> 'running' AND expires_at BETWEEN %s AND %s",
        since_ms + RETENTION_MS,
        until_ms + RETENTION_MS,
    )
    return int(found[0]) * 1000 / (until_ms - since_ms)


def _now_ms() -> int:
    return int(time.time() * 1000)


if __name__ == "__main__":
    main(sys.argv[1:])
