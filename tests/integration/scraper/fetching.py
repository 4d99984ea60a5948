"""A fetcher for the sites of the tests, and one attempt of a job."""

import socket
import ssl
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
import pytest
from splitflap_core.contracts import Job, ScrapeRequest
from splitflap_core.outcomes import Outcome
from splitflap_core.telemetry import Metrics
from splitflap_scraper.fetch.deadline import TimeLimit
from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.fetcher import Fetcher
from splitflap_scraper.fetch.request import FetchResult, check_status
from splitflap_scraper.fetch.targets.resolver import Resolve
from splitflap_scraper.preview.readers import AnyReader, PageReader, UnknownReader, reader_for
from splitflap_scraper.process.handler import ScrapeHandler
from splitflap_scraper.process.settings import ScraperSettings

from tests.integration.scraper.site import Site

Serve = Callable[..., Site]


def is_green() -> bool:
    """Whether this process has green threads."""
    return "splitflap_scraper.process.green" in sys.modules


def time_limit() -> TimeLimit:
    """Return the timer of the service in a patched process, else a timer that does nothing."""
    if is_green():
        from splitflap_scraper.process import green

        return TimeLimit(green.deadline, green.DeadlineExceeded)
    return TimeLimit(lambda _seconds: nullcontext(), TimeoutError)


@dataclass(frozen=True)
class Page:
    """The parts of a page for the tests of the fetch."""

    url: str
    head: str
    keep: float


class PageFetcher(Fetcher):
    """A fetcher for single pages."""

    def fetch(self, url: str) -> Page:
        """Return the page at a URL, after its redirects."""
        with self.visit() as visit:
            answer: FetchResult[AnyReader] = visit.get(url, reader_for)
        check_status(answer.head.status, answer.head.headers)
        reader = answer.reader.reader if isinstance(answer.reader, UnknownReader) else answer.reader
        titles = reader.document().titles if isinstance(reader, PageReader) else []
        head = "".join(f"<title>{title}</title>" for title in titles)
        return Page(answer.head.url, head, answer.keep)


def make_fetcher(
    resolve: Resolve | None = None, *, metrics: Metrics | None = None, **settings: Any
) -> PageFetcher:
    """Make a fetcher for loopback. It ignores robots.txt by default."""
    ours = {"scraper_allow_nets": "127.0.0.1/32", "scrape_deadline": 10, "scrape_robots": False}
    chosen = msgspec.convert({**ours, **settings}, ScraperSettings)
    tls = chosen.tls() if chosen.scraper_ca_file else default_tls()
    counted = metrics or Metrics("scraper")
    config = chosen.fetch_config(tls)
    return PageFetcher(config, time_limit(), counted, resolve or socket.getaddrinfo)


@cache
def default_tls() -> ssl.SSLContext:
    """Load the system's CA certificates once, because it is slow."""
    return ScraperSettings().tls()


def refused(fetcher: PageFetcher, url: str) -> FetchError:
    """Return the error of a fetch."""
    with pytest.raises(FetchError) as error:
        fetcher.fetch(url)
    return error.value


def answers(*addresses: str) -> Callable[..., list[tuple[Any, ...]]]:
    """Make a resolver with one answer for each lookup. The last one repeats."""
    rest = list(addresses)

    def resolve(_host: bytes, port: int, *_: object) -> list[tuple[Any, ...]]:
        each = rest.pop(0) if len(rest) > 1 else rest[0]
        return [(0, 0, 0, "", (address, port)) for address in each.split()]

    return resolve


def scrape(handler: ScrapeHandler, url: str, attempt: int = 1) -> Outcome:
    """Return the outcome of one attempt of a job."""
    job = Job("j", "scrape", attempt, time.time(), msgspec.Raw(b"{}"))
    return handler(job, ScrapeRequest(url))
