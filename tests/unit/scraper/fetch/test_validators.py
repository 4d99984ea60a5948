"""The validators of a response."""

import pytest
from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.fetch.http.validators import validators_of
from splitflap_scraper.fetch.targets.urls import target_of

TAG = '"v1"'
DATE = "Tue, 24 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": "unquoted"},
        {"ETag": '"a"b"'},
        {"ETag": '"a b"'},
        {"ETag": '"' + "x" * 300 + '"'},
        {"Last-Modified": "yesterday"},
        {"Last-Modified": "Tue, 24 Nov 2026 10:00:00 GMT, x"},
        {},
    ],
)
def test_an_invalid_validator_is_ignored(headers: dict[str, str]) -> None:
    """Requests contain only the standard's form."""
    assert validators_of("http://a.test/", Headers(headers.items())) is None


def test_an_etag_overrides_a_date() -> None:
    """The request has one condition."""
    headers = Headers([("ETag", TAG), ("Last-Modified", DATE)])
    validators = validators_of("http://a.test/", headers)
    assert validators is not None
    assert validators.lines_for(target_of("http://a.test/")) == f"If-None-Match: {TAG}\r\n"
    assert validators.lines_for(target_of("http://a.test/x")) == ""
