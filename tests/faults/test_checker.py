"""The checker finds each kind of fault, and finds none in a good history."""

import base64
import hmac
import json
from typing import Any

import pytest

from tests.support.receiver import Arrived
from tests.system.rig.raw_http import RawResponse
from tests.system.rig.sse import Frame

from .checker import History, Verdict, check
from .clients.attempts import Attempt
from .clients.streams import StreamRecord
from .clients.webhooks import WebhookRecord

LINK = "http://site/page"


def attempt(**changes: Any) -> Attempt:
    """An acknowledged and complete attempt, with changes."""
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
    """The post of that attempt, as the API lists it."""
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
    """The events of that post."""
    return [
        Frame(number, kind, {"post": "p-1", "channel": "c", "revision": 1})
        for number, kind in enumerate(kinds, 1)
    ]


ALL = events("accepted", "rendered", "preview", "done")


def test_good_history_has_no_fault() -> None:
    """One attempt is acknowledged and complete."""
    verdict = check(History([attempt()], [post()], ALL, [StreamRecord("s", [1, 2], [1, 2])]))
    assert verdict.faults == []
    assert (verdict.attempts, verdict.acknowledged, verdict.ok, verdict.recovered) == (1, 1, 1, 0)


def test_complete_post_without_acknowledgement_is_recovered() -> None:
    """Without a post, such an attempt counts in no figure."""
    silent = attempt(acknowledged=False, location=None, finals=[])
    assert check(History([silent], [post()], ALL)).recovered == 1
    verdict = check(History([silent], []))
    assert (verdict.recovered, verdict.faults) == (0, [])


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
def test_missing_or_incomplete_post_is_lost(tried: Attempt, posts: list[dict[str, Any]]) -> None:
    """An acknowledged or existing post is missing, unfinished, or differs from its text."""
    verdict = check(History([tried], posts))
    assert verdict.lost
    assert verdict.ok == 0


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
def test_second_response_post_or_event_is_duplicated(
    tried: Attempt, posts: list[dict[str, Any]], seen: list[int]
) -> None:
    """Each of the three cases is one fault."""
    assert check(History([tried], posts, (), [StreamRecord("s", seen, [1, 2])])).duplicated


def test_unknown_or_deleted_post_is_unexpected() -> None:
    """A deleted attempt without a post has no fault."""
    assert check(History([], [post()])).unexpected
    assert check(History([attempt(deleted=True, delete_tried=True)], [post()])).unexpected
    gone = attempt(deleted=True, delete_tried=True, finals=[RawResponse(409, (), b"")])
    assert check(History([gone], [])).faults == []


def test_streams_must_have_all_events_in_order() -> None:
    """A missing event is lost. An extra event, a wrong order and a gap are unexpected."""
    assert check(History([], [], (), [StreamRecord("s", [1], [1, 2])])).lost
    assert check(History([], [], (), [StreamRecord("s", [1, 2, 3], [1, 2])])).unexpected
    assert check(History([], [], (), [StreamRecord("s", [2, 1], [1, 2])])).unexpected
    assert check(History([], [], (), [StreamRecord("s", [], [], gaps=1)])).unexpected


def test_each_step_must_have_one_event() -> None:
    """A second `done` is duplicated. A missing `done` or `rendered` is lost."""
    twice = events("accepted", "rendered", "done", "done")
    assert check(History([attempt()], [post()], twice)).duplicated
    assert check(History([attempt()], [post()], events("accepted", "done"))).lost
    assert check(History([attempt()], [post()], events("accepted", "rendered"))).lost


SECRET = "whsec_c2VjcmV0"


def arrived(**changed: Any) -> Arrived:
    """A webhook of task 1, signed, with changes."""
    values = {"id": "w-1", "task": "1", "type": "task.done", "sequence": 1, "status": 201}
    values |= {"secret": SECRET, **changed}
    data = {"task": values["task"], "status": values["status"]}
    body = json.dumps({**{name: values[name] for name in ("type", "sequence")}, "data": data})
    signed = f"{values['id']}.1.{body}".encode()
    key = base64.b64decode(str(values["secret"]).removeprefix("whsec_"))
    digest = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    headers = {
        "webhook-id": str(values["id"]),
        "webhook-timestamp": "1",
        "webhook-signature": f"v1,{digest}",
    }
    return Arrived("/hook", headers, body.encode())


def told(*webhooks: Arrived, status: int = 201) -> Verdict:
    """The verdict of a history whose task 1 has ended, and whose receiver got these."""
    tasks = {each.json["data"]["task"]: status for each in webhooks}
    record = WebhookRecord(webhooks, SECRET, {"1": {201}}, tasks)
    return check(History([attempt()], [post()], ALL, webhooks=record))


def test_each_ended_task_must_be_told() -> None:
    """Any number of times, by one id. A preview does not count."""
    twice = told(arrived(), arrived())
    assert (twice.told, twice.repeated) == (1, 1)
    assert told(arrived()).faults == told(arrived(), arrived()).faults == []
    assert told().lost
    assert told(arrived(type="preview")).lost


def test_a_webhook_must_be_of_a_task_with_its_status_and_its_signature() -> None:
    """A task that never was is unexpected. A second id or number is duplicated."""
    assert told(arrived(), status=404).unexpected
    assert told(arrived(status=422)).wrong
    assert told(arrived(secret="whsec_b3RoZXI=")).wrong
    assert told(arrived(), arrived(id="w-2", sequence=2)).duplicated
    assert told(arrived(), arrived(id="w-2", task="2")).duplicated
