"""The server decides before each response whether the connection stays, and the head says so."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support import wait_until

from .rig import (
    DEADLINE,
    GET_INDEX,
    PATIENCE,
    POST,
    Answer,
    Server,
    answer_of,
    answers_of,
    everything,
    serving,
)

JSON_POST = POST + b"Content-Type: application/json\r\n"
ANONYMOUS = b"POST /v1/posts HTTP/1.1\r\nHost: x\r\n"
KEPT = 524_288
LONGER = 2_000_000
TEXT = b'{"text":"x"}'
MAX_BODY = 397_312


def chunked(size: int) -> bytes:
    """A body of this size in chunks."""
    pieces = [b"2000\r\n" + b"x" * 0x2000 + b"\r\n"] * (size // 0x2000)
    return b"".join(pieces) + b"0\r\n\r\n"


def with_body(head: bytes, size: int) -> bytes:
    """A request with a body of this length."""
    return head + b"Content-Length: %d\r\n\r\n" % size + b"x" * size


def in_chunks(head: bytes, size: int) -> bytes:
    """A request with a body in chunks."""
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(size)


def exchange(client: socket.socket, data: bytes, method: str = "GET") -> Answer:
    """Send a request, and check that the connection then does what its response says."""
    with suppress(OSError):
        client.sendall(data)
    answer = answer_of(client, method)
    if answer.closes:
        assert everything(client) == b""
    else:
        client.sendall(GET_INDEX)
        assert answer_of(client).status == 200
    return answer


@pytest.mark.parametrize(
    ("data", "status", "closes"),
    [
        (with_body(ANONYMOUS, 0), 401, False),
        (with_body(ANONYMOUS, 1), 401, False),
        (with_body(ANONYMOUS, KEPT), 401, False),
        (with_body(ANONYMOUS, KEPT + 1), 401, True),
        (with_body(ANONYMOUS, LONGER), 401, True),
        (in_chunks(ANONYMOUS, 0), 401, False),
        (in_chunks(ANONYMOUS, KEPT // 2), 401, False),
        (in_chunks(ANONYMOUS, LONGER), 401, True),
        (ANONYMOUS + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", 401, True),
        (with_body(ANONYMOUS.replace(b"posts", b"nowhere"), 1_000), 404, False),
        (with_body(ANONYMOUS.replace(b"posts", b"nowhere"), LONGER), 404, True),
        (with_body(ANONYMOUS.replace(b"POST", b"PATCH"), LONGER), 405, True),
        (with_body(JSON_POST, 400_000), 413, False),
        (with_body(JSON_POST, LONGER), 413, True),
        (in_chunks(JSON_POST, 450_560), 413, False),
        (in_chunks(JSON_POST, LONGER), 413, True),
        (with_body(POST, 1_000), 415, False),
        (with_body(POST, LONGER), 415, True),
        (with_body(JSON_POST, 1_000), 400, False),
        (JSON_POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400, True),
        (JSON_POST + b"\r\n", 400, False),
        (with_body(b"GET / HTTP/1.1\r\nHost: x\r\n", 1_000), 200, False),
        (with_body(b"GET / HTTP/1.1\r\nHost: x\r\n", LONGER), 200, True),
        (with_body(b"GET / HTTP/1.0\r\nHost: x\r\n", LONGER), 200, True),
    ],
)
def test_a_response_says_whether_the_connection_stays(
    patient: Server, data: bytes, status: int, closes: bool
) -> None:
    """A small rest of a body is dropped; a long one ends the connection. No reset loses it."""
    with patient.connect() as client:
        answer = exchange(client, data)
    assert (answer.status, answer.closes) == (status, closes)


@pytest.mark.parametrize(
    ("data", "method", "status", "closes"),
    [
        (b"HEAD /v1/events HTTP/1.1\r\nHost: x\r\n", "HEAD", 401, False),
        (with_body(b"HEAD / HTTP/1.1\r\nHost: x\r\n", 1_000), "HEAD", 200, False),
        (with_body(b"HEAD / HTTP/1.1\r\nHost: x\r\n", LONGER), "HEAD", 200, True),
    ],
)
def test_a_response_without_a_body_says_so_too(
    patient: Server, data: bytes, method: str, status: int, closes: bool
) -> None:
    """HEAD, beside a body that nobody wants."""
    with patient.connect() as client:
        answer = exchange(client, data if b"\r\n\r\n" in data else data + b"\r\n", method)
    assert (answer.status, answer.closes, answer.body) == (status, closes, b"")


def test_the_head_of_a_stream_has_no_length(patient: Server) -> None:
    """RFC 9110, section 8.6: a length would be that of the body of GET."""
    with patient.connect() as client:
        answer = exchange(
            client, POST.replace(b"POST /v1/posts", b"HEAD /v1/events") + b"\r\n", "HEAD"
        )
    assert (answer.status, answer.closes, answer.body) == (200, False, b"")
    assert "content-length" not in answer.head


@pytest.mark.parametrize(("size", "status"), [(MAX_BODY, 202), (MAX_BODY + 1, 413)])
def test_a_body_has_the_same_limit_with_a_length_and_in_chunks(
    patient: Server, size: int, status: int
) -> None:
    """397,312 bytes are read, and one more is too many."""
    body = TEXT.ljust(size)
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)
    for data in (
        b"Content-Length: %d\r\n\r\n%b" % (size, body),
        b"Transfer-Encoding: chunked\r\n\r\n" + chunks,
    ):
        with patient.connect() as client:
            answer = exchange(client, JSON_POST + data)
        assert (answer.status, answer.closes) == (status, False)


def test_a_204_keeps_the_connection_beside_a_body(patient: Server) -> None:
    """A post is deleted with an unwanted body."""
    with patient.connect() as client:
        client.sendall(JSON_POST + b"Content-Length: 12\r\n\r\n" + TEXT)
        assert answer_of(client).status == 202
        client.sendall(POST.replace(b"POST /v1/posts", b"GET /v1/posts?limit=1") + b"\r\n")
        newest = json.loads(answer_of(client).body)["items"][0]["id"].encode()
        delete = POST.replace(b"POST /v1/posts", b"DELETE /v1/posts/" + newest)
        answer = exchange(client, with_body(delete, 1_000), "DELETE")
    assert (answer.status, answer.closes) == (204, False)


def test_a_408_announces_the_end(patient: Server) -> None:
    """A body that stalls, with a length and in chunks."""
    for body in (b"Content-Length: 99\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n5\r\na"):
        with patient.connect() as client:
            answer = exchange(client, JSON_POST + body)
        assert (answer.status, answer.closes) == (408, True)


def test_a_truncated_body_announces_the_end(patient: Server) -> None:
    """The client has stopped sending, so there is no next request."""
    with patient.connect() as client:
        client.sendall(JSON_POST + b"Content-Length: 99\r\n\r\n{")
        client.shutdown(socket.SHUT_WR)
        answer = answer_of(client)
    assert (answer.status, answer.closes) == (400, True)


def test_requests_after_a_kept_refusal_are_answered_in_order(patient: Server) -> None:
    """The bodies look like requests, and are not read as such."""
    length = b"Content-Length: %d\r\n\r\n" % len(GET_INDEX)
    chunk = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(GET_INDEX)
    with patient.connect() as client:
        client.sendall((ANONYMOUS + length + GET_INDEX) * 3 + GET_INDEX)
        client.sendall(ANONYMOUS + chunk + GET_INDEX + b"\r\n0\r\n\r\n")
        assert answers_of(client) == ["401", "401", "401", "200", "401", "200"]


@pytest.mark.parametrize("data", [with_body(ANONYMOUS, LONGER), in_chunks(ANONYMOUS, LONGER)])
def test_requests_after_a_closing_refusal_are_not_answered(patient: Server, data: bytes) -> None:
    """The server promised nothing, and the client sends them again elsewhere."""
    with patient.connect() as client:
        with suppress(OSError):
            client.sendall(data + GET_INDEX)
        assert answer_of(client).closes
        assert everything(client) == b""


def test_a_slowly_sent_refused_body_keeps_the_connection(patient: Server) -> None:
    """The refusal comes at once. The rest may take longer than the deadline of a body."""
    with patient.connect() as client:
        client.sendall(ANONYMOUS + b"Content-Length: 100\r\n\r\n")
        answer = answer_of(client)
        assert (answer.status, answer.closes) == (401, False)
        end = time.monotonic() + 1.2 * DEADLINE
        for _ in range(100):
            client.sendall(b"x")
            time.sleep(max(0.0, end - time.monotonic()) / 50)
        client.sendall(GET_INDEX)
        assert answer_of(client).status == 200


def test_slowly_sent_chunks_end_the_connection(patient: Server) -> None:
    """Their end is unknown, so the server waits for it for a moment only, then says close."""
    with patient.connect() as client:
        client.sendall(ANONYMOUS + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab")
        answer = exchange(client, b"")
    assert (answer.status, answer.closes) == (401, True)


def test_a_client_that_sends_first_reads_the_refusal(patient: Server) -> None:
    """20 MB are sent before the client reads: no reset, and the whole answer."""
    with patient.connect() as client:
        client.sendall(ANONYMOUS + b"Content-Length: 20000000\r\n\r\n")
        for _ in range(200):
            client.sendall(b"x" * 100_000)
        answer = answer_of(client)
        assert (answer.status, answer.closes) == (401, True)
        assert b"unauthorized" in answer.body


def test_a_slow_client_that_sends_first_reads_the_refusal(patient: Server) -> None:
    """It sends for longer than a silent client is awaited at the close."""
    with patient.connect() as client:
        client.sendall(ANONYMOUS + b"Content-Length: 600000\r\n\r\n")
        for _ in range(30):
            client.sendall(b"x" * 20_000)
            time.sleep(0.1)
        assert answer_of(client).status == 401


def test_a_kept_connection_with_an_unsent_body_ends_like_an_idle_one(tmp_path: Path) -> None:
    """The rest of a refused body never comes."""
    with serving(tmp_path) as server, server.connect() as client:
        client.sendall(ANONYMOUS + b"Content-Length: 100\r\n\r\nx")
        assert not answer_of(client).closes
        assert everything(client) == b""


@pytest.fixture
def stopping(tmp_path: Path) -> Iterator[socket.socket]:
    """A connection to a server in its stop, which waits for the rest of a body."""
    made = serving(tmp_path, idle=PATIENCE, SPLITFLAP_BODY_DEADLINE="20", SPLITFLAP_STOP_GRACE="20")
    with made as server, server.connect() as client:
        client.sendall(JSON_POST + b"Content-Length: 12\r\nExpect: 100-continue\r\n\r\n")
        # The body is awaited.
        assert client.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        os.kill(server.pid, signal.SIGTERM)
        wait_until(lambda: "requests on" in server.log.read_text("utf-8"), "the stop")
        yield client


def test_a_response_during_a_stop_announces_the_end(stopping: socket.socket) -> None:
    """The request began before the stop."""
    stopping.sendall(TEXT)
    answer = answer_of(stopping)
    assert (answer.status, answer.closes) == (202, True)
    assert everything(stopping) == b""


def test_an_event_stream_announces_its_end(tmp_path: Path) -> None:
    """It ends with the process, and the connection with it."""
    with serving(tmp_path, idle=PATIENCE) as server, server.connect() as client:
        client.sendall(POST.replace(b"POST /v1/posts", b"GET /v1/events") + b"\r\n")
        start = client.recv(65_536)
        assert start.startswith(b"HTTP/1.1 200 ")
        assert b"\r\nConnection: close\r\n" in start
        os.kill(server.pid, signal.SIGTERM)
        assert everything(client).endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize(("size", "closes"), [(1_000, False), (LONGER, True)])
def test_an_overload_says_whether_the_connection_stays(
    full: Server, size: int, closes: bool
) -> None:
    """429 before the application: from the hub and from admission."""
    with full.connect() as client:
        client.sendall(with_body(JSON_POST, size))
        answer = answer_of(client)
    assert (answer.status, answer.closes) == (429, closes)
    assert answer.head["date"]
    assert answer.head["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("size", "closes"), [(1_000, False), (LONGER, True)])
def test_a_429_says_whether_the_connection_stays(limited: Server, size: int, closes: bool) -> None:
    """The rate is limited before authentication."""
    with limited.connect() as client:
        answer = exchange(client, with_body(JSON_POST, size))
    assert (answer.status, answer.closes) == (429, closes)


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which the key has used its rate."""
    folder = tmp_path_factory.mktemp("limited")
    with serving(folder, idle=PATIENCE, SPLITFLAP_RATE_LIMIT="0.001") as made:
        yield made
