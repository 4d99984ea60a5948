"""This scraper's fetchers for scrape.py. Each runs in a process of its own (fetchers.py)."""

import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING

from benchmarks.scraper.fetch_loop import FetchLoop, in_threads, peak_mib

if TYPE_CHECKING:
    from splitflap_scraper.fetch.fetcher import Fetcher
    from splitflap_scraper.process.handler import ScrapeHandler

#: Fetches of a fast page whose median is taken.
FAST_FETCHES = 15

#: Seconds until all slow fetches have begun.
SLOW_START_SECONDS = 3.0


def splitflap_scraper(
    concurrency: int, *, only_fetch: bool = False, may_fail: bool = False
) -> Callable[[str], None]:
    """A function that scrapes one URL as a scraper process does (or only fetches its page).

    All checks run: robots.txt, limits, addresses. The limits are too high to be reached, so that
    the figures include their cost and no delay.
    """
    # eventlet's patch must come before all imports of the scraper.
    from splitflap_scraper.process import green

    green.patch()
    import msgspec
    from splitflap_core.contracts import Job, ScrapeRequest
    from splitflap_core.outcomes import Done
    from splitflap_scraper.preview.readers import reader_for

    fetcher, handler = _fetcher_and_handler(concurrency)
    number = iter(range(sys.maxsize))

    def scrape(url: str) -> None:
        # Each URL is different: concurrent jobs with one URL would share a fetch.
        job = Job("j", "scrape", 1, time.time(), msgspec.Raw(b"{}"))
        outcome = handler(job, ScrapeRequest(f"{url}?{next(number)}"))
        assert may_fail or isinstance(outcome, Done), outcome

    def fetch(url: str) -> None:
        with fetcher.visit() as visit:
            visit.get(f"{url}?{next(number)}", reader_for)

    return fetch if only_fetch else scrape


def _fetcher_and_handler(concurrency: int) -> tuple["Fetcher", "ScrapeHandler"]:
    from splitflap_core.telemetry import Metrics
    from splitflap_scraper.fetch.deadline import TimeLimit
    from splitflap_scraper.fetch.fetcher import Fetcher
    from splitflap_scraper.preview.favicon import Favicons
    from splitflap_scraper.process import green
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
    handler = ScrapeHandler(fetcher, settings.address_rules, metrics, favicons=Favicons())
    collect_rarely()
    return fetcher, handler


def fetching(url: str, concurrency: int, seconds: float) -> dict[str, float]:
    """Fetches with all checks; the page is read and decoded, without a preview."""
    fetch = splitflap_scraper(concurrency, only_fetch=True)
    loop = FetchLoop(seconds)
    in_threads(loop, concurrency, lambda: fetch(url))
    return loop.report()


def splitflap(url: str, concurrency: int, seconds: float) -> dict[str, float]:
    """Fetches with all checks, and a preview of each page."""
    fetch = splitflap_scraper(concurrency)
    loop = FetchLoop(seconds)
    in_threads(loop, concurrency, lambda: fetch(url))
    return loop.report()


def memory(url: str, concurrency: int, _seconds: float) -> dict[str, float]:
    """One fetch in each thread, all at the same time: the peak memory."""
    fetch = splitflap_scraper(concurrency)
    began = time.monotonic()
    in_threads(FetchLoop(-1.0), concurrency, lambda: fetch(url))
    seconds = time.monotonic() - began
    return {"done": concurrency, "seconds": seconds, "cpu": 0.0, "mib": peak_mib()}


def beside(url: str, concurrency: int, _seconds: float) -> dict[str, float]:
    """A fast page alone, and beside slow ones: the median seconds of each."""
    fetch = splitflap_scraper(concurrency)
    slow = url.replace("/page", "/slow")

    alone = _median(fetch, url)
    threads = [threading.Thread(target=fetch, args=(slow,)) for _ in range(concurrency)]
    for thread in threads:
        thread.start()
    time.sleep(SLOW_START_SECONDS)
    among = _median(fetch, url)
    waiting = sum(thread.is_alive() for thread in threads)
    for thread in threads:
        thread.join()
    return {"alone": alone, "among": among, "waiting": waiting}


def flood(url: str, concurrency: int, _seconds: float) -> dict[str, float]:
    """A fast page alone, and beside a flood of hostile pages: the median seconds of each."""
    fetch = splitflap_scraper(concurrency, may_fail=True)
    numbers, is_over = count(), threading.Event()

    def hostile() -> None:
        while not is_over.is_set():
            fetch(url.replace("/page", f"/hostile/{next(numbers)}"))

    alone = _median(fetch, url)
    threads = [threading.Thread(target=hostile) for _ in range(concurrency)]
    for thread in threads:
        thread.start()
    time.sleep(SLOW_START_SECONDS)
    among, before = _median(fetch, url), next(numbers)
    is_over.set()
    for thread in threads:
        thread.join()
    return {"alone": alone, "among": among, "pages": before}


def _median(fetch: Callable[[str], None], url: str) -> float:
    times = []
    for _ in range(FAST_FETCHES):
        began = time.monotonic()
        fetch(url)
        times.append(time.monotonic() - began)
    return sorted(times)[len(times) // 2]
