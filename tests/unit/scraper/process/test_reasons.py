"""The reasons why there is no preview: one table, and nothing beside it."""

import re
from pathlib import Path

import pytest
import splitflap_scraper
from splitflap_scraper.fetch.errors import FetchError, Transient, status_error
from splitflap_scraper.process.reasons import REASONS, family, keep_of

SOURCES = "".join(
    path.read_text(encoding="utf-8")
    for path in Path(splitflap_scraper.__file__).parent.rglob("*.py")
)


def test_every_reason_is_listed() -> None:
    """What is raised is in the table, and what is in the table is raised."""
    said = set(re.findall(r'(?:FetchError|Transient|kind|Failed)\(\s*"([a-z_]+)"', SOURCES))
    said |= {"http_3xx", "http_4xx", "http_5xx"}  # by status_error
    said |= {"timeout", "refused"}  # by _connect, which chooses
    assert said == set(REASONS)


def test_reasons_fit() -> None:
    """The API stores 50 characters of a reason, and gives a job five attempts."""
    for word, reason in REASONS.items():
        assert len(word) <= 50
        assert reason.keep >= 60
        assert 1 <= reason.attempts <= 5
        assert (reason.attempts > 1) == bool(reason.passing)


@pytest.mark.parametrize("status", [300, 304, 400, 403, 404, 408, 425, 429, 499, 500, 503, 599])
def test_statuses(status: int) -> None:
    """A reason says the status; a metric only its class."""
    error = status_error(status, None)
    assert error.reason == f"http_{status}"
    assert family(error.reason) == f"http_{status // 100}xx"


@pytest.mark.parametrize("status", [600, 999])
def test_statuses_of_no_class(status: int) -> None:
    """They are not HTTP's, and so end in no endless set of words."""
    assert status_error(status, None).reason == "bad_response"


def test_what_may_pass() -> None:
    """Load and time, as the table says; 501 and 505 will not."""
    passing = {each for each in range(300, 600) if isinstance(status_error(each, None), Transient)}
    assert passing == {408, 425, 429, *range(500, 600)} - {501, 505}
    assert keep_of(status_error(404, None)) == keep_of(status_error(410, None)) == 86_400
    assert keep_of(FetchError("http_403")) == 3_600
