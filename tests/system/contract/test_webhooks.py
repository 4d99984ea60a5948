"""Webhooks: the ends of tasks arrive, signed, at the receivers that a key has named."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.fixtures import or_skip
from tests.support import wait_until
from tests.support.receiver import Arrived, Receiver
from tests.support.webhooks import Case, verdicts
from tests.system.rig.client import Client

#: The headers of the specification.
SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of one test."""
    with Receiver() as started:
        yield started


def create(client: Client, url: str, **more: Any) -> Any:
    """Create a webhook, told only when it is named: the key belongs to all tests."""
    response = client.post("/v1/webhooks", {"url": url, "always": False, **more})
    assert response.status_code == 201, response.text
    return response.json()


def test_the_end_of_a_task_arrives_signed_with_its_final_response(
    client: Client, channel: str, receiver: Receiver
) -> None:
    """And the delivery is listed as done."""
    hook = create(client, receiver.url())
    accepted = client.submit("hello", channel, splitflap_webhook=hook["id"])
    final = client.wait_final(accepted)
    wait_until(lambda: receiver.arrived, "the webhook")
    [told] = receiver.arrived
    assert told.is_signed_by(hook["secret"])
    assert told.headers["content-type"] == "application/json"
    body = told.json
    assert (body["type"], body["webhook"], body["sequence"]) == ("task.done", hook["id"], 1)
    assert body["data"]["url"] == accepted.headers["Location"]
    assert (body["data"]["status"], body["data"]["response"]) == (201, final.json())
    assert body["data"]["account"] == "admin"
    path = f"/v1/webhooks/{hook['id']}/deliveries"
    wait_until(lambda: client.get(f"{path}?state=done").json()["items"], "the end of the try")
    [delivery] = client.get(path).json()["items"]
    assert (delivery["id"], delivery["status"], delivery["attempt"]) == (told.id, 204, 1)


def last(receiver: Receiver, count: int = 1) -> Arrived:
    """The last of so many requests."""
    wait_until(lambda: len(receiver.arrived) >= count, f"{count} webhooks")
    return receiver.arrived[count - 1]


def test_the_reference_library_verifies_every_delivery_and_no_other(
    client: Client, channel: str, receiver: Receiver
) -> None:
    """In Node.js: before, during and after a rotation; altered and replayed ones fail there."""
    hook = create(client, receiver.url())
    path = f"/v1/webhooks/{hook['id']}"
    client.submit("one *text* with \u00e9 and \U0001f600", channel, splitflap_webhook=hook["id"])
    before = last(receiver)
    rotated = client.post(f"{path}/rotate", {}).json()
    assert rotated["secret"] != hook["secret"]
    client.post(f"{path}/test", {})
    during = last(receiver, 2)

    def case(arrived: Arrived, secret: str, **changed: Any) -> Case:
        headers = {name: arrived.headers[name] for name in SIGNED} | changed.pop("headers", {})
        body = changed.pop("body", arrived.body.decode())
        return Case(secret, headers, body, **changed)

    good = [
        case(before, hook["secret"]),
        case(during, hook["secret"]),
        case(during, rotated["secret"]),
    ]
    other_id = {"webhook-id": during.id}
    later = {"webhook-timestamp": str(int(before.headers["webhook-timestamp"]) + 1)}
    bad = [
        case(before, rotated["secret"]),
        case(before, hook["secret"], body=before.body.decode().replace("201", "200")),
        case(before, hook["secret"], headers=other_id),
        case(before, hook["secret"], headers=later),
        case(before, hook["secret"], later=600.0),
        case(before, hook["secret"], later=-600.0),
    ]
    said = or_skip(lambda: verdicts(*good, *bad))
    assert said[: len(good)] == ["ok"] * len(good)
    assert said[len(good) :] == [
        *["No matching signature found"] * 4,
        *("Message timestamp too old", "Message timestamp too new"),
    ]


def test_a_webhook_of_all_tasks_needs_no_header(
    client: Client, channel: str, receiver: Receiver
) -> None:
    """Those of other keys are told nothing, and do not see it."""
    key = client.post("/v1/keys", {"account": channel, "scopes": ["read", "write"]}).json()["key"]
    own = client.clone(key)
    hook = create(own, receiver.url(), always=True)
    assert client.get(f"/v1/webhooks/{hook['id']}").status_code == 404
    assert hook["id"] not in {each["id"] for each in client.get("/v1/webhooks").json()["items"]}
    assert own.submit("x", channel).status_code == 202
    told = last(receiver)
    assert told.json["data"]["account"] == channel
    named = client.submit("x", channel, splitflap_webhook=hook["id"])
    assert named.status_code == 400
    assert "Splitflap-Webhook" in named.json()["detail"]
    assert own.delete(f"/v1/webhooks/{hook['id']}").status_code == 204
    assert own.get(f"/v1/webhooks/{hook['id']}/deliveries").status_code == 404


def test_a_repetition_with_another_webhook_is_the_first_request(
    client: Client, channel: str, receiver: Receiver
) -> None:
    """The header is no part of what an idempotency key stands for."""
    first, second = create(client, receiver.url("first")), create(client, receiver.url("second"))
    tasks = {
        client.submit(
            "x", channel, idempotency_key=f'"{channel}"', splitflap_webhook=each["id"]
        ).headers["Location"]
        for each in (first, second)
    }
    assert len(tasks) == 1
    wait_until(lambda: receiver.at("first"), "the webhook")
    client.post(f"/v1/webhooks/{second['id']}/test", {})
    wait_until(lambda: receiver.at("second"), "the test")
    assert [each.json["type"] for each in receiver.at("second")] == ["webhook.test"]


def test_a_failed_try_is_repeated_with_the_same_id(
    client: Client, channel: str, receiver: Receiver
) -> None:
    """A receiver that fails, redirects or closes the connection gets it again."""
    statuses: list[int | None] = [500, None, 204]
    receiver.answer = lambda _arrived: statuses.pop(0)
    hook = create(client, receiver.url())
    client.submit("x", channel, splitflap_webhook=hook["id"])
    wait_until(lambda: len(receiver.arrived) >= 2, "the second try")
    one, other = receiver.arrived[:2]
    assert (one.id, one.body) == (other.id, other.body)
    assert one.is_signed_by(hook["secret"])
    assert other.is_signed_by(hook["secret"])
    [delivery] = client.get(f"/v1/webhooks/{hook['id']}/deliveries").json()["items"]
    assert delivery["attempt"] >= 2


def test_a_receiver_that_is_gone_gets_nothing_more(
    client: Client, channel: str, receiver: Receiver
) -> None:
    """410 disables the webhook, and its delivery is dead. It can be enabled, and replayed."""
    receiver.answer = lambda _arrived: 410
    hook = create(client, receiver.url())
    path = f"/v1/webhooks/{hook['id']}"
    client.submit("x", channel, splitflap_webhook=hook["id"])
    wait_until(lambda: client.get(path).json()["disabled_by"] == "gone", "the end of the webhook")
    assert client.post(f"{path}/test", {}).status_code == 409
    receiver.answer = lambda _arrived: 200
    assert client.put(path, {"url": hook["url"], "always": False}).json()["disabled_at"] is None
    [dead] = client.get(f"{path}/deliveries?state=dead").json()["items"]
    assert (dead["status"], dead["attempt"]) == (410, 1)
    assert client.post(f"{path}/replay", {"ids": [dead["id"]]}).json() == {"replayed": 1}
    assert last(receiver, 2).id == dead["id"]


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/hook",
        "http://169.254.169.254/",
        "https://user:password@app.example/",
        "ftp://app.example/",
        "http://app.example:25/",
        "no URL",
    ],
)
def test_a_url_that_cannot_be_reached_is_refused_when_it_is_saved(client: Client, url: str) -> None:
    """422 names the field. The scraper judges the addresses again at each try."""
    refused = client.post("/v1/webhooks", {"url": url})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "url")
