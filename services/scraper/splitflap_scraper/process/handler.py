"""The handler: a job's URL becomes an outcome."""

import logging
import random
from collections.abc import Sequence

import msgspec
from splitflap_core.contracts import Job, ScrapeRequest, ScrapeResult, encode
from splitflap_core.outcomes import Done, Failed, Outcome, RetryLater
from splitflap_core.settings import Network
from splitflap_core.telemetry import Metrics

from splitflap_scraper.fetch.errors import REASONS, FetchError, Transient, family
from splitflap_scraper.fetch.fetcher import Fetcher
from splitflap_scraper.fetch.single_flight import Flights
from splitflap_scraper.fetch.targets.urls import target_of
from splitflap_scraper.preview.builder import Understanding
from splitflap_scraper.preview.cache import Made, MadeLately
from splitflap_scraper.preview.structured.oembed import Providers

logger = logging.getLogger(__name__)

#: Seconds until the second attempt; each later one waits four times as long, with jitter. A post
#: waits 30 s for its previews, in which three attempts of most kinds fit.
RETRY_AFTER = 2.0
RETRY_FACTOR = 4

#: Longest wait (seconds) that a server may ask for and get. For a longer one the URL fails, and
#: the failure is kept for that long, a day at most.
MAX_RETRY_AFTER = 60.0
MAX_KEEP = 86_400.0

#: Characters of a failure's detail that are passed on.
MAX_DETAIL = 300


class Scraper:
    """Makes previews. Knows neither broker nor green threads."""

    def __init__(
        self,
        fetcher: Fetcher,
        allowed: Sequence[Network],
        metrics: Metrics,
        providers: Providers | None = None,
    ) -> None:
        """`allowed` are the networks that pages and images may be in, beside the public ones."""
        self._fetcher = fetcher
        self._understanding = Understanding(allowed, providers or Providers(()))
        self._flights: Flights[Made] = Flights()
        self._lately = MadeLately()
        self._failures = metrics.counter("splitflap_scraper_failures_total")
        for reason in REASONS:
            self._failures.labels(reason)

    def __call__(self, job: Job, request: ScrapeRequest) -> Outcome:
        """What became of the job; never raises for what a server does."""
        try:
            made = self._preview(request.url)
        except FetchError as error:
            self._failures.labels(family(error.reason)).inc()
            logger.info(
                "no preview of %s, attempt %d: %s", _origin(request.url), job.attempt, error
            )
            return _failed(error, job.attempt)
        return Done(msgspec.Raw(encode(ScrapeResult(**vars(made.found), keep=made.keep))))

    def _preview(self, url: str) -> Made:
        """One for all who ask for the same at the same time, however they write it."""
        key = target_of(url).url

        def make() -> Made:
            last = self._lately.get(key)
            with self._fetcher.visit() as visit:
                made = self._understanding.preview(visit, url, last)
            if last is None or made.found is not last.found:
                self._lately.put(key, made)
            return made

        return self._flights.run(key, make, self._fetcher.seconds)


def _failed(error: FetchError, attempt: int) -> Outcome:
    after = _retry_after(error, attempt) if isinstance(error, Transient) else None
    if after is not None:
        return RetryLater(after, error.reason)
    keep = error.keep
    if isinstance(error, Transient) and error.after:
        keep = min(max(keep, error.after), MAX_KEEP)
    return Failed(error.reason, error.detail[:MAX_DETAIL], keep)


def _retry_after(error: Transient, attempt: int) -> float | None:
    """Seconds until the next attempt; None when there is to be none."""
    if attempt >= REASONS[family(error.reason)].attempts or (error.after or 0.0) > MAX_RETRY_AFTER:
        return None
    if error.reason == "busy":
        # The time at which its turn comes.
        return error.after
    backoff: float = RETRY_AFTER * RETRY_FACTOR ** (attempt - 1)
    return max(backoff * random.uniform(0.5, 1.0), error.after or 0.0)  # noqa: S311 - jitter


def _origin(url: str) -> str:
    """What of a URL may be logged."""
    try:
        return target_of(url).origin
    except FetchError:
        return "a bad URL"
