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
def test_validators_that_are_none(headers: dict[str, str]) -> None:
    """Nothing of a server's making stands in a request that is not of the standard's form."""
    assert validators_of("http://a.test/", Headers(headers.items())) is None


def test_a_tag_goes_before_a_date() -> None:
    """Whoever has both is asked by the tag."""
    headers = Headers([("ETag", TAG), ("Last-Modified", DATE)])
    validators = validators_of("http://a.test/", headers)
    assert validators is not None
    assert validators.lines_for(target_of("http://a.test/")) == f"If-None-Match: {TAG}\r\n"
    assert validators.lines_for(target_of("http://a.test/x")) == ""
