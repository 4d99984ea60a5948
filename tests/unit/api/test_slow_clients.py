"""Clients that are slow lose their connection, and nobody else's turn: a real server in a process.

The server's patience is short here: seconds for silence, a head, a body, and a reader.
"""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
import requests

from tests.servers.server import descendants
from tests.support import free_port, wait_until

from .small_app import PATIENCE

KEY = "a-key-for-this-test-alone"
AUTH = {"Authorization": f"Bearer {KEY}"}
JSON = {**AUTH, "Content-Type": "application/json"}

#: Seconds for a head, and again for a body; and for silence or a reader that takes nothing.
DEADLINE = 2.0
SILENCE = 1.0

#: Requests that are answered at a time.
SLOTS = 8
LOOK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /v1/posts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n" % KEY.encode()


@dataclass
class Server:
    """The running server: its ports, its log, and its process."""

    port: int
    health: int
    log: Path
    pid: int = 0

    @contextmanager
    def connect(self, receive_buffer: int = 0) -> Iterator[socket.socket]:
        """A connection of one's own."""
        with socket.socket() as client:
            client.settimeout(PATIENCE)
            if receive_buffer:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            client.connect(("127.0.0.1", self.port))
            yield client

    def in_flight(self) -> float:
        """Requests that are being answered now."""
        page = requests.get(f"http://127.0.0.1:{self.health}/metrics", timeout=PATIENCE).text
        found = re.search(r"^splitflap_http_requests_in_flight (\S+)", page, re.MULTILINE)
        assert found is not None
        return float(found[1])

    def answers(self) -> bool:
        """Whether it serves."""
        try:
            url = f"http://127.0.0.1:{self.port}/v1/posts"
            return requests.get(url, headers=AUTH, timeout=PATIENCE).status_code == 200
        except requests.RequestException:
            return False


@contextmanager
def serving(folder: Path, write: float = SILENCE, **more: str) -> Iterator[Server]:
    """The server, with this patience for readers; whatever they do, its log has no traceback."""
    made = Server(free_port(), free_port(), folder / "log")
    script = Path(__file__).with_name("impatient_server.py")
    environ = {
        **os.environ,
        "SPLITFLAP_DATA_DIR": str(folder),
        "SPLITFLAP_PORT": str(made.port),
        "SPLITFLAP_HEALTH_PORT": str(made.health),
        "SPLITFLAP_BOOTSTRAP_KEY": KEY,
        "SPLITFLAP_BODY_DEADLINE": str(DEADLINE),
        "SPLITFLAP_STOP_GRACE": "2",
        "SPLITFLAP_MAX_IN_FLIGHT": str(SLOTS),
        **more,
    }
    with made.log.open("wb") as log:
        command = [sys.executable, str(script), str(SILENCE), str(write)]
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    try:
        made.pid = process.pid
        wait_until(made.answers, "the server's first answer")
        yield made
    finally:
        process.terminate()
        process.wait(PATIENCE)
    assert process.returncode == 0
    assert "Traceback" not in made.log.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all."""
    with serving(tmp_path_factory.mktemp("slow")) as made:
        yield made


def everything(client: socket.socket) -> bytes:
    """What comes until the server closes."""
    pieces = []
    while piece := client.recv(65_536):
        pieces.append(piece)
    return b"".join(pieces)


def status_of(client: socket.socket) -> int:
    """Of the next answer, which is read to its end."""
    answer = HTTPResponse(client)
    answer.begin()
    answer.read()
    return answer.status


def large_page(server: Server) -> bytes:
    """A request for a page of eight million bytes, which is there from now on."""
    for _ in range(20):
        url = f"http://127.0.0.1:{server.port}/v1/posts"
        big = {"text": "\u0001" * 65_536}
        assert requests.post(url, json=big, headers=AUTH, timeout=PATIENCE).status_code == 202
    return POST.replace(b"POST /v1/posts", b"GET /v1/posts?limit=100") + b"\r\n"


def trickle(client: socket.socket, data: bytes) -> float:
    """Send a byte every tenth of a second until the server has closed; the seconds that it took."""
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
            break  # it answers
    client.settimeout(PATIENCE)
    return time.monotonic() - began


def test_a_silent_connection_is_closed(server: Server) -> None:
    """After the idle time, before a first request and after one, without an answer."""
    with server.connect() as client:
        began = time.monotonic()
        assert everything(client) == b""
        assert 0.8 * SILENCE < time.monotonic() - began < PATIENCE
        assert server.answers()
    with server.connect() as client:
        client.sendall(LOOK)
        assert everything(client).startswith(b"HTTP/1.1 200 ")


def test_a_slow_head_has_an_absolute_deadline(server: Server) -> None:
    """A head that comes byte by byte is given up, however steadily it comes; others are served."""
    with server.connect() as client:
        took = trickle(client, POST + b"X-Long: " + b"x" * 1000)
        assert 0.8 * DEADLINE < took < PATIENCE
        assert server.answers()


def test_a_slow_body_gets_408(server: Server) -> None:
    """A body that comes byte by byte is refused with a problem, and the connection closed."""
    with server.connect() as client:
        head = POST + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
        client.sendall(head + b'{"text": "')
        took = trickle(client, b"x" * 1000)
        answer, _, body = everything(client).partition(b"\r\n\r\n")
    assert 0.8 * DEADLINE < took < PATIENCE
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body)["type"] == "/v1/problems/request-timeout"


def test_who_still_sends_reads_why_it_is_refused(server: Server) -> None:
    """What comes while a refusal is sent does not reset the connection that it is read from."""
    with server.connect() as client:
        head = POST + b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
        client.sendall(head)
        while not select.select([client], [], [], 0)[0]:
            client.send(b"x")
            time.sleep(0.0002)
        assert everything(client).startswith(b"HTTP/1.1 408 ")


def test_head_and_body_have_a_deadline_each(server: Server) -> None:
    """A request that takes more than half the time for its head, and for its body, is accepted."""
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


def test_a_reader_that_takes_nothing_is_given_up(server: Server) -> None:
    """A large response that nobody takes does not hold its slot; what is slow is not cut off."""
    get = large_page(server)
    with server.connect(receive_buffer=4096) as client:
        client.sendall(get)
        wait_until(lambda: server.in_flight() == 1, "the response to begin")
        assert server.answers()
        wait_until(lambda: server.in_flight() == 0, "the slot to be given back")
        assert len(everything(client)) < 7_000_000


def test_who_pipelines_does_not_stop_the_others(server: Server) -> None:
    """Requests that are already here are not all served before anybody else's."""
    many = 4000
    answered = [0]

    def read(greedy: socket.socket) -> None:
        with suppress(OSError):
            while piece := greedy.recv(1 << 16):
                answered[0] += piece.count(b"HTTP/1.1 200")

    with server.connect() as greedy, server.connect() as other:
        reader = threading.Thread(target=read, args=(greedy,))
        reader.start()
        greedy.sendall(LOOK * many)
        other.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert other.recv(65_536).startswith(b"HTTP/1.1 200")
        before = answered[0]
        greedy.shutdown(socket.SHUT_RDWR)
        reader.join(PATIENCE)
    assert before < many / 2


def test_bodies_that_are_awaited_hold_no_slot(server: Server) -> None:
    """While more bodies are on their way than there are slots, other requests are answered."""
    with ExitStack() as stack:
        for _ in range(2 * SLOTS):
            client = stack.enter_context(server.connect())
            client.sendall(POST + b"Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{")
        assert all(server.answers() for _ in range(10))


def test_the_body_of_a_pipelined_request_has_its_own_deadline(server: Server) -> None:
    """Whose head has come with the request before: not that of a connection without any."""
    body = b'{"text": "hello"}'
    head = POST + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with server.connect() as client:
        client.sendall(LOOK + head)
        assert status_of(client) == 200
        time.sleep((SILENCE + DEADLINE) / 2)
        client.sendall(body)
        assert status_of(client) == 202


def test_who_takes_little_gives_way_to_those_who_find_no_slot(tmp_path: Path) -> None:
    """As many as there are slots read a large page a little at a time: others are answered."""
    with serving(tmp_path, write=10 * PATIENCE) as server:
        get = large_page(server)
        with ExitStack() as stack:
            clients = [stack.enter_context(server.connect(4096)) for _ in range(SLOTS)]
            for client in clients:
                client.sendall(get)
            wait_until(lambda: server.in_flight() == SLOTS, "no slot to be left")
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


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that refuses all new work: what it has accepted nobody does."""
    folder = tmp_path_factory.mktemp("full")
    with serving(folder, SPLITFLAP_MAX_UNFINISHED_AGE="0.1") as made:
        url = f"http://127.0.0.1:{made.port}/v1/posts"

        def refuses() -> bool:
            made_ = requests.post(url, json={"text": "x"}, headers=AUTH, timeout=PATIENCE)
            return made_.status_code == 503

        wait_until(refuses, "a backlog")
        yield made


TAKEN_ALONE = b"POST /v1/posts HTTP/1.1\r\nContent-Length: 0\r\n\r\n"


def answers_of(client: socket.socket) -> list[str]:
    """The statuses of what is answered to all that was sent, and to one look more."""
    client.sendall(LOOK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    return re.findall(r"HTTP/1.1 (\d+)", everything(client).decode())


def test_a_body_that_comes_after_its_refusal_is_no_request(full: Server) -> None:
    """However much it looks like one, it is read and forgotten; what follows is answered."""
    head = POST + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    with full.connect() as client:
        client.sendall(head % len(TAKEN_ALONE))
        assert status_of(client) == 503
        client.sendall(TAKEN_ALONE)
        time.sleep(0.2)
        assert answers_of(client) == ["200"]


def test_the_rest_of_a_head_is_no_request(full: Server) -> None:
    """Its beginning came with the request before, and its rest looks like another."""
    with full.connect() as client:
        client.sendall(LOOK + b"POST /v1/posts HTTP/1.1\r\nX: ")
        assert status_of(client) == 200
        client.sendall(TAKEN_ALONE.replace(b"\r\n\r\n", b"\r\nHost: x\r\n\r\n"))
        assert status_of(client) == 503
        assert answers_of(client) == ["200"]


def test_a_body_without_an_end_is_not_read_to_it(full: Server) -> None:
    """Of what was refused a part is read, then the connection is closed."""
    with full.connect() as client:
        client.sendall(POST + b"Content-Length: 999999999\r\n\r\n")
        assert status_of(client) == 503
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
def test_what_is_no_request_ends_its_own_connection_alone(full: Server, data: bytes) -> None:
    """While requests are refused unread: the others' connections go on."""
    with full.connect() as other, full.connect() as client:
        other.sendall(LOOK)
        assert status_of(other) == 200
        client.sendall(data)
        assert everything(client).startswith(b"HTTP/1.1 400 ")
        other.sendall(LOOK)
        assert status_of(other) == 200


def test_who_waits_for_a_post_learns_at_a_stop_that_it_is_accepted(tmp_path: Path) -> None:
    """202 and where its task is, within the grace."""
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


def test_who_only_looks_comes_before_who_brings_work(tmp_path: Path) -> None:
    """Of clients that are ready at once; what is left of the key's rate tells their order."""

    def left(client: HTTPConnection) -> int:
        answer = client.getresponse()
        answer.read()
        found = re.search(r"r=(\d+)", answer.headers["RateLimit"])
        assert found is not None
        return int(found[1])

    with serving(tmp_path, SPLITFLAP_RATE_LIMIT="10") as server, ExitStack() as stack:
        made = [HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE) for _ in range(SLOTS)]
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
