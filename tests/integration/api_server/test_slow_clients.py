"""Slow and broken clients of a real server: each loses its own connection, and no other.

The server runs in a process of its own (impatient_server.py) with short timeouts.
"""

import json
import os
import re
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests

from tests.support import descendants, wait_until

from .rig import (
    AUTH,
    DEADLINE,
    GET_INDEX,
    JSON,
    KEY,
    PATIENCE,
    POST,
    SILENCE,
    SLOTS,
    SLOTS_OF_ONE,
    Server,
    answers_of,
    everything,
    serving,
    status_of,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for many tests."""
    with serving(tmp_path_factory.mktemp("slow")) as made:
        yield made


def large_page(server: Server) -> bytes:
    """A request for a page of 0.8 MB, made by creating posts. JSON escapes each byte as six."""
    for _ in range(2):
        url = f"http://127.0.0.1:{server.port}/v1/posts"
        big = {"text": "x" + "\u0001" * 65_535}
        assert requests.post(url, json=big, headers=AUTH, timeout=PATIENCE).status_code == 202
    return POST.replace(b"POST /v1/posts", b"GET /v1/posts?limit=100") + b"\r\n"


def trickle(client: socket.socket, data: bytes) -> float:
    """Send a byte each 0.1 s until the server closes. Returns the seconds taken."""
    began = time.monotonic()
    client.settimeout(0.1)
    for byte in data:
        try:
            client.send(bytes([byte]))
            if client.recv(1, socket.MSG_PEEK) == b"":
                break
        except TimeoutError:
            continue
        except OSError:
            break
        else:
            break  # the server answers
    client.settimeout(PATIENCE)
    return time.monotonic() - began


def test_a_silent_connection_is_closed(server: Server) -> None:
    """It ends after the idle timeout without a response, before the first request or after one."""
    with server.connect() as client:
        began = time.monotonic()
        assert everything(client) == b""
        assert 0.8 * SILENCE < time.monotonic() - began < PATIENCE
        assert server.answers()
    with server.connect() as client:
        client.sendall(GET_INDEX)
        assert everything(client).startswith(b"HTTP/1.1 200 ")


def test_a_slow_head_has_an_absolute_deadline(server: Server) -> None:
    """A head arriving byte by byte ends the connection. Other clients are served."""
    with server.connect() as client:
        took = trickle(client, POST + b"X-Long: " + b"x" * 1000)
        assert 0.8 * DEADLINE < took < PATIENCE
        assert server.answers()


@pytest.mark.parametrize("data", [b"G", POST + b"X-Lo", GET_INDEX + b"GET / HT"])
def test_a_slow_head_gets_408(server: Server, data: bytes) -> None:
    """Also the head of a pipelined request. The connection closes."""
    with server.connect() as client:
        client.sendall(data)
        head, _, body = everything(client).rpartition(b"HTTP/1.1 ")[2].partition(b"\r\n\r\n")
    assert head.startswith(b"408 ")
    assert b"\r\nConnection: close\r\n" in head
    problem = json.loads(body)
    assert problem["type"] == "/v1/problems/request-timeout"
    assert problem["detail"] == "the head came too slowly"


def test_a_slow_body_gets_408(server: Server) -> None:
    """A body arriving byte by byte gets 408, and the connection closes."""
    with server.connect() as client:
        head = POST + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
        client.sendall(head + b'{"text": "')
        took = trickle(client, b"x" * 1000)
        answer, _, body = everything(client).partition(b"\r\n\r\n")
    assert 0.8 * DEADLINE < took < PATIENCE
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body)["type"] == "/v1/problems/request-timeout"


def test_a_sending_client_reads_its_refusal(server: Server) -> None:
    """Input during the refusal does not reset the connection."""
    with server.connect() as client:
        head = POST + b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
        client.sendall(head)
        while not select.select([client], [], [], 0)[0]:
            client.send(b"x")
            time.sleep(0.0002)
        assert everything(client).startswith(b"HTTP/1.1 408 ")


def test_head_and_body_have_a_deadline_each(server: Server) -> None:
    """Head and body may each take 0.6 of the deadline."""
    body = b'{"text": "hello"}'
    head = POST + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with server.connect() as client:
        client.sendall(head[:9])
        time.sleep(0.6 * DEADLINE)
        client.sendall(head[9:] + body[:9])
        time.sleep(0.6 * DEADLINE)
        client.sendall(body[9:])
        client.shutdown(socket.SHUT_WR)
        assert everything(client).startswith(b"HTTP/1.1 202 ")


def test_a_client_without_a_network_is_disconnected(tmp_path: Path) -> None:
    """A full receive buffer stands for it: the kernel ends the connection in both cases."""
    with (
        serving(tmp_path, idle=SILENCE, write=10 * PATIENCE) as server,
        server.connect(receive_buffer=4096) as client,
    ):
        get = large_page(server)
        client.sendall(get)
        wait_until(lambda: server.in_flight() == 1, "the response to begin")
        wait_until(lambda: server.in_flight() == 0, "the slot to be given back")


def test_an_idle_reader_is_disconnected(server: Server) -> None:
    """An unread large response frees its slot after the write timeout."""
    get = large_page(server)
    with server.connect(receive_buffer=4096) as client:
        client.sendall(get)
        wait_until(lambda: server.in_flight() == 1, "the response to begin")
        assert server.answers()
        wait_until(lambda: server.in_flight() == 0, "the slot to be given back")
        assert len(everything(client)) < 700_000


REFUSED = b"POST /v1/posts HTTP/1.1\r\nHost: x\r\nContent-Length: 8500\r\n\r\n" + b"x" * 8500


@pytest.mark.parametrize(("data", "many"), [(GET_INDEX, 4000), (REFUSED, 2000)])
def test_a_pipelining_client_does_not_block_others(server: Server, data: bytes, many: int) -> None:
    """Another client is answered before half of the pipelined requests, with bodies too."""
    answered = [0]

    def read(greedy: socket.socket) -> None:
        with suppress(OSError):
            while piece := greedy.recv(1 << 16):
                answered[0] += piece.count(b"HTTP/1.1 ")

    def send(greedy: socket.socket) -> None:
        with suppress(OSError):
            greedy.sendall(data * many)

    with server.connect() as greedy, server.connect() as other:
        threads = [threading.Thread(target=each, args=(greedy,)) for each in (read, send)]
        for each in threads:
            each.start()
        wait_until(lambda: answered[0], "the first answer", interval=0.001)
        other.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert other.recv(65_536).startswith(b"HTTP/1.1 200")
        before = answered[0]
        greedy.shutdown(socket.SHUT_RDWR)
        for each in threads:
            each.join(PATIENCE)
    assert before < many / 2


def test_awaited_bodies_hold_no_slot(server: Server) -> None:
    """While more bodies are incomplete than there are slots, other requests are answered."""
    with ExitStack() as stack:
        for _ in range(2 * SLOTS):
            client = stack.enter_context(server.connect())
            client.sendall(POST + b"Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{")
        assert all(server.answers() for _ in range(10))


def test_the_body_of_a_pipelined_request_has_its_own_deadline(server: Server) -> None:
    """The deadline of a body applies, instead of the idle timeout."""
    body = b'{"text": "hello"}'
    head = POST + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with server.connect() as client:
        client.sendall(GET_INDEX + head)
        assert status_of(client) == 200
        time.sleep((SILENCE + DEADLINE) / 2)
        client.sendall(body)
        assert status_of(client) == 202


def test_slow_readers_are_disconnected_while_all_slots_are_taken(tmp_path: Path) -> None:
    """Slow readers of a large page take all slots of their account. It is answered again."""
    with serving(tmp_path, write=10 * PATIENCE) as server:
        get = large_page(server)
        with ExitStack() as stack:
            clients = [stack.enter_context(server.connect(4096)) for _ in range(SLOTS_OF_ONE)]
            for client in clients:
                client.sendall(get)
            wait_until(lambda: server.in_flight() == SLOTS_OF_ONE, "no slot to be left")
            reading = True

            def read() -> None:
                while reading:
                    for client in clients:
                        with suppress(OSError):
                            client.recv(2048)
                    time.sleep(0.1)

            reader = threading.Thread(target=read)
            reader.start()
            try:
                wait_until(server.answers, "a slot")
            finally:
                reading = False
                reader.join()


LIKE_A_REQUEST = b"POST /v1/posts HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
HOST_AND_KEY = b"Host: x\r\nAuthorization: Bearer %s\r\n\r\n" % KEY.encode()


def test_a_body_after_its_refusal_is_not_parsed_as_a_request(full: Server) -> None:
    """The body looks like a request. It is read and dropped, and the next request is answered."""
    head = POST + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    with full.connect() as client:
        client.sendall(head % len(LIKE_A_REQUEST))
        assert status_of(client) == 429
        client.sendall(LIKE_A_REQUEST)
        time.sleep(0.2)
        assert answers_of(client) == ["200"]


def test_the_rest_of_a_head_is_not_parsed_as_a_request(full: Server) -> None:
    """The head began together with the previous request. Its rest looks like a request."""
    with full.connect() as client:
        client.sendall(GET_INDEX + b"POST /v1/posts HTTP/1.1\r\nX: ")
        assert status_of(client) == 200
        client.sendall(LIKE_A_REQUEST.replace(b"\r\n\r\n", b"\r\n" + HOST_AND_KEY))
        assert status_of(client) == 429
        assert answers_of(client) == ["200"]


def test_an_endless_body_closes_the_connection(full: Server) -> None:
    """The server reads a part of the refused body, then closes the connection."""
    with full.connect() as client:
        client.sendall(POST + b"Content-Length: 999999999\r\n\r\n")
        assert status_of(client) == 429
        sent = 0
        with suppress(OSError):
            while sent < 100_000_000:
                sent += client.send(b"x" * 65_536)
        assert sent < 100_000_000


@pytest.mark.parametrize(
    "data",
    [
        b"X HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        b"GET HTTP/1.1\r\n\r\n",
        b"POST \xff\xfe HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        b"\0\r\n\r\n",
    ],
)
def test_invalid_http_closes_only_its_own_connection(full: Server, data: bytes) -> None:
    """Other connections continue while the server refuses work."""
    with full.connect() as other, full.connect() as client:
        other.sendall(GET_INDEX)
        assert status_of(other) == 200
        client.sendall(data)
        assert everything(client).startswith(b"HTTP/1.1 400 ")
        other.sendall(GET_INDEX)
        assert status_of(other) == 200


def test_a_waiting_post_gets_202_at_a_stop(tmp_path: Path) -> None:
    """It gets 202 and the path of its task, within the grace."""
    url = "/v1/posts"
    with serving(tmp_path) as server:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        with closing(connection) as client:
            client.request("POST", url, b'{"text": "x"}', JSON | {"Prefer": "wait=25"})
            time.sleep(0.5)
            os.kill(server.pid, signal.SIGTERM)
            answer = client.getresponse()
            assert answer.status == 202
            assert answer.headers["Location"].startswith("/v1/tasks/")


def test_a_read_is_served_before_requests_with_work(tmp_path: Path) -> None:
    """All clients are ready at once. The remaining rate of the key shows the order."""

    def left(client: HTTPConnection) -> int:
        answer = client.getresponse()
        answer.read()
        found = re.search(r"r=(\d+)", answer.headers["RateLimit"])
        assert found is not None
        return int(found[1])

    rate, slots = "10", str(2 * SLOTS)
    made_server = serving(tmp_path, SPLITFLAP_RATE_LIMIT=rate, SPLITFLAP_MAX_IN_FLIGHT=slots)
    with made_server as server, ExitStack() as stack:
        address = "127.0.0.1", server.port
        made = [HTTPConnection(*address, timeout=PATIENCE) for _ in range(SLOTS)]
        clients = [stack.enter_context(closing(each)) for each in made]
        for client in clients:
            client.request("GET", "/v1/posts", headers=AUTH)
            left(client)
        workers = descendants(server.pid)
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        for client in clients[1:]:
            client.request("POST", "/v1/posts", b"{}", JSON)
        clients[0].request("GET", "/v1/posts", headers=AUTH)
        for worker in workers:
            os.kill(worker, signal.SIGCONT)
        first, *others = map(left, clients)
    assert sum(each > first for each in others) < SLOTS / 2, (first, others)
