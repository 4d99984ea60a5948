"""If-Match and If-None-Match: how they are read and compared."""

import pytest
from flask import Flask

from asyncrequest import NO_PRECONDITIONS, BadHeader, PreconditionFailed, Preconditions

#: Seconds. A pattern whose parts match the same characters would take hours.
DID_NOT_HANG = 20

NAMES = ("If-Match", "If-None-Match")


def read(**headers: str) -> Preconditions:
    """The preconditions of a request. A keyword names a header: `if_match` is If-Match."""
    environ = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    with Flask("x").test_request_context("/", environ_overrides=environ):
        return Preconditions.read()


def holds(preconditions: Preconditions, etag: str | None) -> bool:
    """Whether a change of a resource with this ETag may happen."""
    try:
        preconditions.check(etag)
    except PreconditionFailed:
        return False
    return True


def test_a_request_without_preconditions_changes_everything() -> None:
    assert read() is NO_PRECONDITIONS
    assert holds(NO_PRECONDITIONS, None)
    assert holds(NO_PRECONDITIONS, '"1"')


@pytest.mark.parametrize(
    ("header", "etag", "expected"),
    [
        ("*", '"1"', True),
        ("*", None, True),
        (" * ", '"1"', True),
        ('"1"', '"1"', True),
        ('"0", "1"', '"1"', True),
        ('"0" ,,"1",', '"1"', True),
        (', "1"', '"1"', True),
        ('"1"', '"2"', False),
        ('"1"', None, False),
        ('"*"', '"1"', False),
        ('W/"1"', '"1"', False),
        ('"1"', 'W/"1"', False),
        ('W/"1"', 'W/"1"', False),
        ('"a,b"', '"a,b"', True),
        ('"a,b"', '"b"', False),
        ('""', '""', True),
        ('"\xe9"', '"\xe9"', True),
    ],
)
def test_if_match_compares_strongly(header: str, etag: str | None, expected: bool) -> None:
    """RFC 9110, section 13.1.1. A resource without an ETag has no matching tag."""
    assert holds(read(if_match=header), etag) is expected


@pytest.mark.parametrize(
    ("header", "etag", "expected"),
    [
        ("*", '"1"', False),
        ("*", None, False),
        ('"1"', '"1"', False),
        ('W/"1"', '"1"', False),
        ('"1"', 'W/"1"', False),
        ('"0", "1"', '"1"', False),
        ('"1"', '"2"', True),
        ('"1"', None, True),
    ],
)
def test_if_none_match_compares_weakly(header: str, etag: str | None, expected: bool) -> None:
    """RFC 9110, section 13.1.2."""
    assert holds(read(if_none_match=header), etag) is expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "header",
    [
        "",
        ",",
        "1",
        "1-0",
        '"a',
        'a"',
        '"a" "b"',
        '*, "1"',
        '"1", *',
        '"a b"',
        "'a'",
        'w/"a"',
        "W/a",
    ],
)
def test_a_header_without_entity_tags_is_refused(name: str, header: str) -> None:
    """A change must not happen, and a read must not get another answer than meant."""
    with pytest.raises(BadHeader, match=f"{name}: expected an ETag in quotes"):
        read(**{name.replace("-", "_").lower(): header})


@pytest.mark.parametrize(
    "header",
    ['"a"' + ",   " * 2000 + "x", '"a"' + ' , "b"  ' * 1000 + "x", " ," * 4000 + "x", " " * 8000],
)
@pytest.mark.timeout(DID_NOT_HANG)
def test_a_long_header_is_refused_at_once(header: str) -> None:
    """A server has one thread for all clients. A header of 8,000 bytes must not hold it."""
    with pytest.raises(BadHeader):
        read(if_match=header)
    assert holds(read(if_match=header.rstrip("x ") + ',"b"'), '"b"')
