"""Queries, cursors, ids and headers are read strictly."""

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

from .requests_to_parse import refusal, request_with, said

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
def test_queries_that_do_not_fit(query: str, field: str, message: str) -> None:
    """400, naming the parameter and what it should be."""
    problem = refusal(lambda: query_parameters(PostQuery), query_string=query)
    slug, named, complaint = said(problem)
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
def test_queries_that_fit(model: type[Any], query: str, expected: Any) -> None:
    """What is sent, and defaults for the rest; `null` is a word like others."""
    with request_with(query_string=query):
        assert query_parameters(model) == expected


@given(st.uuids().map(str))
def test_cursor_round_trip(post_id: str) -> None:
    """A cursor gives back the id that it was made of, and needs no escaping in a query."""
    cursor = cursor_of(post_id)
    assert id_of(cursor) == post_id
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=200))
def test_any_text_as_a_cursor(garbage: str) -> None:
    """Whatever it is, it is refused as a cursor; nothing else is raised."""
    with pytest.raises(Problem):
        id_of(garbage)


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "é", "====", "MTo", cursor_of("x"), cursor_of(ID) + "==", cursor_of(ID)[:-1], ID],
)
def test_cursors_that_are_none(cursor: str) -> None:
    """Empty, cut off, with too much after it, or an id as it is."""
    with pytest.raises(Problem) as refused:
        id_of(cursor)
    message = "expected the `next` of an earlier page"
    assert said(refused.value) == ("bad-request", "after", message)


@pytest.mark.parametrize("text", ["x", ID.upper(), ID + "\n", f"{{{ID}}}", ID.replace("-", ""), ""])
def test_what_can_be_no_id(text: str) -> None:
    """404 without a look into the database, which would take some of these for ids."""
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
def test_if_match(header: str | None, revisions: set[int] | None) -> None:
    """Revisions of our tags; weak ones and others' match nothing; `*` and none ask for nothing."""
    headers = {} if header is None else {"If-Match": header}
    with request_with(headers=headers):
        assert wanted_revisions() == revisions


@pytest.mark.parametrize(
    "header", ["", ",", "1", "1-00000000", '"a', '"a" "b"', '*, "1-00000000"', '"a b"', "'a'"]
)
def test_if_match_that_cannot_be_read(header: str) -> None:
    """400: an edit whose condition is not understood must not be done."""
    problem = refusal(wanted_revisions, headers={"If-Match": header})
    assert said(problem)[:2] == ("bad-request", "If-Match")


@pytest.mark.parametrize(
    ("header", "expected"), [(None, None), ("", None), ("0", 0), (" 7 ", 7), ("9" * 18, 10**18 - 1)]
)
def test_last_event_id(header: str | None, expected: int | None) -> None:
    """A whole number; an empty one, as browsers send at first, is none."""
    headers = {} if header is None else {"Last-Event-ID": header}
    with request_with(headers=headers):
        assert event_id() == expected


@pytest.mark.parametrize("header", ["-1", "1.5", "x", "9" * 19, "1 2", "\u0663", "0x1"])
def test_last_event_id_that_is_none(header: str) -> None:
    """400, saying what is expected."""
    problem = refusal(event_id, environ_overrides={"HTTP_LAST_EVENT_ID": header})
    assert said(problem) == (
        "bad-request",
        "Last-Event-ID",
        "expected the `id` of an event: a whole number",
    )
