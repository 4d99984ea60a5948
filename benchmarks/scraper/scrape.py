"""How well the scraper waits: against a server with 100 ms latency on loopback.

The ideal is concurrency / latency: each slot is always waiting for the server. Baselines are what
one would otherwise write, with nothing checked and nothing understood: `requests` in a pool of
threads, aiohttp, and Celery with eventlet and requests, its tasks in RabbitMQ. All of them keep
their connections. `fetching` is the fetch with all of its checks; `splitflap` makes a preview of
it too.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.harness.table import Line, at_least, at_most, note, show
from benchmarks.scraper.slow_site import LATENCY
from tests.servers.rabbitmq import RabbitMq

ROUNDS = 2

#: Seconds that each is measured, after one of warming up.
SECONDS = 4.0

SLOTS = 200
MANY = 400
SLOW_SITES = 1000


@contextmanager
def site() -> Iterator[str]:
    """The slow site; its URL."""
    command = [sys.executable, "-m", "benchmarks.scraper.slow_site"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def run(kind: str, url: str, concurrency: int, broker: str = "") -> dict[str, float]:
    """What a fetcher says of itself, in its last line."""
    command = [sys.executable, "-m", "benchmarks.scraper.fetchers", kind, url, str(concurrency)]
    done = subprocess.run(
        [*command, str(SECONDS)],
        env={**os.environ, "BENCH_BROKER_URL": broker},
        stdout=subprocess.PIPE,
        check=True,
        timeout=90,
    )
    said: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return said


def main() -> None:
    """All figures."""
    ours = (("fetching", SLOTS), ("fetching", MANY), ("splitflap", SLOTS))
    programs = (
        *ours,
        *((name, slots) for name in ("requests", "aiohttp", "celery") for slots in (SLOTS, MANY)),
    )
    targets = {("fetching", SLOTS): at_least(0.95), ("fetching", MANY): at_least(0.9)}
    rates = {
        key: Line(f"{key[0]}, {key[1]}: share of {key[1] / LATENCY:,.0f}/s", targets.get(key))
        for key in programs
    }
    costs = {
        key: Line(
            f"{key[0]}, {key[1]}: CPU, us a fetch",
            at_most(300) if key == ("fetching", SLOTS) else None,
        )
        for key in programs
    }
    fast = Line("a fast page beside 1,000 slow ones, by its time alone", at_most(2))
    memory = Line(f"memory with {MANY} pages of 1 MiB in flight, MiB", at_most(150))
    with site() as url, RabbitMq() as rabbitmq:
        for number in range(ROUNDS):
            for key in programs:
                broker = rabbitmq.add_vhost(f"{key[0]}{key[1]}{number}")
                said = run(key[0], f"{url}/page", key[1], broker)
                rates[key].add(said["done"] / said["seconds"] * LATENCY / key[1])
                costs[key].add(said["cpu"] / said["done"] * 1e6)
            note(f"round {number + 1} of {ROUNDS}")
        said = run("beside", f"{url}/page", SLOW_SITES)
        assert said["waiting"] == SLOW_SITES, "all slow pages were under way"
        fast.add(said["among"], said["alone"])
        memory.add(run("memory", f"{url}/big", MANY)["mib"])
    show("Fetches of a page of 2 KB after 100 ms", *rates.values(), *costs.values(), fast, memory)


if __name__ == "__main__":
    main()
