"""The request headers `Prefer` and `Idempotency-Key`."""

import pytest
from flask import Flask

from asyncrequest import BadHeader
from asyncrequest.headers import MAX_WAIT, idempotency_key, preferred_wait

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
        ("wait=99", MAX_WAIT),
        ("wait=999999999999", MAX_WAIT),
        ("wait=" + "9" * 5000, MAX_WAIT),
        ("wait=" + "0" * 5000 + "7", 7),
        ('wait="7', 0),
        ("wait=" + " " * 8000 + '""x', 0),
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


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (None, None),
        ("k", "k"),
        ('"k"', "k"),
        ('"k";v=1', "k"),
        ('"k" ; v="a;b"', "k"),
        ('"two words"', "two words"),
        (r'"a\"b\\c"', 'a"b\\c'),
        ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ('"' + "x" * 255 + '"', "x" * 255),
        ('a"b', 'a"b'),
        ('"a,b"', "a,b"),
    ],
)
def test_a_key_in_quotes_and_the_bare_key_are_the_same(header: str | None, key: str | None) -> None:
    """A String of RFC 9651, as draft-ietf-httpapi-idempotency-key-header has it."""
    environ = {} if header is None else {"HTTP_IDEMPOTENCY_KEY": header}
    with Flask("x").test_request_context("/", environ_overrides=environ):
        assert idempotency_key() == key


@pytest.mark.parametrize(
    "header",
    ["", '""', '"', '"k', '"k"x', '"k", "l"', r'"a\b"', '"\xe9"', '"a\tb"', '"' + "x" * 256 + '"'],
)
def test_a_malformed_key_in_quotes_is_refused(header: str) -> None:
    check_refused(header)


@pytest.mark.parametrize("header", ["a,b", "a,", ",b", '"a","b"', "a, b"])
def test_two_keys_are_refused(header: str) -> None:
    """WSGI joins two fields with a comma. They are no key with a comma."""
    check_refused(header)


def check_refused(header: str) -> None:
    """Check that this Idempotency-Key is malformed."""
    environ = {"HTTP_IDEMPOTENCY_KEY": header}
    with (
        Flask("x").test_request_context("/", environ_overrides=environ),
        pytest.raises(BadHeader, match="Idempotency-Key"),
    ):
        idempotency_key()
