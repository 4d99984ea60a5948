"""The lifetime of a response, and Retry-After."""

from email.utils import formatdate

import pytest
from splitflap_scraper.fetch.http.freshness import fresh_for, retry_after
from splitflap_scraper.fetch.http.headers import Headers


def headers(**values: str) -> Headers:
    """Make the headers of a response."""
    return Headers((name.replace("_", "-"), value) for name, value in values.items())


@pytest.mark.parametrize(
    ("cache_control", "age", "seconds"),
    [
        (None, None, 86_400),
        ("max-age=3600", None, 3600),
        ("max-age=3600", "600", 3000),
        ('public, MAX-AGE = "3600"', None, 3600),
        ("max-age=60, s-maxage=7200", None, 7200),
        ("max-age=1", None, 600),
        ("max-age=0", None, 600),
        ("max-age=99999999999999", None, 86_400),
        ("max-age=9999999999", None, 604_800),
        ("no-store", None, 600),
        ("no-cache, max-age=3600", None, 600),
        ("private, max-age=3600", None, 600),
        ("max-age=-5", None, 86_400),
        ("x-max-age=3600", None, 86_400),
        ("max-age=3600", "nonsense", 3600),
        ("max-age=3600", "9" * 5000, 600),
        (",,=,;", None, 86_400),
    ],
)
def test_the_lifetime_is_between_ten_minutes_and_a_week(
    cache_control: str | None, age: str | None, seconds: float
) -> None:
    """The default is a day."""
    given = {"Cache_Control": cache_control, "Age": age}
    assert fresh_for(headers(**{name: each for name, each in given.items() if each})) == seconds


def test_retry_after_is_seconds_or_a_date() -> None:
    """An invalid Retry-After is ignored."""
    assert retry_after(headers()) is None
    assert retry_after(headers(Retry_After="120")) == 120
    assert retry_after(headers(Retry_After="soon")) is None
    assert retry_after(headers(Retry_After="-5")) is None
    assert retry_after(headers(Retry_After="²")) is None
    assert retry_after(headers(Retry_After="Sun, 06 Nov 1994 08:49:37 GMT")) == 0
    in_a_minute = retry_after(headers(Retry_After=formatdate(usegmt=True)))
    assert in_a_minute is not None
    assert in_a_minute < 5
