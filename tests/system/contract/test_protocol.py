"""HTTP as bad clients speak it: each is answered or cut off in time, and nobody else suffers."""

import json
from typing import Any

import pytest

from tests.system.rig.client import Client
from tests.system.rig.raw_http import RawConnection, head, request
from tests.system.rig.stack import ADMIN, Stack

JSON = "Content-Type: application/json"
BODY = b'{"text": "by hand"}'


def newest(client: Client) -> Any:
    """The id of the newest post of all."""
    return client.get("/v1/posts?limit=1").json()["items"][0]["id"]


def check_problem(wire: RawConnection, status: int, slug: str) -> None:
    """The answer is this problem."""
    answer = wire.response("POST")
    assert answer.status == status, answer
    assert answer.header("Content-Type") == "application/problem+json"
    assert json.loads(answer.body)["type"] == f"/v1/problems/{slug}"


def post_head(*lines: str) -> bytes:
    """The head of a post."""
    return head("POST", "/v1/posts", ADMIN, JSON, *lines)


def test_chunked_body_is_read(stack: Stack) -> None:
    """Transfer-Encoding: chunked is a body like any other."""
    with RawConnection(stack.url()) as wire:
        wire.send(post_head("Transfer-Encoding: chunked"))
        wire.send(b"%x\r\n%s\r\n" % (9, BODY[:9]))
        wire.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY) - 9, BODY[9:]))
        assert wire.response("POST").status == 202


def test_chunked_body_that_is_too_large_is_refused(stack: Stack, client: Client) -> None:
    """Though its size was not told before."""
    before = newest(client)
    with RawConnection(stack.url()) as wire:
        wire.send(post_head("Transfer-Encoding: chunked"))
        piece = b"a" * 65_536
        wire.send(b'9\r\n{"text":"\r\n')
        for _ in range(8):
            wire.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        wire.send(b"0\r\n\r\n")
        check_problem(wire, 413, "too-large")
    assert newest(client) == before


@pytest.mark.parametrize("chunk", [b"zz\r\nab\r\n", b"-1\r\nab\r\n", b"2\r\nabc\r\n0\r\n\r\n"])
def test_broken_chunks_are_refused(
    stack: Stack, client: Client, channel: str, chunk: bytes
) -> None:
    """400, then the end of the connection: where the next request would begin is not known."""
    inner = json.dumps({"text": "smuggled", "channel": channel}).encode()
    smuggled = post_head(f"Content-Length: {len(inner)}") + inner
    before = newest(client)
    with RawConnection(stack.url()) as wire:
        wire.send(post_head("Transfer-Encoding: chunked") + chunk + smuggled)
        assert wire.response("POST").status == 400
        assert wire.is_closed()
    assert newest(client) == before


def test_body_shorter_than_told_is_refused(stack: Stack) -> None:
    """The client went away in the middle: what came is not taken for the whole."""
    with RawConnection(stack.url()) as wire:
        wire.send(post_head(f"Content-Length: {len(BODY) + 5}") + BODY)
        wire.end_sending()
        check_problem(wire, 400, "bad-json")


def test_slow_body_is_refused_in_time(stack: Stack, client: Client) -> None:
    """408 after SPLITFLAP_BODY_DEADLINE, though single bytes keep coming; others are served."""
    with RawConnection(stack.url()) as wire:
        wire.send(post_head(f"Content-Length: {len(BODY)}") + BODY[:5])
        assert client.get("/v1/posts?limit=1").status_code == 200
        check_problem(wire, 408, "request-timeout")
        assert wire.is_closed()


def test_slow_head_is_cut_off(stack: Stack, client: Client) -> None:
    """A head that does not come to its end costs the connection."""
    with RawConnection(stack.url()) as wire:
        wire.send(b"POST /v1/posts HTTP/1.1\r\nHost: te")
        assert client.get("/v1/posts?limit=1").status_code == 200
        answer = wire.read_line()
        assert answer in {b"", b"HTTP/1.1 408 Request Timeout\r\n"}


def test_silent_connections_hold_up_nobody(stack: Stack, client: Client, channel: str) -> None:
    """Two hundred connections without a word, and a post is done as ever."""
    wires = [RawConnection(stack.url()) for _ in range(200)]
    try:
        assert client.create_post("meanwhile", channel)["state"] == "complete"
    finally:
        for wire in wires:
            wire.__exit__(None, None, None)


def test_expect_continue_is_told_to_go_on(stack: Stack) -> None:
    """100 before the body, as curl awaits it; then the answer."""
    with RawConnection(stack.url()) as wire:
        wire.send(post_head(f"Content-Length: {len(BODY)}", "Expect: 100-continue"))
        assert wire.read_line() == b"HTTP/1.1 100 Continue\r\n"
        assert wire.read_line() == b"\r\n"
        wire.send(BODY)
        assert wire.response("POST").status == 202


def test_head_is_get_without_a_body(stack: Stack) -> None:
    """The same status, type and length."""
    path = "/v1/posts?limit=1"
    get, of_head = (request(stack.url(), method, path, ADMIN) for method in ("GET", "HEAD"))
    assert of_head.status == 200
    assert of_head.body == b""
    assert of_head.header("Content-Type") == get.header("Content-Type")


def test_head_of_the_stream_ends(stack: Stack) -> None:
    """It has a head, and no stream that would never end."""
    answer = request(stack.url(), "HEAD", "/v1/events", ADMIN)
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize(
    "bytes_",
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
def test_garbage_is_refused(stack: Stack, client: Client, bytes_: bytes) -> None:
    """A status of the 400s or 500s, or a closed connection; the next request is served."""
    with RawConnection(stack.url()) as wire:
        wire.send(bytes_)
        wire.end_sending()
        line = wire.read_line()
        assert line == b"" or line.split()[1][:1] in {b"4", b"5"}, line
    assert client.get("/v1/posts?limit=1").status_code == 200


def test_requests_sent_together_are_answered_in_order(stack: Stack, channel: str) -> None:
    """Two posts and a list in one packet (pipelining)."""
    body = json.dumps({"text": "together", "channel": channel}).encode()
    one = post_head(f"Content-Length: {len(body)}") + body
    with RawConnection(stack.url()) as wire:
        wire.send(one + one + head("GET", f"/v1/posts?channel={channel}", ADMIN))
        buffered = wire.responses("POST", "POST", "GET")
    assert [answer.status for answer in buffered] == [202, 202, 200]
    assert len(json.loads(buffered[2].body)["items"]) == 2


def test_connection_lives_on_after_a_refusal(stack: Stack) -> None:
    """A bad body costs no connection: the next request on it is served."""
    with RawConnection(stack.url()) as wire:
        wire.send(post_head("Content-Length: 1") + b"{")
        check_problem(wire, 400, "bad-json")
        wire.send(post_head(f"Content-Length: {len(BODY)}") + BODY)
        assert wire.response("POST").status == 202


def test_body_that_nobody_read_is_no_request(stack: Stack, client: Client, channel: str) -> None:
    """A refusal before the body was read: its bytes are not taken for the next request."""
    inner = json.dumps({"text": "smuggled", "channel": channel}).encode()
    smuggled = post_head(f"Content-Length: {len(inner)}") + inner
    with RawConnection(stack.url()) as wire:
        lines = ("Content-Type: text/plain", f"Content-Length: {len(smuggled)}")
        wire.send(head("POST", "/v1/posts", ADMIN, *lines) + smuggled)
        check_problem(wire, 415, "unsupported-media-type")
    with RawConnection(stack.url()) as wire:
        wire.send(head("POST", "/v1/nowhere", None, *lines) + smuggled)
        assert wire.response("POST").status == 404
        wire.end_sending()
        assert wire.is_closed()
    assert client.posts(channel) == []
