"""Parsing of queries, cursors, ids and headers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from splitflap_api.contract.dead_letter_models import DeadLetterQuery
from splitflap_api.contract.models import EventQuery, PageQuery, PostQuery
from splitflap_api.contract.problems import Problem
from splitflap_api.http.parse import (
    check_ids,
    cursor_of,
    event_id,
    id_of,
    is_low,
    query_parameters,
)
from splitflap_api.overload.priority import MAX_PRIORITY

from .requests_to_parse import PYTHON, parts_of, refusal, request_with

#: Seconds. A pattern whose parts match the same characters would take hours.
DID_NOT_HANG = 20

ID = "0192f0c8-0000-7000-8000-000000000001"
CHANNEL = "expected 1 to 100 letters (A to Z), digits"
LIMIT = "expected a whole number from 1 to 100"


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("limit=0", "limit", LIMIT),
        ("limit=101", "limit", LIMIT),
        ("limit=x", "limit", LIMIT),
        ("limit=", "limit", LIMIT),
        ("limit=1.5", "limit", LIMIT),
        ("limit=5&limit=6", "limit", "expected once"),
        ("offset=1", "offset", "is not known here"),
        ("channel=", "channel", CHANNEL),
        ("channel=a%20b", "channel", CHANNEL),
        ("channel=a%0A", "channel", CHANNEL),
        ("channel=%ff", "channel", CHANNEL),
        (f"after={'x' * 201}", "after", "expected at most 200 characters"),
    ],
)
def test_wrong_queries_are_refused(query: str, field: str, message: str) -> None:
    """400 with the parameter and the expected value."""
    problem = refusal(lambda: query_parameters(PostQuery), query_string=query)
    slug, named, complaint = parts_of(problem)
    assert (slug, named) == ("bad-request", field)
    assert complaint.startswith(message)
    assert "got" not in complaint
    assert not PYTHON.search(complaint)


@pytest.mark.parametrize("query", ["replayed=null", "replayed=NULL", "older_than=null"])
def test_null_is_no_value_of_a_parameter(query: str) -> None:
    """An absent parameter is the only way to give none."""
    problem = refusal(lambda: query_parameters(DeadLetterQuery), query_string=query)
    assert parts_of(problem) == ("bad-request", query.partition("=")[0], "expected a value")


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
    """A cursor contains its id, and needs no escaping in a query. The id alone does too."""
    cursor = cursor_of(post_id)
    assert id_of(cursor) == id_of(post_id) == post_id
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=200))
def test_any_other_text_is_refused_as_a_cursor(garbage: str) -> None:
    """No other exception is raised."""
    with pytest.raises(Problem):
        id_of(garbage)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "====",
        "MTo",
        cursor_of("x"),
        cursor_of(ID) + "==",
        cursor_of(ID)[:-1],
        ID.upper(),
    ],
)
def test_damaged_cursors_are_refused(cursor: str) -> None:
    """Empty, truncated, extended, or no id as the API writes it."""
    with pytest.raises(Problem) as refused:
        id_of(cursor)
    message = "expected the `next` of an earlier page, or the id of an item"
    assert parts_of(refused.value) == ("bad-request", "after", message)


@pytest.mark.parametrize("text", ["x", ID.upper(), ID + "\n", f"{{{ID}}}", ID.replace("-", ""), ""])
def test_a_malformed_id_gets_404_without_a_query(text: str) -> None:
    """PostgreSQL would accept some of these as ids."""
    with pytest.raises(Problem) as refused:
        check_ids({"post_id": text})
    assert (refused.value.slug, refused.value.detail) == ("not-found", "no post has this id")
    check_ids({"post_id": ID, "slug": text})


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


@pytest.mark.parametrize(
    ("priority", "low"),
    [
        (None, False),
        ("u=5", True),
        ("u=4", True),
        ("u=7, i", True),
        ("i, u=6", True),
        ("i=?0,u=5;x=1", True),
        ("  u=5  ", True),
        ("u=3, u=5", True),
        ("u=5, u=3", False),
        ("u=3", False),
        ("u=2", False),
        ("u=0", False),
        ("u=8", False),
        ("u=-5", False),
        ("u=5.0", False),
        ('u="5"', False),
        ("u=five", False),
        ("u=(5)", False),
        ("u", False),
        ("U=5", False),
        ("u = 5", False),
        ("u=5,", False),
        ("u=5;i", True),
        ("u=5 i", False),
        ("u=\u0665", False),
        ("u=\xb5", False),
        ("i", False),
        ("", False),
        ("low", False),
        ("u=5" + ", x" * MAX_PRIORITY, False),
    ],
)
def test_an_urgency_after_the_default_makes_a_request_low(priority: str | None, low: bool) -> None:
    """RFC 9218: a malformed header, an unknown urgency and other parameters are ignored."""
    headers = {} if priority is None else {"HTTP_PRIORITY": priority}
    with request_with(environ_overrides=headers):
        assert is_low() is low


@given(st.text(max_size=40))
def test_no_priority_is_an_error(priority: str) -> None:
    """A header that cannot be read changes nothing."""
    with request_with(environ_overrides={"HTTP_PRIORITY": priority}):
        assert is_low() in {True, False}
