"""Figure 4: the p99 of `GET /v1/tasks/{id}` under 90 % of the accept load, against the idle one.

Both are paced at the same few requests a second; the load is posts at a fixed rate, workers off.
The load and the loop that its rate comes from are made by the same generator: a dearer one would
take from the API what the loop left to it, and the load would be more than 90 %.

The load, its generator, the database and the broker share the CPUs with the process that is looked
at. What that alone does to a look is measured too: a second API process on the same database, idle
but for the looks, while the first has the same load.
"""

from dataclasses import replace

from benchmarks.api.accept import SETTINGS
from benchmarks.harness.bench import KEY, POST, Running, bench, post
from benchmarks.harness.pace import Paced, Plan, paced, request
from benchmarks.harness.table import Line, at_most, note, show
from benchmarks.harness.wrk import flood, posts

ROUNDS = 3

#: Seconds of one measurement.
SECONDS = 10

#: Requests per second for tasks: enough for a p99, too few to be a load.
LOOKS = 60.0

#: The share of the closed loop's rate that is the load.
SHARE = 0.9


def main() -> None:
    """Measure, and print the table."""
    p99 = Line("p99 ms of GET /v1/tasks/{id}", at_most(2))
    p50 = Line("p50 ms")
    other = Line("  of another API process, which has no load, p99")
    other_p50 = Line("    p50")
    load = Line("posts accepted per second meanwhile, of 90 %")
    load_p99 = Line("p99 ms of these posts")
    delay = Line("the generator's own delay, p99 ms")
    with bench() as it:
        for number in range(ROUNDS):
            note(f"tasks: round {number + 1} of {ROUNDS}")
            environ = {**it.backend(), **SETTINGS}
            with it.api(environ) as api:
                looks = _looks(api)
                rate = posts(api, it.folder, 5).rate * SHARE
                idle = paced(looks)
                with flood(api, it.folder, POST, rate, SECONDS + 1, 64) as loads:
                    busy = paced(looks)
                with it.api(environ) as second:
                    beside = replace(looks, port=second.port)
                    idle_beside = paced(beside)
                    with flood(api, it.folder, POST, rate, SECONDS + 1, 64):
                        busy_beside = paced(beside)
            p99.add(_quantile(busy, 0.99), _quantile(idle, 0.99))
            p50.add(_quantile(busy, 0.5), _quantile(idle, 0.5))
            other.add(_quantile(busy_beside, 0.99), _quantile(idle_beside, 0.99))
            other_p50.add(_quantile(busy_beside, 0.5), _quantile(idle_beside, 0.5))
            load.add(loads[0].rate, rate)
            load_p99.add(loads[0].p99_ms)
            delay.add(busy.own_delay_p99, idle.own_delay_p99)
    show(__doc__.partition("\n")[0], p99, p50, other, other_p50, load, load_p99, delay)


def _looks(api: Running) -> Plan:
    """Looks at a hundred tasks in turn."""
    places = [post(api, "a post").headers["Location"] for _ in range(100)]
    gets = [request("GET", place, KEY) for place in places]
    return Plan(api.port, LOOKS, SECONDS, 16, gets)


def _quantile(looks: Paced, share: float) -> float:
    answers = looks.of(202)
    assert len(answers.latencies) == looks.sent, looks.counts()
    return answers.quantile(share)


if __name__ == "__main__":
    main()
