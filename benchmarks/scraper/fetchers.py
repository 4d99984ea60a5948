"""The programs that scrape.py compares, each in its own process: fetches in a closed loop.

    python -m benchmarks.scraper.fetchers NAME URL CONCURRENCY SECONDS

Prints JSON: fetches done, the seconds they took, the CPU seconds of the process, its peak memory.
"""

import asyncio
import json
import os
import resource
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

from benchmarks.scraper.slow_site import LATENCY


class Loop:
    """Counts what is done in the time that is measured, after a second of warming up."""

    #: Seconds before those that are measured.
    WARM_UP = 1.0

    def __init__(self, seconds: float) -> None:
        self.start(seconds)

    def start(self, seconds: float) -> None:
        """Begin anew, for so many seconds."""
        self.begin = time.monotonic() + self.WARM_UP
        self.end = self.begin + seconds
        self.done = 0
        self._cpu = 0.0
        self._began = False

    def one_more(self) -> bool:
        """Count a fetch; whether there is to be another."""
        now = time.monotonic()
        if not self._began and now >= self.begin:
            self._began, self.begin, self._cpu, self.done = True, now, time.process_time(), 0
        self.done += 1
        return now < self.end

    def report(self) -> dict[str, float]:
        """What was measured; the last fetches end a little after their time, and count."""
        took, cpu = time.monotonic() - self.begin, time.process_time() - self._cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {"done": self.done, "seconds": took, "cpu": cpu, "mib": peak}


def in_threads(loop: Loop, concurrency: int, fetch: Callable[[], None]) -> None:
    """The same in so many threads, green ones where threads are."""

    def run() -> None:
        fetch()
        while loop.one_more():
            fetch()

    threads = [threading.Thread(target=run) for _ in range(concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def splitflap_scraper(concurrency: int, *, only_fetch: bool = False) -> Callable[[str], Any]:
    """The scraper's handler as its process has it, with all checks: robots.txt, limits, addresses.

    The limits themselves are out of reach, so that they are counted and do not count.
    """
    from splitflap_scraper.process import green

    green.patch()
    import msgspec
    from splitflap_core.contracts import Job, ScrapeRequest
    from splitflap_core.outcomes import Done
    from splitflap_core.telemetry import Metrics
    from splitflap_scraper.fetch.deadline import TimeLimit
    from splitflap_scraper.fetch.fetcher import Fetcher
    from splitflap_scraper.preview.readers import reader_for
    from splitflap_scraper.process.gc_tuning import collect_rarely
    from splitflap_scraper.process.handler import ScrapeHandler
    from splitflap_scraper.process.settings import ScraperSettings

    settings = ScraperSettings(
        concurrency=concurrency,
        scraper_allow_nets="127.0.0.1/32",
        scrape_limit_own=True,
        scrape_host_rate=10_000,
        scrape_host_concurrency=5_000,
    )
    metrics = Metrics("scraper")
    time_limit = TimeLimit(green.deadline, green.DeadlineExceeded)
    fetcher = Fetcher(settings.fetch_config(), time_limit, metrics)
    scraper = ScrapeHandler(fetcher, settings.allowed, metrics)
    collect_rarely()
    number = iter(range(sys.maxsize))

    def fetch(url: str) -> None:
        # A URL of its own each time: the same at the same time would be one fetch.
        job = Job("j", "scrape", 1, time.time(), msgspec.Raw(b"{}"))
        outcome = scraper(job, ScrapeRequest(f"{url}?{next(number)}"))
        assert isinstance(outcome, Done), outcome

    def fetch_only(url: str) -> None:
        with fetcher.visit() as visit:
            visit.get(f"{url}?{next(number)}", reader_for)

    return fetch_only if only_fetch else fetch


def fetching(url: str, concurrency: int, seconds: float) -> dict[str, float]:
    """This scraper's fetch: all checks, the page read and decoded, nothing made of it."""
    fetch = splitflap_scraper(concurrency, only_fetch=True)
    loop = Loop(seconds)
    in_threads(loop, concurrency, lambda: fetch(url))
    return loop.report()


def splitflap(url: str, concurrency: int, seconds: float) -> dict[str, float]:
    """This scraper: fetched, read and understood."""
    fetch = splitflap_scraper(concurrency)
    loop = Loop(seconds)
    in_threads(loop, concurrency, lambda: fetch(url))
    return loop.report()


def requests(url: str, concurrency: int, seconds: float) -> dict[str, float]:
    """`requests` in a pool of threads, a session each with its connection; nothing is checked."""
    import requests as library

    local = threading.local()

    def fetch() -> None:
        if not hasattr(local, "session"):
            local.session = library.Session()
        assert local.session.get(url, timeout=10).text

    loop = Loop(seconds)
    in_threads(loop, concurrency, fetch)
    return loop.report()


def aiohttp(url: str, concurrency: int, seconds: float) -> dict[str, float]:
    """aiohttp, one session with as many connections; nothing is checked."""
    import aiohttp as library

    async def main() -> dict[str, float]:
        connector = library.TCPConnector(limit=concurrency)
        async with library.ClientSession(connector=connector) as session:
            loop = Loop(seconds)

            async def run() -> None:
                more = True
                while more:
                    async with session.get(url) as response:
                        assert await response.text()
                    more = loop.one_more()

            await asyncio.gather(*[run() for _ in range(concurrency)])
            return loop.report()

    return asyncio.run(main())


def celery(url: str, concurrency: int, seconds: float) -> dict[str, float]:
    """Celery with eventlet, nearly its defaults, one session of `requests`; nothing is checked.

    The tasks are in the queue (RabbitMQ, at BENCH_BROKER_URL) before it starts.
    """
    # eventlet says that it is deprecated, and Celery that it is root's.
    warnings.simplefilter("ignore")
    import eventlet

    eventlet.monkey_patch()
    import requests as library
    from celery import Celery

    app = Celery("bench", broker=os.environ["BENCH_BROKER_URL"])
    app.conf.update(
        task_ignore_result=True,
        worker_redirect_stdouts=False,
        # Or each green thread would look for the back end's entry point: 3 ms of CPU a task.
        result_backend_thread_safe=True,
    )
    session = library.Session()
    session.mount("http://", library.adapters.HTTPAdapter(pool_maxsize=concurrency))
    loop = Loop(float("inf"))

    def fetch(where: str) -> None:
        assert session.get(where, timeout=10).text
        if loop.done == 0:
            # The first of them: until now the worker was starting.
            loop.start(seconds)
        if not loop.one_more():
            print(json.dumps(loop.report()), flush=True)
            os._exit(0)

    task = app.task(fetch)
    most = int((seconds + Loop.WARM_UP) * concurrency / LATENCY)
    with app.producer_or_acquire() as producer:
        for _ in range(most):
            task.apply_async((url,), producer=producer)
    options = ["-P", "eventlet", "-c", str(concurrency), "--without-gossip", "--without-mingle"]
    app.worker_main(["worker", *options, "-l", "error"])
    raise AssertionError("the worker has ended before the measurement")


def memory(url: str, concurrency: int, _seconds: float) -> dict[str, float]:
    """This scraper, with so many fetches in flight, once."""
    fetch = splitflap_scraper(concurrency)
    began = time.monotonic()
    in_threads(Loop(-1.0), concurrency, lambda: fetch(url))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"done": concurrency, "seconds": time.monotonic() - began, "cpu": 0.0, "mib": peak}


def beside(url: str, concurrency: int, _seconds: float) -> dict[str, float]:
    """A fast page alone, and beside so many slow ones: the median seconds of each."""
    fetch = splitflap_scraper(concurrency)
    slow = url.replace("/page", "/slow")

    def median() -> float:
        times = []
        for _ in range(15):
            began = time.monotonic()
            fetch(url)
            times.append(time.monotonic() - began)
        return sorted(times)[len(times) // 2]

    alone = median()
    threads = [threading.Thread(target=fetch, args=(slow,)) for _ in range(concurrency)]
    for thread in threads:
        thread.start()
    time.sleep(3)
    among = median()
    waiting = sum(thread.is_alive() for thread in threads)
    for thread in threads:
        thread.join()
    return {"alone": alone, "among": among, "waiting": waiting}


KINDS = {
    each.__name__: each for each in (splitflap, fetching, requests, aiohttp, celery, memory, beside)
}


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    name, where, many, period = sys.argv[1:]
    print(json.dumps(KINDS[name](where, int(many), float(period))))
