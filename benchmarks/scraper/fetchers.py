"""Runs one of the fetchers that scrape.py compares, in a closed loop.

    python -m benchmarks.scraper.fetchers NAME URL CONCURRENCY SECONDS

Prints JSON: the number of fetches, the seconds, the CPU seconds and the peak memory (MiB) of this
process. The other programs check nothing: neither robots.txt nor limits nor addresses.
"""

import asyncio
import json
import os
import sys
import threading
import warnings

from benchmarks.harness.processes import allow_many_files
from benchmarks.scraper.fetch_loop import FetchLoop, in_threads
from benchmarks.scraper.own_fetchers import beside, fetching, flood, memory, splitflap
from benchmarks.scraper.slow_site import LATENCY


def requests(url: str, concurrency: int, seconds: float) -> dict[str, float]:
    """`requests` in a pool of threads, each with a session and its connection."""
    import requests as library

    local = threading.local()

    def fetch() -> None:
        if not hasattr(local, "session"):
            local.session = library.Session()
        assert local.session.get(url, timeout=10).text

    loop = FetchLoop(seconds)
    in_threads(loop, concurrency, fetch)
    return loop.report()


def aiohttp(url: str, concurrency: int, seconds: float) -> dict[str, float]:
    """Fetch by aiohttp, one session with as many connections."""
    import aiohttp as library

    async def main() -> dict[str, float]:
        connector = library.TCPConnector(limit=concurrency)
        async with library.ClientSession(connector=connector) as session:
            loop = FetchLoop(seconds)

            async def run() -> None:
                more = True
                while more:
                    async with session.get(url) as response:
                        assert await response.text()
                    more = loop.count()

            await asyncio.gather(*[run() for _ in range(concurrency)])
            return loop.report()

    return asyncio.run(main())


def celery(url: str, concurrency: int, seconds: float) -> dict[str, float]:
    """Celery with eventlet, nearly default settings, and one session of `requests`.

    Its tasks are in the queue (RabbitMQ, at BENCH_BROKER_URL) before the worker starts.
    """
    # eventlet warns that it is deprecated, Celery that it runs as root.
    warnings.simplefilter("ignore")
    import eventlet

    eventlet.monkey_patch()
    import requests as library
    from celery import Celery

    app = Celery("bench", broker=os.environ["BENCH_BROKER_URL"])
    app.conf.update(
        task_ignore_result=True,
        worker_redirect_stdouts=False,
        # Without it each green thread searches the back end's entry point: 3 ms of CPU a task.
        result_backend_thread_safe=True,
    )
    session = library.Session()
    session.mount("http://", library.adapters.HTTPAdapter(pool_maxsize=concurrency))
    loop = FetchLoop(float("inf"))

    def fetch(where: str) -> None:
        assert session.get(where, timeout=10).text
        if loop.done == 0:
            # The first fetch: the worker's start is not measured.
            loop.start(seconds)
        if not loop.count():
            print(json.dumps(loop.report()), flush=True)
            os._exit(0)

    task = app.task(fetch)
    most = int((seconds + FetchLoop.WARM_UP) * concurrency / LATENCY)
    with app.producer_or_acquire() as producer:
        for _ in range(most):
            task.apply_async((url,), producer=producer)
    options = ["-P", "eventlet", "-c", str(concurrency), "--without-gossip", "--without-mingle"]
    app.worker_main(["worker", *options, "-l", "error"])
    raise AssertionError("the worker ended before the measurement")


_ALL = (splitflap, fetching, requests, aiohttp, celery, memory, beside, flood)
FETCHERS = {each.__name__: each for each in _ALL}


if __name__ == "__main__":
    allow_many_files()
    name, where, many, period = sys.argv[1:]
    print(json.dumps(FETCHERS[name](where, int(many), float(period))))
