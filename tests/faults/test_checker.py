"""The checker finds what it is there to find."""

from typing import Any

import pytest

from tests.system.rig.raw_http import RawResponse
from tests.system.rig.sse import Frame

from .attempts import Attempt
from .checker import History, check
from .streams import Seen

LINK = "http://site/page"


def attempt(**changes: Any) -> Attempt:
    """One that was acknowledged and done."""
    values = {
        "token": "t-1",
        "text": "post t-1 by",
        "key": None,
        "links": {LINK: True},
        "acknowledged": True,
        "location": "/v1/tasks/1",
        "finals": [RawResponse(201, (), b"{}")],
        **changes,
    }
    return Attempt(**values)


def post(state: str = "ready", reason: str | None = None, **changes: Any) -> dict[str, Any]:
    """Its post, as the API lists it."""
    preview = {"state": state, "reason": reason}
    link = {"url": LINK, "preview": preview}
    text = "post t-1 by"
    return {
        "id": "p-1",
        "text": text,
        "state": "complete",
        "revision": 1,
        "links": [link],
    } | changes


def events(*kinds: str) -> list[Frame]:
    """Events of that post."""
    return [
        Frame(number, kind, {"post": "p-1", "channel": "c", "revision": 1})
        for number, kind in enumerate(kinds, 1)
    ]


ALL = events("accepted", "rendered", "preview", "done")


def test_good_books() -> None:
    """One attempt, acknowledged and done, and nothing else."""
    books = check(History([attempt()], [post()], ALL, [Seen("s", [1, 2], [1, 2])]))
    assert books.faults == []
    assert (books.attempts, books.acknowledged, books.ok, books.recovered) == (1, 1, 1, 0)


def test_unacknowledged_and_done_is_recovered() -> None:
    """Its client could not know; without a post it is nothing at all."""
    silent = attempt(acknowledged=False, location=None, finals=[])
    assert check(History([silent], [post()], ALL)).recovered == 1
    books = check(History([silent], []))
    assert (books.recovered, books.faults) == (0, [])


@pytest.mark.parametrize(
    ("tried", "posts"),
    [
        (attempt(), []),
        (attempt(finals=[]), [post()]),
        (attempt(finals=[RawResponse(422, (), b"")]), [post()]),
        (attempt(), [post(state="pending")]),
        (attempt(), [post(state="failed", reason="attempts")]),
        (attempt(), [post(links=[])]),
        (attempt(), [post() | {"state": "rendered"}]),
        (attempt(), [post(text="post t-1 changed")]),
        (attempt(acknowledged=False, location=None), [post() | {"state": "accepted"}]),
        (attempt(edits=["post t-1 new"], edited="post t-1 new"), [post()]),
        (attempt(edit_location="/v1/tasks/2"), [post()]),
    ],
)
def test_lost(tried: Attempt, posts: list[dict[str, Any]]) -> None:
    """Whatever was promised, or begun, and is not there, not done, or not whole."""
    books = check(History([tried], posts))
    assert books.lost
    assert books.ok == 0


@pytest.mark.parametrize(
    ("tried", "posts", "seen"),
    [
        (
            attempt(finals=[RawResponse(201, (), b"a"), RawResponse(201, (), b"b")]),
            [post()],
            [1, 2],
        ),
        (attempt(), [post(), post(id="p-2")], [1, 2]),
        (attempt(), [post()], [1, 2, 1]),
    ],
    ids=["final responses", "posts", "events"],
)
def test_duplicated(tried: Attempt, posts: list[dict[str, Any]], seen: list[int]) -> None:
    """Two final responses of a task, two posts of an attempt, an event twice on a stream."""
    assert check(History([tried], posts, (), [Seen("s", seen, [1, 2])])).duplicated


def test_unexpected() -> None:
    """A post that nobody has tried to make, or that is there although it was deleted."""
    assert check(History([], [post()])).unexpected
    assert check(History([attempt(deleted=True, delete_tried=True)], [post()])).unexpected
    gone = attempt(deleted=True, delete_tried=True, finals=[RawResponse(409, (), b"")])
    assert check(History([gone], [])).faults == []


def test_streams_show_all_in_order() -> None:
    """A missing event is lost; one that is not there, or out of its order, is unexpected."""
    assert check(History([], [], (), [Seen("s", [1], [1, 2])])).lost
    assert check(History([], [], (), [Seen("s", [1, 2, 3], [1, 2])])).unexpected
    assert check(History([], [], (), [Seen("s", [2, 1], [1, 2])])).unexpected
    assert check(History([], [], (), [Seen("s", [], [], gaps=1)])).unexpected


def test_events_tell_each_step_once() -> None:
    """Done twice is duplicated; never done, or never rendered, is lost."""
    twice = events("accepted", "rendered", "done", "done")
    assert check(History([attempt()], [post()], twice)).duplicated
    assert check(History([attempt()], [post()], events("accepted", "done"))).lost
    assert check(History([attempt()], [post()], events("accepted", "rendered"))).lost
