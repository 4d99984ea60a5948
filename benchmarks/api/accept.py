"""The cost of a durable 202 for the API process, beside the same view without a back end.

One API process, 48 connections, posts of 200 bytes, group commit and confirmed publishing,
PostgreSQL and RabbitMQ with quorum queues on the same CPUs. The workers are off at first; later a
renderer runs, and the same process ingests its outcomes. Baseline and subject run in turn for a
few seconds each, so that both meet the same machine. CPU counts until all work of the 202s has
ended: published, confirmed and marked; with the renderer also rendered and ingested.
"""

import time
from dataclasses import dataclass

from benchmarks.harness.bench import KEY, POST, Bench, RunningApi, bench, create_post
from benchmarks.harness.database import query, wait_drained
from benchmarks.harness.pace import PacedLoad, paced, request
from benchmarks.harness.table import Line, Target, at_least, at_most, note, show
from benchmarks.harness.waiting import wait_until
from benchmarks.harness.wrk import closed_loop

#: Rounds with the workers off, and with a renderer.
ROUNDS = 6
ROUNDS_WITH_RENDERER = 3

#: Rounds at half load.
ROUNDS_AT_HALF_LOAD = 3

#: Seconds of one measurement, and of the uncounted load before the first one.
SECONDS = 4
WARM_UP = 2

#: Connections of the closed loop: fewer than the slots of one account, 60 with the defaults.
CONNECTIONS = 48

#: Seconds until every confirmed job is surely marked.
MARK_SECONDS = 1.5

#: Seconds until all accepted posts must be finished.
DRAIN_TIMEOUT = 120

#: Without workers nothing finishes. A long age limit keeps the API from shedding requests for it.
SETTINGS = {"SPLITFLAP_MAX_UNFINISHED_AGE": "3600"}

ACCEPTED = 'splitflap_http_requests_total{endpoint="create_post",status="202"}'


@dataclass(frozen=True)
class Cost:
    """The rate and the CPU of the 202s of one measurement."""

    rate: float
    cpu_us: float


class _Lines:
    """The two lines of one comparison."""

    def __init__(self, when: str, cpu: Target | None = None, rate: Target | None = None) -> None:
        self.cpu = Line(f"CPU us of the API per 202, {when}", cpu)
        self.rate = Line(f"202s per second, {when}", rate)
        self.all = (self.cpu, self.rate)

    def add(self, subject: Cost, baseline: Cost) -> None:
        self.cpu.add(subject.cpu_us, baseline.cpu_us)
        self.rate.add(subject.rate, baseline.rate)


def main() -> None:
    """Measure, and print the table."""
    with bench() as it, it.bare_api() as bare:
        closed_loop(bare, it.folder, WARM_UP, CONNECTIONS)
        lines = _without_workers(it, bare) + _with_renderer(it, bare)
    show("accept: the cost of a durable 202", *lines)


def _without_workers(it: Bench, bare: RunningApi) -> list[Line]:
    lines = _Lines("workers off", at_most(1.25), at_least(0.70))
    p99 = Line("p99 ms at half that load", at_most(50))
    own_delay = Line("  of that, the generator's own delay")
    environ = {**it.backend(), **SETTINGS}
    with it.api(environ) as api:
        _check_queue(it, environ)
        assert _shape(api) == _shape(bare), "the baseline's responses differ"
        closed_loop(api, it.folder, WARM_UP, CONNECTIONS)
        for number in range(ROUNDS):
            note(f"accept, workers off: round {number + 1} of {ROUNDS}")
            lines.add(measure_cost(it, api, environ), measure_cost(it, bare))
        for number, rate in enumerate(lines.rate.subjects[:ROUNDS_AT_HALF_LOAD]):
            note(f"accept, at half load: round {number + 1} of {ROUNDS_AT_HALF_LOAD}")
            _at_half_load(api, rate, p99, own_delay)
        _check_rows(api, environ)
    return [*lines.all, p99, own_delay]


def _with_renderer(it: Bench, bare: RunningApi) -> list[Line]:
    lines = _Lines("renderer on")
    finished = Line("posts per second, from the first to all of them finished")
    environ = {**it.backend(), **SETTINGS}
    with it.api(environ) as api, it.renderer(environ):
        closed_loop(api, it.folder, WARM_UP, CONNECTIONS)
        for number in range(ROUNDS_WITH_RENDERER):
            note(f"accept, renderer on: round {number + 1} of {ROUNDS_WITH_RENDERER}")
            wait_drained(environ, DRAIN_TIMEOUT)
            began, before = time.monotonic(), _finished(environ)
            cost = measure_cost(it, api, environ, drained=True)
            finished.add((_finished(environ) - before) / (time.monotonic() - began))
            lines.add(cost, measure_cost(it, bare))
        _check_rows(api, environ)
    return [*lines.all, finished]


def measure_cost(
    it: Bench, api: RunningApi, environ: dict[str, str] | None = None, *, drained: bool = False
) -> Cost:
    """Run a closed loop, and wait for the work of its 202s (`drained`: also of the renderer)."""
    _wait_answered(api)
    cpu, before = api.cpu(), api.metric(ACCEPTED)
    loop = closed_loop(api, it.folder, SECONDS, CONNECTIONS)
    _wait_answered(api)
    if environ:
        time.sleep(MARK_SECONDS)
        if drained:
            wait_drained(environ, DRAIN_TIMEOUT)
    accepted = api.metric(ACCEPTED) - before
    assert loop.refused == 0, loop
    assert loop.requests <= accepted <= loop.requests + CONNECTIONS, (loop, accepted)
    return Cost(loop.rate, (api.cpu() - cpu) / accepted * 1e6)


def _at_half_load(api: RunningApi, rate: float, p99: Line, own_delay: Line) -> None:
    posts = [request("POST", "/v1/posts", KEY, POST)]
    half = paced(PacedLoad(api.port, rate / 2, SECONDS + 1, CONNECTIONS, posts))
    responses = half.of(202)
    assert len(responses.latencies) == half.sent, half.counts()
    p99.add(responses.quantile(0.99))
    own_delay.add(half.own_delay_p99)


def _shape(api: RunningApi) -> list[str]:
    """The names of a response's headers and members."""
    response = create_post(api, "a post")
    assert response.status_code == 202, response.text
    return [*response.headers, *response.json()]


def _check_queue(it: Bench, environ: dict[str, str]) -> None:
    """Check that the jobs' queue is a quorum queue. The API may declare it after its start."""
    vhost = environ["SPLITFLAP_BROKER_URL"].rpartition("/")[2]
    kinds = (
        "[{binary_to_list(element(4, amqqueue:get_name(Q))), amqqueue:get_type(Q)} || "
        f'Q <- rabbit_amqqueue:list(<<"{vhost}">>)].'
    )

    def is_quorum() -> bool:
        return '{"render",rabbit_quorum_queue}' in "".join(it.rabbitmq.eval(kinds).split())

    wait_until(is_quorum, "a quorum queue called render", 20)


def _check_rows(api: RunningApi, environ: dict[str, str]) -> None:
    """Check that each 202 has a post, a task, and a job unless the task is done."""
    _wait_answered(api)
    rows = query(
        environ,
        "SELECT (SELECT count(*) FROM posts), (SELECT count(*) FROM tasks), "
        "(SELECT count(*) FROM jobs) + (SELECT count(*) FROM tasks WHERE state <> 'running')",
    )
    accepted = api.metric(ACCEPTED)
    assert rows == (accepted, accepted, accepted), (rows, accepted)


def _wait_answered(api: RunningApi) -> None:
    """Wait for the last requests of wrk. It ends before their responses, and the API goes on."""
    wait_until(
        lambda: api.metric("splitflap_http_requests_in_flight") == 0, "the last response", 20
    )


def _finished(environ: dict[str, str]) -> int:
    return int(query(environ, "SELECT count(*) FROM tasks WHERE state <> 'running'")[0])


if __name__ == "__main__":
    main()
