"""Parsing of queries, cursors, ids and headers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from splitflap_api.contract.models import EventQuery, PageQuery, PostQuery
from splitflap_api.contract.problems import Problem
from splitflap_api.http.parse import (
    cursor_of,
    event_id,
    id_of,
    known_id,
    query_parameters,
    wanted_revisions,
)

from .requests_to_parse import parts_of, refusal, request_with

#: Seconds. A pattern whose parts match the same characters would take hours.
DID_NOT_HANG = 20

ID = "0192f0c8-0000-7000-8000-000000000001"
REGEX = "expected `str` matching regex"


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("limit=0", "limit", "expected `int` >= 1"),
        ("limit=101", "limit", "expected `int` <= 100"),
        ("limit=x", "limit", "expected `int`, got `str`"),
        ("limit=", "limit", "expected `int`, got `str`"),
        ("limit=1.5", "limit", "expected `int`"),
        ("limit=5&limit=6", "limit", "expected once"),
        ("offset=1", "offset", "is not known here"),
        ("channel=", "channel", REGEX),
        ("channel=a%20b", "channel", REGEX),
        ("channel=a%0A", "channel", REGEX),
        ("channel=%ff", "channel", REGEX),
        (f"after={'x' * 201}", "after", "expected `str` of length <= 200"),
    ],
)
def test_wrong_queries_are_refused(query: str, field: str, message: str) -> None:
    """400 with the parameter and the expected value."""
    problem = refusal(lambda: query_parameters(PostQuery), query_string=query)
    slug, named, complaint = parts_of(problem)
    assert (slug, named) == ("bad-request", field)
    assert complaint.startswith(message)


@pytest.mark.parametrize(
    ("model", "query", "expected"),
    [
        (PostQuery, "", PostQuery()),
        (PostQuery, "limit=5&channel=null", PostQuery(channel="null", limit=5)),
        (PageQuery, "after=x", PageQuery(after="x")),
        (EventQuery, "channel=a.b-c_9", EventQuery(channel="a.b-c_9")),
    ],
)
def test_queries_are_parsed(model: type[Any], query: str, expected: Any) -> None:
    """Defaults fill missing parameters. `null` is an ordinary word."""
    with request_with(query_string=query):
        assert query_parameters(model) == expected


@given(st.uuids().map(str))
def test_a_cursor_round_trips(post_id: str) -> None:
    """A cursor contains its id, and needs no escaping in a query."""
    cursor = cursor_of(post_id)
    assert id_of(cursor) == post_id
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=200))
def test_any_other_text_is_refused_as_a_cursor(garbage: str) -> None:
    """No other exception is raised."""
    with pytest.raises(Problem):
        id_of(garbage)


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "é", "====", "MTo", cursor_of("x"), cursor_of(ID) + "==", cursor_of(ID)[:-1], ID],
)
def test_damaged_cursors_are_refused(cursor: str) -> None:
    """Empty, truncated, extended, or a plain id."""
    with pytest.raises(Problem) as refused:
        id_of(cursor)
    message = "expected the `next` of an earlier page"
    assert parts_of(refused.value) == ("bad-request", "after", message)


@pytest.mark.parametrize("text", ["x", ID.upper(), ID + "\n", f"{{{ID}}}", ID.replace("-", ""), ""])
def test_a_malformed_id_gets_404_without_a_query(text: str) -> None:
    """PostgreSQL would accept some of these as ids."""
    with pytest.raises(Problem) as refused:
        known_id(text, "post")
    assert refused.value.slug == "not-found"
    assert known_id(ID, "post") == ID


@pytest.mark.parametrize(
    ("header", "revisions"),
    [
        (None, None),
        ("*", None),
        (" * ", None),
        ('"1-00000000"', {1}),
        ('"1-00000000", "20-1a2b3c4d"', {1, 20}),
        ('"1-00000000" ,, "2-00000000",', {1, 2}),
        ('W/"1-00000000"', set()),
        ('"other"', set()),
        ('""', set()),
        ('"0-00000000"', set()),
        ('"1-0000000G"', set()),
        ('"1-000000000"', set()),
        ('"9999999999-00000000"', set()),
        ('"1-00000000", "other"', {1}),
    ],
)
def test_if_match_names_revisions(header: str | None, revisions: set[int] | None) -> None:
    """Weak tags and foreign tags match no revision. `*` and no header match all."""
    headers = {} if header is None else {"If-Match": header}
    with request_with(headers=headers):
        assert wanted_revisions() == revisions


@pytest.mark.parametrize(
    "header", ["", ",", "1", "1-00000000", '"a', '"a" "b"', '*, "1-00000000"', '"a b"', "'a'"]
)
def test_a_malformed_if_match_is_refused(header: str) -> None:
    """400: the edit must not happen."""
    problem = refusal(wanted_revisions, headers={"If-Match": header})
    assert parts_of(problem)[:2] == ("bad-request", "If-Match")


@pytest.mark.parametrize(
    "header", ['"a"' + ",   " * 2000 + "x", '"a"' + ' , "b"  ' * 1000 + "x", " ," * 4000 + "x"]
)
@pytest.mark.timeout(DID_NOT_HANG)
def test_a_long_if_match_is_refused_at_once(header: str) -> None:
    """One thread serves all clients. A header of 8,000 bytes must not hold it."""
    assert refusal(wanted_revisions, headers={"If-Match": header}).slug == "bad-request"


@pytest.mark.parametrize(
    ("header", "expected"), [(None, None), ("", None), ("0", 0), (" 7 ", 7), ("9" * 18, 10**18 - 1)]
)
def test_last_event_id_is_a_whole_number(header: str | None, expected: int | None) -> None:
    """An empty header counts as none: browsers send one at first."""
    headers = {} if header is None else {"Last-Event-ID": header}
    with request_with(headers=headers):
        assert event_id() == expected


@pytest.mark.parametrize("header", ["-1", "1.5", "x", "9" * 19, "1 2", "\u0663", "0x1"])
def test_a_malformed_last_event_id_is_refused(header: str) -> None:
    """400 with the expected value."""
    problem = refusal(event_id, environ_overrides={"HTTP_LAST_EVENT_ID": header})
    assert parts_of(problem) == (
        "bad-request",
        "Last-Event-ID",
        "expected the `id` of an event: a whole number",
    )
