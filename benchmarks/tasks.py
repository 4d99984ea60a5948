"""Figure 4: the p99 of `GET /v1/tasks/{id}` under 90 % of the accept load, against the idle one.

Both are paced at the same few requests a second; the load is posts at a fixed rate, workers off.
"""

from benchmarks.accept import SETTINGS
from benchmarks.harness import KEY, POST, Running, bench, post
from benchmarks.pace import Paced, Plan, paced, pacing, request
from benchmarks.table import Line, at_most, note, show
from benchmarks.wrk import posts

ROUNDS = 3

#: Seconds of one measurement.
SECONDS = 10.0

#: Requests per second for tasks: enough for a p99, too few to be a load.
LOOKS = 60.0

#: The share of the closed loop's rate that is the load.
SHARE = 0.9


def main() -> None:
    """Measure, and print the table."""
    p99 = Line("p99 ms of GET /v1/tasks/{id}", at_most(2))
    p50 = Line("p50 ms")
    load = Line("posts accepted per second meanwhile")
    load_p99 = Line("p99 ms of these posts")
    delay = Line("the generator's own delay, p99 ms")
    with bench() as it:
        for number in range(ROUNDS):
            note(f"tasks: round {number + 1} of {ROUNDS}")
            with it.api({**it.backend(), **SETTINGS}) as api:
                looks = _looks(api)
                rate = posts(api, it.folder, 5).rate * SHARE
                idle = paced(looks)
                posted = Plan(
                    api.port, rate, SECONDS + 1, 64, [request("POST", "/v1/posts", KEY, POST)]
                )
                with pacing(posted) as loads:
                    busy = paced(looks)
            p99.add(_quantile(busy, 0.99), _quantile(idle, 0.99))
            p50.add(_quantile(busy, 0.5), _quantile(idle, 0.5))
            accepted = loads[0].of(202)
            load.add(len(accepted.latencies) / SECONDS)
            load_p99.add(accepted.quantile(0.99))
            delay.add(busy.own_delay_p99, idle.own_delay_p99)
    show(__doc__.partition("\n")[0], p99, p50, load, load_p99, delay)


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
