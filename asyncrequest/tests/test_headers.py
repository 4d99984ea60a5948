"""The request header `Prefer`."""

import pytest
from flask import Flask

from asyncrequest.headers import MAX_WAIT, preferred_wait

#: Seconds. A pattern whose parts match the same characters would take minutes.
DID_NOT_HANG = 20


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=7", 7),
        ("respond-async, WAIT = 7", 7),
        ('wait="7"', 7),
        ("wait=7; foo=bar", 7),
        ("wait=7, wait=9", 7),
        ("wait=4000000000", 0),
        ("wait=99", MAX_WAIT),
        ("wait=0", 0),
        ("wait=-1", 0),
        ("wait=1.5", 0),
        ("wait=\u0663", 0),
        ("wait", 0),
        ("wait=x, wait=9", 0),
        ("waiting=7", 0),
        ("respond-async; wait=7", 0),
        ('note="a, wait=7"', 0),
        ("", 0),
    ],
)
def test_the_first_wait_of_prefer_counts_up_to_a_bound(prefer: str, seconds: int) -> None:
    """A malformed preference counts as absent (RFC 7240)."""
    environ = {"HTTP_PREFER": prefer}
    with Flask("x").test_request_context("/", environ_overrides=environ):
        assert preferred_wait() == seconds


@pytest.mark.parametrize(
    "prefer",
    [
        "wait=" + " " * 8000 + '""x',
        "wait" + " " * 8000 + "=7x",
        'wait="' + " " * 8000,
        "wait=" + '"' * 8000 + "x",
    ],
)
@pytest.mark.timeout(DID_NOT_HANG)
def test_a_long_preference_is_read_at_once(prefer: str) -> None:
    """A server has one thread for all clients. A header of 8,000 bytes must not hold it."""
    environ = {"HTTP_PREFER": prefer}
    with Flask("x").test_request_context("/", environ_overrides=environ):
        assert preferred_wait() == 0
