"""The request header `Prefer`."""

import pytest
from flask import Flask

from asyncrequest.headers import MAX_WAIT, preferred_wait


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
