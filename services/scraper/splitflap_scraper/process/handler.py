"""The handler of scrape jobs: from a URL to an outcome."""

import logging
import random
import time
from collections.abc import Callable

import msgspec
from splitflap_core.contracts import Job, ScrapeRequest, ScrapeResult, encode
from splitflap_core.outcomes import Done, Failed, Outcome, RetryLater
from splitflap_core.telemetry import Metrics
from splitflap_core.urls.addresses import AddressRules

from splitflap_scraper.fetch.errors import FetchError, Transient
from splitflap_scraper.fetch.fetcher import Fetcher
from splitflap_scraper.fetch.single_flight import SingleFlight
from splitflap_scraper.fetch.targets.urls import target_of
from splitflap_scraper.preview.builder import PreviewBuilder
from splitflap_scraper.preview.cache import CachedPreview, PreviewCache
from splitflap_scraper.preview.details.players import DEFAULT_PLAYERS, Players
from splitflap_scraper.preview.favicon import Favicons
from splitflap_scraper.preview.oembed.providers import Providers
from splitflap_scraper.process.reasons import REASONS, WAITS, family, keep_of
from splitflap_scraper.process.stalls import Stalls

logger = logging.getLogger(__name__)

#: Seconds until the second attempt. Each later delay is four times as long, with jitter. A post
#: waits 30 s for its previews; three attempts of most kinds fit into that.
RETRY_AFTER = 2.0
RETRY_FACTOR = 4

#: Longest Retry-After (seconds) that the scraper waits for. After a longer one the URL fails, and
#: the failure stays known for that time, a day at most.
MAX_RETRY_AFTER = 60.0
MAX_KEEP = 86_400.0

#: Characters of a failure's detail in the outcome.
MAX_DETAIL = 300


class ScrapeHandler:
    """Makes previews. It depends on neither the broker nor green threads."""

    def __init__(
        self,
        fetcher: Fetcher,
        rules: AddressRules,
        metrics: Metrics,
        providers: Providers | None = None,
        stalled_since: Callable[[float], bool] = lambda _moment: False,
        players: Players = DEFAULT_PLAYERS,
        favicons: Favicons | None = None,
        *,
        probe_images: bool = False,
    ) -> None:
        """`rules` decide which URLs a preview may show, and `players` where players may stand.

        Without `favicons` no icon is requested.

        `stalled_since`: whether this process has stalled since a time of the monotonic clock.
        """
        self._stalls = Stalls(stalled_since)
        self._fetcher = fetcher
        self._builder = PreviewBuilder(
            rules, providers or Providers(()), players, favicons, probe_images=probe_images
        )
        self._flights: SingleFlight[CachedPreview] = SingleFlight()
        self._cache = PreviewCache()
        self._failures = metrics.counter("splitflap_scraper_failures_total")
        for reason in REASONS:
            self._failures.labels(reason)

    def __call__(self, job: Job, request: ScrapeRequest) -> Outcome:
        """Handle one attempt of a job. Errors of a server become outcomes."""
        began = time.monotonic()
        try:
            preview = self._preview(request.url)
        except FetchError as error:
            self._failures.labels(family(error.reason)).inc()
            logger.info(
                "no preview of %s, attempt %d: %s", _origin(request.url), job.attempt, error
            )
            if isinstance(error, Transient) and self._stalls.excuse(job.id, began):
                # The page had no chance. Its server may be quick.
                return RetryLater(RETRY_AFTER, error.reason, "waited")
            return _failure(error, job.attempt)
        result = ScrapeResult(**msgspec.structs.asdict(preview.fields), keep=preview.keep)
        return Done(msgspec.Raw(encode(result)))

    def _preview(self, url: str) -> CachedPreview:
        """Make a preview, one for all simultaneous requests of a URL in any spelling."""
        key = target_of(url).url

        def make() -> CachedPreview:
            last = self._cache.get(key)
            with self._fetcher.visit() as visit:
                preview = self._builder.preview(visit, url, last)
            if last is None or preview.fields is not last.fields:
                self._cache.put(key, preview)
            return preview

        return self._flights.run(key, make, self._fetcher.deadline)


def _failure(error: FetchError, attempt: int) -> Outcome:
    if error.reason in WAITS and isinstance(error, Transient):
        # The host limits have chosen the time of its slot.
        return RetryLater(error.after or 0.0, error.reason, "waited")
    after = _retry_after(error, attempt) if isinstance(error, Transient) else None
    if after is not None:
        return RetryLater(after, error.reason)
    keep = keep_of(error)
    if isinstance(error, Transient) and error.after:
        keep = min(max(keep, error.after), MAX_KEEP)
    return Failed(error.reason, error.detail[:MAX_DETAIL], keep)


def _retry_after(error: Transient, attempt: int) -> float | None:
    """Return the seconds until the next attempt, or None after the last one."""
    if attempt >= REASONS[family(error.reason)].attempts or (error.after or 0.0) > MAX_RETRY_AFTER:
        return None
    backoff: float = RETRY_AFTER * RETRY_FACTOR ** (attempt - 1)
    return max(backoff * random.uniform(0.5, 1.0), error.after or 0.0)  # noqa: S311 - jitter


def _origin(url: str) -> str:
    """Return the part of a URL for the log."""
    try:
        return target_of(url).origin
    except FetchError:
        return "a bad URL"
