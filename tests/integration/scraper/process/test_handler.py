"""The outcomes of jobs, by error and attempt."""

import logging
import time
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest
from splitflap_core.contracts import Job, ScrapeRequest, ScrapeResult
from splitflap_core.outcomes import Done, Failed, Outcome, RetryLater
from splitflap_core.telemetry import Metrics
from splitflap_core.urls.addresses import PUBLIC_ONLY, AddressRules
from splitflap_scraper.process.handler import ScrapeHandler

from tests.integration.scraper.fetching import Serve, make_fetcher, scrape
from tests.integration.scraper.site import page

LOOPBACK = AddressRules((ip_network("127.0.0.0/8"),))


def scraped(url: str, attempt: int = 1, **settings: Any) -> Outcome:
    """Return the outcome of one attempt."""
    job = Job("j1", "scrape", attempt, time.time(), msgspec.Raw(b"{}"))
    return ScrapeHandler(make_fetcher(**settings), LOOPBACK, Metrics("scraper"))(
        job, ScrapeRequest(url)
    )


def test_a_page_is_done_with_all_fields(serve: Serve) -> None:
    """The lifetime is that of the page."""
    site = serve(
        page(
            "<title>T</title><meta name=description content=D>"
            "<meta property=og:image content=/i><meta property=og:site_name content=S>",
            "Cache-Control: max-age=1000",
        )
    )
    outcome = scraped(site.url())
    assert isinstance(outcome, Done)
    result = msgspec.json.decode(outcome.result, type=ScrapeResult)
    assert result == ScrapeResult("T", "D", site.url("/i"), "S", keep=1000, type="website")


def test_an_empty_page_is_done(serve: Serve) -> None:
    """Its preview is empty."""
    outcome = scraped(serve(page("")).url())
    assert isinstance(outcome, Done)
    assert msgspec.json.decode(outcome.result) == {"keep": 86_400, "type": "website"}


@pytest.mark.parametrize(("attempt", "least", "most"), [(1, 1, 2), (2, 4, 8)])
def test_an_overloaded_server_is_retried(
    serve: Serve, attempt: int, least: float, most: float
) -> None:
    """The delays grow, with jitter."""
    outcome = scraped(serve(page("", status="503 X")).url(), attempt)
    assert isinstance(outcome, RetryLater)
    assert outcome.reason == "http_503"
    assert least <= outcome.after <= most


def test_the_third_attempt_is_the_last(serve: Serve) -> None:
    """The API's own limit is five attempts."""
    outcome = scraped(serve(page("", status="503 X")).url(), attempt=3)
    assert outcome == Failed("http_503", "status 503", 1800)


def test_a_retry_after_sets_the_delay(serve: Serve) -> None:
    """A Retry-After above a minute fails the URL for that time, a day at most."""
    sites = [
        serve(page("", f"Retry-After: {seconds}", status="429 X"))
        for seconds in (60, 7200, 31_536_000)
    ]
    minute, hours, year = (scraped(site.url()) for site in sites)
    assert isinstance(minute, RetryLater)
    assert minute.after == 60
    assert hours == Failed("http_429", "status 429", 7200)
    assert year == Failed("http_429", "status 429", 86_400)


def test_timeouts_are_tried_twice(serve: Serve) -> None:
    """A timeout holds its slot longer than any other failure."""
    site = serve(lambda _sock, _request: time.sleep(0.3))
    assert isinstance(scraped(site.url(), 1, scrape_deadline=0.1), RetryLater)
    outcome = scraped(site.url(), 2, scrape_deadline=0.1)
    assert isinstance(outcome, Failed)
    assert outcome.reason == "timeout"
    assert outcome.keep == 600


def test_a_final_error_fails_at_once() -> None:
    """There is no second attempt."""
    outcome = scraped("http://10.0.0.1/")
    assert isinstance(outcome, Failed)
    assert outcome.reason == "forbidden_address"
    assert outcome.keep == 3600


def test_logs_contain_no_secret_of_a_url(caplog: pytest.LogCaptureFixture) -> None:
    """Credentials, path and query may be secret."""
    with caplog.at_level(logging.DEBUG):
        scraped("http://user:hunter2@10.0.0.1/reset/hunter3?token=hunter4#hunter5")
        scraped("http://user:hunter6@[::1/")
    assert "no preview of http://10.0.0.1, attempt 1: forbidden_address" in caplog.text
    assert "hunter" not in caplog.text


def test_failures_are_counted_by_reason() -> None:
    """The metric has a label for the reason."""
    metrics = Metrics("scraper")
    scrape(ScrapeHandler(make_fetcher(), PUBLIC_ONLY, metrics), "ftp://a.test/")
    assert b'splitflap_scraper_failures_total{reason="bad_url"} 1.0' in metrics.exposition()
