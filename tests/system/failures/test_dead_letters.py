"""An unreadable message becomes a dead letter and disturbs nothing else."""

from typing import Any

import pytest

from tests.support import wait_until
from tests.system.rig.client import Client
from tests.system.rig.publisher import Publisher, publisher
from tests.system.rig.stack import Stack

#: Jobs of this release have version 1.
NEWER = b'{"version": 99, "id": "x", "what": "a later field"}'
NONSENSE = b"\xff\xfenonsense {"
NO_PAYLOAD = (
    b'{"version": 1, "id": "x", "kind": "%s", "attempt": 1, "published_at": 1.0, "payload": {}}'
)


def letters(client: Client, queue: str) -> list[Any]:
    """All dead letters of a queue, newest first. Reads page by page."""
    found: list[Any] = []
    after = ""
    while True:
        page = client.get(f"/v1/dead?limit=100{after}").json()
        found += [letter for letter in page["items"] if letter["queue"] == queue]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


def put_and_find(client: Client, to: Publisher, queue: str, body: bytes) -> Any:
    """Put a message into a queue, and return its dead letter with its body."""
    before = {letter["id"] for letter in letters(client, queue)}
    to.put(queue, body)
    return next_letter(client, queue, before)


def next_letter(client: Client, queue: str, known: set[str]) -> Any:
    """Wait for one dead letter beside the known ones, and return it with its body."""
    new: list[str] = []

    def has_come() -> bool:
        new[:] = [each["id"] for each in letters(client, queue) if each["id"] not in known]
        return bool(new)

    wait_until(has_come, f"a dead letter of {queue}")
    assert len(new) == 1
    return client.get(f"/v1/dead/{new[0]}").json()


@pytest.mark.parametrize("queue", ["render", "scrape", "results"])
@pytest.mark.parametrize("body", [NEWER, NONSENSE, NO_PAYLOAD], ids=["newer", "junk", "empty"])
def test_unreadable_message_becomes_a_dead_letter(
    stack: Stack, client: Client, channel: str, queue: str, body: bytes
) -> None:
    """It is listed with its queue, a reason and its body. Posts go on."""
    message = body.replace(b"%s", queue.encode())
    with publisher(stack) as to:
        letter = put_and_find(client, to, queue, message)
    assert letter["queue"] == queue
    assert letter["reason"]
    if body == NEWER:
        assert "99" in letter["reason"]
    assert letter["body"] == message.decode("utf-8", "replace")
    assert letter["job"] is None
    assert letter["replayed_at"] is None
    assert client.create_post("goes on", channel)["state"] == "complete"


@pytest.mark.parametrize("queue", ["render", "scrape", "results"])
def test_replay_puts_a_message_back_into_its_queue(
    stack: Stack, client: Client, queue: str
) -> None:
    """The reader refuses it again, as a new dead letter. A second replay gets 409."""
    with publisher(stack) as to:
        letter = put_and_find(client, to, queue, NEWER)
    known = {each["id"] for each in letters(client, queue)}
    dead_before = client.get("/v1/status").json()["dead"]
    assert client.call("POST", f"/v1/dead/{letter['id']}/replay").status_code == 204
    again = next_letter(client, queue, known)
    assert (again["reason"], again["body"]) == (letter["reason"], letter["body"])
    assert client.get(f"/v1/dead/{letter['id']}").json()["replayed_at"]
    assert client.call("POST", f"/v1/dead/{letter['id']}/replay").status_code == 409
    assert client.get("/v1/status").json()["dead"] == dead_before


def test_matching_letters_are_replayed_and_dropped_together(
    stack: Stack, client: Client, channel: str
) -> None:
    """The API works on the ids that a filtered list gave. A dropped letter is gone."""
    body = f'{{"version": 98, "id": "{channel}"}}'.encode()
    filters = "queue=results&reason=version%2098%3B%20this%20release%20reads%201&replayed=false"

    def matching() -> list[str]:
        page = client.get(f"/v1/dead?limit=100&{filters}").json()
        return [letter["id"] for letter in page["items"]]

    with publisher(stack) as to:
        for _ in range(3):
            to.put("results", body)
    wait_until(lambda: len(matching()) == 3, "three dead letters")
    first = matching()
    replayed = client.post("/v1/dead:replay", {"ids": first}).json()
    assert replayed == {"done": 3, "refused": [], "left": []}
    wait_until(lambda: len(matching()) == 3 and not set(matching()) & set(first), "new letters")
    second = matching()
    assert client.post("/v1/dead:drop", {"ids": second + first}).json()["done"] == 6
    assert matching() == []
    assert client.get(f"/v1/dead/{second[0]}").status_code == 404
    assert client.post("/v1/dead:drop", {"ids": second}).json()["done"] == 0


@pytest.mark.parametrize("verb", ["replay", "drop"])
@pytest.mark.parametrize(
    ("ids", "message"),
    [([], "ids"), (["x"], "ids[0]"), (["0192f0c8-0000-7000-8000-000000000001"] * 101, "ids")],
    ids=["none", "no id", "too many"],
)
def test_wrong_ids_of_letters_are_refused(
    client: Client, verb: str, ids: list[str], message: str
) -> None:
    """The number of one request is limited."""
    refused = client.post(f"/v1/dead:{verb}", {"ids": ids})
    assert refused.status_code == 422
    assert message in refused.json()["detail"]


def test_a_refused_text_is_no_dead_letter(stack: Stack, client: Client, channel: str) -> None:
    """The client has the final response, and an operator could repair nothing."""
    text = "[" * 60_000
    made = client.submit(text, channel, prefer="wait=20")
    assert made.status_code == 422
    assert made.json()["reason"] == "refused"
    bodies = [client.get(f"/v1/dead/{each['id']}").json() for each in letters(client, "render")]
    assert not [each for each in bodies if text in each["body"]]


def test_outcome_of_an_ended_job_is_dropped(stack: Stack, client: Client, channel: str) -> None:
    """A late outcome changes nothing, and is not a dead letter."""
    late = (
        b'{"version": 1, "job": "01890a5d-ac96-774b-bcce-b302099a8057", "kind": "render", '
        b'"attempt": 1, "took": 0.1, "worker": "w", '
        b'"outcome": {"outcome": "failed", "reason": "late"}}'
    )
    before = len(letters(client, "results"))
    with publisher(stack) as to:
        to.put("results", late)
        to.put("results", NEWER)
    wait_until(lambda: len(letters(client, "results")) > before, "the message behind it")
    assert len(letters(client, "results")) == before + 1
    assert client.create_post("goes on", channel)["state"] == "complete"


@pytest.mark.parametrize("job", ["", "x", "0" * 300, "\\u0000"])
def test_outcome_with_an_invalid_job_id_disturbs_nothing(
    stack: Stack, client: Client, channel: str, job: str
) -> None:
    """The batch of this outcome is committed, and posts go on."""
    invalid = (
        f'{{"version": 1, "job": "{job}", "kind": "render", "attempt": 1, "took": 0.1, '
        '"worker": "w", "outcome": {"outcome": "failed", "reason": "late"}}'
    ).encode()
    with publisher(stack) as to:
        to.put("results", invalid)
    assert client.create_post("goes on", channel)["state"] == "complete"
