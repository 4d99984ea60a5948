"""Idempotency-Key: a repeated request gets the same task."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.system.rig.client import Client
from tests.system.rig.stack import Stack

#: Requests with one key at the same time, and keys in turn.
AT_ONCE = 20
ROUNDS = 5


def test_same_key_and_body_is_the_same_task(stack: Stack, client: Client, channel: str) -> None:
    """This holds for every API, before and after the task has ended."""
    first = client.submit("once", channel, idempotency_key=channel)
    for each in stack.clients():
        again = each.submit("once", channel, idempotency_key=channel)
        assert again.ok
    final = client.wait_final(first)
    for each in stack.clients():
        again = each.submit("once", channel, idempotency_key=channel)
        assert (again.status_code, again.content) == (201, final.content)
        assert again.headers["Location"] == final.headers["Location"]
    assert len(client.posts(channel)) == 1


def test_same_key_with_another_request_is_refused(
    stack: Stack, client: Client, channel: str
) -> None:
    """Another body or path gets 422. The first task goes on."""
    first = client.submit("first", channel, idempotency_key=channel)
    other = stack.clients()[-1].submit("second", channel, idempotency_key=channel)
    assert other.status_code == 422
    assert other.json()["type"] == "/v1/problems/key-reused"
    elsewhere = client.post("/v1/renders", {"text": "first"}, idempotency_key=channel)
    assert elsewhere.status_code == 422
    assert client.wait_final(first).json()["text"] == "first"
    assert len(client.posts(channel)) == 1


def test_key_belongs_to_its_account(stack: Stack, client: Client, channel: str) -> None:
    """Two accounts can use the same key for different posts."""
    other = stack.client(key=client.new_key(channel, "read", "write")["key"])
    mine = client.submit("mine", channel, idempotency_key=channel)
    theirs = other.submit("theirs", channel, idempotency_key=channel)
    assert client.wait_final(mine).json()["text"] == "mine"
    assert other.wait_final(theirs).json()["text"] == "theirs"


def test_key_of_a_deleted_task_gets_410(stack: Stack, client: Client, channel: str) -> None:
    """From each API, whether or not the task had ended. No second post is made."""
    accepted = client.submit("once", channel, idempotency_key=channel)
    client.wait_final(accepted)
    assert client.delete(accepted.headers["Location"]).status_code == 204
    for each in stack.clients():
        again = each.submit("once", channel, idempotency_key=channel)
        assert (again.status_code, again.json()["type"]) == (410, "/v1/problems/gone")
    assert len(client.posts(channel)) == 1


def test_key_in_quotes_is_the_bare_key(client: Client, channel: str) -> None:
    """The header is a String of RFC 9651; the form without quotes is accepted too."""
    first = client.submit("once", channel, idempotency_key=channel)
    quoted = client.submit("once", channel, idempotency_key=f'"{channel}"')
    assert quoted.ok
    client.wait_final(first)
    assert len(client.posts(channel)) == 1


def test_same_key_with_another_priority_is_the_same_task(client: Client, channel: str) -> None:
    """The priority says when, not what. The first request's priority holds."""
    first = client.submit("once", channel, idempotency_key=channel, priority="u=5")
    again = client.submit("once", channel, idempotency_key=channel)
    assert again.ok
    client.wait_final(first)
    assert len(client.posts(channel)) == 1


@pytest.mark.parametrize("path", ["/v1/renders", "/v1/previews"])
def test_key_works_for_renders_and_previews(client: Client, channel: str, path: str) -> None:
    """Two equal requests with one key are one task."""
    body = {"text": "x"} if path == "/v1/renders" else {"url": f"http://127.0.0.1:9/{channel}"}
    responses = [client.post(path, body, idempotency_key=f"{channel}") for _ in "ab"]
    finals = [client.wait_final(each) if each.status_code == 202 else each for each in responses]
    assert finals[0].content == finals[1].content
    assert len({each.headers["Location"] for each in responses if each.status_code == 202}) == 1


def test_concurrent_requests_with_one_key_create_one_post(
    stack: Stack, client: Client, channel: str
) -> None:
    """Twenty requests at once, over all APIs, get one task."""
    barrier = threading.Barrier(AT_ONCE, timeout=30)

    def send(number: int, key: str) -> tuple[int, str]:
        api = stack.apis[number % len(stack.apis)]
        mine = stack.client(api)
        mine.get("/v1/posts?limit=1")
        barrier.wait()
        response = mine.submit("raced", channel, idempotency_key=key)
        return response.status_code, response.headers.get("Location", response.text)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for number in range(ROUNDS):
            key = f"{channel}-{number}"
            responses = list(threads.map(send, range(AT_ONCE), [key] * AT_ONCE))
            assert {status for status, _ in responses} <= {201, 202}, responses
            tasks = {location for status, location in responses if status == 202}
            assert len(tasks) == 1, responses
            client.wait_final(tasks.pop())
    assert len(client.posts(channel)) == ROUNDS
