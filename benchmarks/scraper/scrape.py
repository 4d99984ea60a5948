"""The scraper against a server with a latency of 100 ms on loopback.

The ideal rate is concurrency / latency: each slot always waits for the server. The baselines are
common alternatives without checks and previews: `requests` in a pool of threads, aiohttp, and
Celery with eventlet and requests, with its tasks in RabbitMQ. All keep their connections.
`fetching` is the scraper's fetch with all of its checks; `splitflap` also makes a preview.
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

#: Seconds of one measurement, after a second of warm-up.
SECONDS = 4.0

#: Concurrent fetches.
SLOTS = 200
MANY = 400
SLOW_SITES = 1000
FLOOD = 200

#: Name and concurrency of each measured program.
PROGRAMS = (
    *(("fetching", SLOTS), ("fetching", MANY), ("splitflap", SLOTS)),
    *((name, slots) for name in ("requests", "aiohttp", "celery") for slots in (SLOTS, MANY)),
)


def main() -> None:
    """Measure, and print the table."""
    targets = {("fetching", SLOTS): at_least(0.95), ("fetching", MANY): at_least(0.9)}
    rates = {
        key: Line(f"{key[0]}, {key[1]}: share of {key[1] / LATENCY:,.0f}/s", targets.get(key))
        for key in PROGRAMS
    }
    limits = {("fetching", SLOTS): at_most(300)}
    costs = {key: Line(f"{key[0]}, {key[1]}: CPU, us a fetch", limits.get(key)) for key in PROGRAMS}
    with site() as url, RabbitMq() as rabbitmq:
        for number in range(ROUNDS):
            for key in PROGRAMS:
                broker = rabbitmq.add_vhost(f"{key[0]}{key[1]}{number}")
                figures = run(key[0], f"{url}/page", key[1], broker)
                rates[key].add(figures["done"] / figures["seconds"] * LATENCY / key[1])
                costs[key].add(figures["cpu"] / figures["done"] * 1e6)
            note(f"scrape: round {number + 1} of {ROUNDS}")
        lines = [*rates.values(), *costs.values(), *_slow_and_large(url)]
    show("scrape: fetches of a page of 2 KB after 100 ms", *lines)


def _slow_and_large(url: str) -> tuple[Line, Line, Line]:
    fast = Line("a fast page beside 1,000 slow ones, by its time alone", at_most(2))
    memory = Line(f"memory with {MANY} pages of 1 MiB in flight, MiB", at_most(150))
    figures = run("beside", f"{url}/page", SLOW_SITES)
    assert figures["waiting"] == SLOW_SITES, "not all slow pages were in flight"
    fast.add(figures["among"], figures["alone"])
    memory.add(run("memory", f"{url}/big", MANY)["mib"])
    return fast, _flooded(url), memory


def _flooded(url: str) -> Line:
    line = Line(f"a fast page beside {FLOOD} slots of hostile ones, by its time alone", at_most(2))
    figures = run("flood", f"{url}/page", FLOOD)
    assert figures["pages"] > FLOOD, "the hostile pages were few"
    line.add(figures["among"], figures["alone"])
    return line


@contextmanager
def site() -> Iterator[str]:
    """The URL of a slow site, which runs while the block does."""
    command = [sys.executable, "-m", "benchmarks.scraper.slow_site"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def run(fetcher: str, url: str, concurrency: int, broker: str = "") -> dict[str, float]:
    """Run a fetcher in a process of its own, and return its figures."""
    command = [sys.executable, "-m", "benchmarks.scraper.fetchers"]
    done = subprocess.run(
        [*command, fetcher, url, str(concurrency), str(SECONDS)],
        env={**os.environ, "BENCH_BROKER_URL": broker},
        stdout=subprocess.PIPE,
        check=True,
        timeout=90,
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


if __name__ == "__main__":
    main()
