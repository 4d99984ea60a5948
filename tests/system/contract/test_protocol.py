"""Broken and slow HTTP: each client is answered or cut off in time, and others are served."""

import json
from typing import Any

import pytest

from tests.system.rig.client import Client
from tests.system.rig.raw_http import RawConnection, head, request
from tests.system.rig.stack import ADMIN, Stack

JSON = "Content-Type: application/json"
BODY = b'{"text": "by hand"}'


def newest(client: Client) -> Any:
    """The id of the newest post of all channels."""
    return client.get("/v1/posts?limit=1").json()["items"][0]["id"]


def check_problem(connection: RawConnection, status: int, slug: str) -> None:
    """Check that the next response is this problem."""
    response = connection.response("POST")
    assert response.status == status, response
    assert response.header("Content-Type") == "application/problem+json"
    assert json.loads(response.body)["type"] == f"/v1/problems/{slug}"


def post_head(*lines: str) -> bytes:
    """The head of a post."""
    return head("POST", "/v1/posts", ADMIN, JSON, *lines)


def test_chunked_body_is_read(stack: Stack) -> None:
    """A body with Transfer-Encoding: chunked is accepted."""
    with RawConnection(stack.url()) as connection:
        connection.send(post_head("Transfer-Encoding: chunked"))
        connection.send(b"%x\r\n%s\r\n" % (9, BODY[:9]))
        connection.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY) - 9, BODY[9:]))
        assert connection.response("POST").status == 202


def test_chunked_body_above_the_limit_is_refused(stack: Stack, client: Client) -> None:
    """The limit holds without a Content-Length."""
    before = newest(client)
    with RawConnection(stack.url()) as connection:
        connection.send(post_head("Transfer-Encoding: chunked"))
        piece = b"a" * 65_536
        connection.send(b'9\r\n{"text":"\r\n')
        for _ in range(8):
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.send(b"0\r\n\r\n")
        check_problem(connection, 413, "too-large")
    assert newest(client) == before


@pytest.mark.parametrize("chunk", [b"zz\r\nab\r\n", b"-1\r\nab\r\n", b"2\r\nabc\r\n0\r\n\r\n"])
def test_broken_chunks_are_refused(
    stack: Stack, client: Client, channel: str, chunk: bytes
) -> None:
    """400, and the API closes the connection, so that the rest is not read as a request."""
    inner = json.dumps({"text": "smuggled", "channel": channel}).encode()
    smuggled = post_head(f"Content-Length: {len(inner)}") + inner
    before = newest(client)
    with RawConnection(stack.url()) as connection:
        connection.send(post_head("Transfer-Encoding: chunked") + chunk + smuggled)
        assert connection.response("POST").status == 400
        assert connection.is_closed()
    assert newest(client) == before


def test_body_shorter_than_its_content_length_is_refused(stack: Stack) -> None:
    """The client stopped sending. The API does not use the part that arrived."""
    with RawConnection(stack.url()) as connection:
        connection.send(post_head(f"Content-Length: {len(BODY) + 5}") + BODY)
        connection.end_sending()
        check_problem(connection, 400, "bad-json")


def test_slow_body_is_refused_in_time(stack: Stack, client: Client) -> None:
    """408 after SPLITFLAP_BODY_DEADLINE. Other clients are served meanwhile."""
    with RawConnection(stack.url()) as connection:
        connection.send(post_head(f"Content-Length: {len(BODY)}") + BODY[:5])
        assert client.get("/v1/posts?limit=1").status_code == 200
        check_problem(connection, 408, "request-timeout")
        assert connection.is_closed()


def test_slow_head_is_refused_in_time(stack: Stack, client: Client) -> None:
    """408, and the API closes the connection. Other clients are served meanwhile."""
    with RawConnection(stack.url()) as connection:
        connection.send(b"POST /v1/posts HTTP/1.1\r\nHost: te")
        assert client.get("/v1/posts?limit=1").status_code == 200
        check_problem(connection, 408, "request-timeout")
        assert connection.is_closed()


def test_silent_connections_do_not_block_posts(stack: Stack, client: Client, channel: str) -> None:
    """A post completes beside 200 connections without a request."""
    connections = [RawConnection(stack.url()) for _ in range(200)]
    try:
        assert client.create_post("meanwhile", channel)["state"] == "complete"
    finally:
        for connection in connections:
            connection.close()


def test_expect_continue_gets_100(stack: Stack) -> None:
    """100 comes before the body, as curl expects it, and 202 after it."""
    with RawConnection(stack.url()) as connection:
        connection.send(post_head(f"Content-Length: {len(BODY)}", "Expect: 100-continue"))
        assert connection.read_line() == b"HTTP/1.1 100 Continue\r\n"
        assert connection.read_line() == b"\r\n"
        connection.send(BODY)
        assert connection.response("POST").status == 202


def test_head_is_get_without_a_body(stack: Stack) -> None:
    """HEAD has the status and the Content-Type of GET."""
    path = "/v1/posts?limit=1"
    get, of_head = (request(stack.url(), method, path, ADMIN) for method in ("GET", "HEAD"))
    assert of_head.status == 200
    assert of_head.body == b""
    assert of_head.header("Content-Type") == get.header("Content-Type")


def test_head_of_the_stream_ends(stack: Stack) -> None:
    """HEAD of the event stream ends at once."""
    response = request(stack.url(), "HEAD", "/v1/events", ADMIN)
    assert (response.status, response.body) == (200, b"")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GARBAGE\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nNo colon here\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 300 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: a\x00b\r\n\r\n",
    ],
)
def test_garbage_is_refused(stack: Stack, client: Client, garbage: bytes) -> None:
    """The API sends a 4xx or 5xx status or closes the connection. It serves the next client."""
    with RawConnection(stack.url()) as connection:
        connection.send(garbage)
        connection.end_sending()
        line = connection.read_line()
        assert line == b"" or line.split()[1][:1] in {b"4", b"5"}, line
    assert client.get("/v1/posts?limit=1").status_code == 200


def test_pipelined_requests_are_answered_in_order(stack: Stack, channel: str) -> None:
    """Two posts and a list arrive in one packet."""
    body = json.dumps({"text": "together", "channel": channel}).encode()
    one = post_head(f"Content-Length: {len(body)}") + body
    with RawConnection(stack.url()) as connection:
        connection.send(one + one + head("GET", f"/v1/posts?channel={channel}", ADMIN))
        responses = connection.responses("POST", "POST", "GET")
    assert [response.status for response in responses] == [202, 202, 200]
    assert len(json.loads(responses[2].body)["items"]) == 2


def test_refusal_keeps_the_connection_open(stack: Stack) -> None:
    """After a bad body, the next request on the connection is served."""
    with RawConnection(stack.url()) as connection:
        connection.send(post_head("Content-Length: 1") + b"{")
        check_problem(connection, 400, "bad-json")
        connection.send(post_head(f"Content-Length: {len(BODY)}") + BODY)
        assert connection.response("POST").status == 202


def test_unread_body_is_not_read_as_a_request(stack: Stack, client: Client, channel: str) -> None:
    """After a refusal of the head, the API drops the body with the request inside."""
    inner = json.dumps({"text": "smuggled", "channel": channel}).encode()
    smuggled = post_head(f"Content-Length: {len(inner)}") + inner
    with RawConnection(stack.url()) as connection:
        lines = ("Content-Type: text/plain", f"Content-Length: {len(smuggled)}")
        connection.send(head("POST", "/v1/posts", ADMIN, *lines) + smuggled)
        check_problem(connection, 415, "unsupported-media-type")
    with RawConnection(stack.url()) as connection:
        connection.send(head("POST", "/v1/nowhere", None, *lines) + smuggled)
        assert connection.response("POST").status == 404
        connection.end_sending()
        assert connection.is_closed()
    assert client.posts(channel) == []
