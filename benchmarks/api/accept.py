"""Figure 2: what a durable 202 costs the API process, against the same view with nothing behind.

One API process, 64 connections, posts of 200 bytes, group commit and confirmed publishing on,
PostgreSQL and RabbitMQ with quorum queues on the same CPUs; first with the workers off, then with a
renderer on, whose outcomes the same process ingests. Baseline and subject run in turn for a few
seconds each, so that both meet the same machine. CPU counts until all that a 202 brings with it is
done: published, confirmed and marked, and with the renderer on also rendered and ingested.
"""

import time
from dataclasses import dataclass

from benchmarks.harness.bench import (
    KEY,
    POST,
    Bench,
    Running,
    bench,
    post,
    query,
    wait_drained,
    wait_until,
)
from benchmarks.harness.pace import Plan, paced, request
from benchmarks.harness.table import Line, Target, at_least, at_most, note, show
from benchmarks.harness.wrk import posts

#: Measurements of each, with the workers off and with a renderer on.
ROUNDS = 6
ROUNDS_ON = 3

#: Seconds of one measurement, and of the load before the first that does not count.
SECONDS = 4
WARM_UP = 2

#: Seconds in which what was confirmed is surely marked.
MARKED = 1.5

#: With the workers off nothing is finished, which is no reason to refuse work here.
SETTINGS = {"SPLITFLAP_MAX_UNFINISHED_AGE": "3600"}

ACCEPTED = 'splitflap_http_requests_total{endpoint="create_post",status="202"}'


@dataclass(frozen=True)
class Cost:
    """Of the 202s of one measurement."""

    rate: float
    cpu_us: float


def main() -> None:
    """Measure, and print the table."""
    off = _Lines("workers off", at_most(1.25), at_least(0.70))
    renderer = _Lines("renderer on")
    p99 = Line("p99 ms at half that load", at_most(50))
    own = Line("  of that, the generator's own delay")
    finished = Line("posts per second, from the first to all of them finished")
    with bench() as it, it.bare_api() as bare:
        posts(bare, it.folder, WARM_UP)
        environ = {**it.backend(), **SETTINGS}
        with it.api(environ) as api:
            _check_queue(it, environ)
            assert _shape(api) == _shape(bare), "the baseline answers otherwise"
            posts(api, it.folder, WARM_UP)
            for number in range(ROUNDS):
                note(f"accept, workers off: round {number + 1} of {ROUNDS}")
                off.add(_cost(it, api, environ), _cost(it, bare))
            _at_half_load(api, off.rate.subjects, p99, own)
            _check_rows(api, environ)
        environ = {**it.backend(), **SETTINGS}
        with it.api(environ) as api, it.renderer(environ):
            posts(api, it.folder, WARM_UP)
            for number in range(ROUNDS_ON):
                note(f"accept, renderer on: round {number + 1} of {ROUNDS_ON}")
                wait_drained(environ, 120)
                began, before = time.monotonic(), _finished(environ)
                busy = _cost(it, api, environ, drained=True)
                finished.add((_finished(environ) - before) / (time.monotonic() - began))
                renderer.add(busy, _cost(it, bare))
            _check_rows(api, environ)
    show(__doc__.partition("\n")[0], *off.all, p99, own, *renderer.all, finished)


class _Lines:
    """The two lines of one comparison."""

    def __init__(self, when: str, cpu: Target | None = None, rate: Target | None = None) -> None:
        self.cpu = Line(f"CPU us of the API per 202, {when}", cpu)
        self.rate = Line(f"202s per second, {when}", rate)
        self.all = (self.cpu, self.rate)

    def add(self, subject: Cost, baseline: Cost) -> None:
        self.cpu.add(subject.cpu_us, baseline.cpu_us)
        self.rate.add(subject.rate, baseline.rate)


def _cost(
    it: Bench, api: Running, environ: dict[str, str] | None = None, *, drained: bool = False
) -> Cost:
    """A closed loop, and the wait for all that it brought with it."""
    _wait_answered(api)
    cpu, before = api.cpu(), api.metric(ACCEPTED)
    loop = posts(api, it.folder, SECONDS)
    _wait_answered(api)
    if environ:
        time.sleep(MARKED)
        if drained:
            wait_drained(environ, 120)
    accepted = api.metric(ACCEPTED) - before
    assert loop.refused == 0, loop
    assert loop.requests <= accepted <= loop.requests + 64, (loop, accepted)
    return Cost(loop.rate, (api.cpu() - cpu) / accepted * 1e6)


def _at_half_load(api: Running, rates: list[float], p99: Line, own: Line) -> None:
    for number, rate in enumerate(rates[:3]):
        note(f"accept, at half load: round {number + 1} of 3")
        post_ = request("POST", "/v1/posts", KEY, POST)
        half = paced(Plan(api.port, rate / 2, SECONDS + 1, 64, [post_]))
        answers = half.of(202)
        assert len(answers.latencies) == half.sent, half.counts()
        p99.add(answers.quantile(0.99))
        own.add(half.own_delay_p99)


def _shape(api: Running) -> list[str]:
    """Of what an answer consists: of the same with and without a back end."""
    answer = post(api, "a post")
    assert answer.status_code == 202, answer.text
    return [*answer.headers, *answer.json()]


def _check_queue(it: Bench, environ: dict[str, str]) -> None:
    """The jobs' queue must be a quorum queue. The API may be ready before it has declared it."""
    vhost = environ["SPLITFLAP_BROKER_URL"].rpartition("/")[2]
    kinds = (
        "[{binary_to_list(element(4, amqqueue:get_name(Q))), amqqueue:get_type(Q)} || "
        f'Q <- rabbit_amqqueue:list(<<"{vhost}">>)].'
    )

    def is_quorum() -> bool:
        return '{"render",rabbit_quorum_queue}' in "".join(it.rabbitmq.eval(kinds).split())

    wait_until(is_quorum, "a quorum queue called render", 20)


def _check_rows(api: Running, environ: dict[str, str]) -> None:
    """Every 202 has its rows: a post, a task, and a job unless it is done."""
    _wait_answered(api)
    rows = query(
        environ,
        "SELECT (SELECT count(*) FROM posts), (SELECT count(*) FROM tasks), "
        "(SELECT count(*) FROM jobs) + (SELECT count(*) FROM tasks WHERE state = 'done')",
    )
    said = api.metric(ACCEPTED)
    assert rows == (said, said, said), (rows, said)


def _wait_answered(api: Running) -> None:
    """What wrk has sent last and not waited for is answered all the same."""
    wait_until(lambda: api.metric("splitflap_http_requests_in_flight") == 0, "the last answer", 20)


def _finished(environ: dict[str, str]) -> int:
    return int(query(environ, "SELECT count(*) FROM tasks WHERE state = 'done'")[0])


if __name__ == "__main__":
    main()
