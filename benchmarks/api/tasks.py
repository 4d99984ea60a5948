"""The p99 of `GET /v1/tasks/{id}` under 90 % of the accept load, beside the idle one.

Both are polls at the same few requests a second. The load is posts at a fixed rate, with the
workers off. The same generator makes the load and the closed loop that gives its rate. A more
expensive generator would take CPU from the API, and the load would be above 90 %.

The load, its generator, the database and the broker share the CPUs with the polled process. A
second measurement shows their part: polls of a second API process on the same database, without a
load of its own, while the first one has the same load.
"""

from dataclasses import replace

from benchmarks.api.accept import SETTINGS
from benchmarks.harness.bench import KEY, POST, Bench, RunningApi, bench, create_post
from benchmarks.harness.pace import PacedLoad, PacedResult, paced, request
from benchmarks.harness.table import Line, at_most, note, show
from benchmarks.harness.wrk import closed_loop, flood

ROUNDS = 3

#: Seconds of one measurement.
SECONDS = 10

#: Seconds of the closed loop that gives the rate.
LOOP_SECONDS = 5

#: Polls per second: enough for a p99, too few to be a load.
POLLS = 60.0

#: The load as a share of the closed loop's rate.
SHARE = 0.9

#: Connections of the load.
CONNECTIONS = 64


def main() -> None:
    """Measure, and print the table."""
    lines = _Lines()
    with bench() as it:
        for number in range(ROUNDS):
            note(f"tasks: round {number + 1} of {ROUNDS}")
            lines.measure(it)
    show("tasks: polls of tasks under 90 % of the accept load", *vars(lines).values())


class _Lines:
    """The lines of the table, in its order."""

    def __init__(self) -> None:
        self.p99 = Line("p99 ms of GET /v1/tasks/{id}", at_most(2))
        self.p50 = Line("p50 ms")
        self.second_p99 = Line("  of another API process, which has no load, p99")
        self.second_p50 = Line("    p50")
        self.load = Line("posts accepted per second meanwhile, of 90 %")
        self.load_p99 = Line("p99 ms of these posts")
        self.delay = Line("the generator's own delay, p99 ms")

    def measure(self, it: Bench) -> None:
        """Run one round, and add its figures."""
        environ = {**it.backend(), **SETTINGS}
        with it.api(environ) as api:
            polls = _polls(api)
            rate = closed_loop(api, it.folder, LOOP_SECONDS).rate * SHARE
            idle = paced(polls)
            with flood(api, it.folder, POST, rate, SECONDS + 1, CONNECTIONS) as loads:
                busy = paced(polls)
            with it.api(environ) as second:
                second_polls = replace(polls, port=second.port)
                second_idle = paced(second_polls)
                with flood(api, it.folder, POST, rate, SECONDS + 1, CONNECTIONS):
                    second_busy = paced(second_polls)
        self.p99.add(_quantile(busy, 0.99), _quantile(idle, 0.99))
        self.p50.add(_quantile(busy, 0.5), _quantile(idle, 0.5))
        self.second_p99.add(_quantile(second_busy, 0.99), _quantile(second_idle, 0.99))
        self.second_p50.add(_quantile(second_busy, 0.5), _quantile(second_idle, 0.5))
        self.load.add(loads[0].rate, rate)
        self.load_p99.add(loads[0].p99_ms)
        self.delay.add(busy.own_delay_p99, idle.own_delay_p99)


def _polls(api: RunningApi) -> PacedLoad:
    """Polls of a hundred tasks in turn."""
    locations = [create_post(api, "a post").headers["Location"] for _ in range(100)]
    gets = [request("GET", location, KEY) for location in locations]
    return PacedLoad(api.port, POLLS, SECONDS, 16, gets)


def _quantile(result: PacedResult, share: float) -> float:
    responses = result.of(202)
    assert len(responses.latencies) == result.sent, result.counts()
    return responses.quantile(share)


if __name__ == "__main__":
    main()
