"""The table of reasons."""

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


def test_the_table_lists_exactly_the_raised_reasons() -> None:
    """The test searches the source."""
    raised = set(re.findall(r'(?:FetchError|Transient|kind|Failed)\(\s*"([a-z_]+)"', SOURCES))
    raised |= {"http_3xx", "http_4xx", "http_5xx"}  # by status_error
    raised |= {"timeout", "refused"}  # by _connect, which chooses
    assert raised == set(REASONS)


def test_a_reason_fits_the_limits_of_the_api() -> None:
    """The API stores 50 characters, and gives a job five attempts."""
    for word, reason in REASONS.items():
        assert len(word) <= 50
        assert reason.keep >= 60
        assert 0 <= reason.attempts <= 5
        assert (reason.attempts != 1) == bool(reason.temporary_if)


@pytest.mark.parametrize("status", [300, 304, 400, 403, 404, 408, 425, 429, 499, 500, 503, 599])
def test_a_status_has_a_reason_and_a_family(status: int) -> None:
    """The metric has the family only."""
    error = status_error(status, None)
    assert error.reason == f"http_{status}"
    assert family(error.reason) == f"http_{status // 100}xx"


@pytest.mark.parametrize("status", [600, 999])
def test_an_invalid_status_is_a_bad_response(status: int) -> None:
    """Its number does not become a reason."""
    assert status_error(status, None).reason == "bad_response"


def test_load_and_time_are_transient() -> None:
    """501 and 505 are final."""
    passing = {each for each in range(300, 600) if isinstance(status_error(each, None), Transient)}
    assert passing == {408, 425, 429, *range(500, 600)} - {501, 505}
    assert keep_of(status_error(404, None)) == keep_of(status_error(410, None)) == 86_400
    assert keep_of(FetchError("http_403")) == 3_600
