"""A server in a process of its own, with short times (impatient_server.py), and raw connections."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

import requests

from tests.support import free_port, wait_until

KEY = "a-key-for-this-test-alone"
AUTH = {"Authorization": f"Bearer {KEY}"}
JSON = {**AUTH, "Content-Type": "application/json"}

#: Seconds to wait for a condition or an answer.
PATIENCE = 30.0

#: Seconds for a head, and again for a body; seconds for an idle connection or an idle reader.
DEADLINE = 2.0
SILENCE = 1.0

#: SPLITFLAP_MAX_IN_FLIGHT.
SLOTS = 8

#: Slots that one account may take alone (splitflap_api/overload/slots.py).
SLOTS_OF_ONE = 6
GET_INDEX = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /v1/posts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n" % KEY.encode()


@dataclass
class Server:
    """A running server."""

    port: int
    health: int
    log: Path
    pid: int = 0
    #: The URL of PostgreSQL; None is SQLite in the folder of the log.
    database: str | None = None

    @property
    def url(self) -> str:
        """The beginning of all URLs."""
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def connect(self, receive_buffer: int = 0) -> Iterator[socket.socket]:
        """A new connection."""
        with socket.socket() as client:
            client.settimeout(PATIENCE)
            if receive_buffer:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            client.connect(("127.0.0.1", self.port))
            yield client

    def in_flight(self) -> float:
        """The gauge of requests in flight."""
        return self.metric("splitflap_http_requests_in_flight")

    def metric(self, series: str) -> float:
        """A sample; 0 without one."""
        page = requests.get(f"http://127.0.0.1:{self.health}/metrics", timeout=PATIENCE).text
        found = re.search(rf"^{re.escape(series)} (\S+)", page, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def health_of(self, page: str) -> requests.Response:
        """A page of the health port."""
        return requests.get(f"http://127.0.0.1:{self.health}/{page}", timeout=PATIENCE)

    def answers(self) -> bool:
        """Whether the server answers a GET with 200."""
        try:
            url = f"http://127.0.0.1:{self.port}/v1/posts"
            return requests.get(url, headers=AUTH, timeout=PATIENCE).status_code == 200
        except requests.RequestException:
            return False


@contextmanager
def serving(
    folder: Path,
    write: float = SILENCE,
    idle: float = SILENCE,
    answer: float | None = None,
    **more: str,
) -> Iterator[Server]:
    """Run the server with these timeouts. Its log must have no traceback at the end.

    `answer` is for the database.
    """
    database = more.get("SPLITFLAP_DATABASE_URL")
    made = Server(free_port(), free_port(), folder / "log", database=database)
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
        command = [sys.executable, str(script), str(idle), str(write)]
        command += [] if answer is None else [str(answer)]
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


def everything(client: socket.socket) -> bytes:
    """All bytes until the server closes."""
    pieces = []
    while piece := client.recv(65_536):
        pieces.append(piece)
    return b"".join(pieces)


def status_of(client: socket.socket) -> int:
    """The status of the next response, read to its end."""
    answer = HTTPResponse(client)
    answer.begin()
    answer.read()
    return answer.status


@dataclass(frozen=True)
class Answer:
    """A response with its head in lower case."""

    status: int
    head: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        """Whether the head announces the end of the connection."""
        return self.head["connection"] == "close"


def answer_of(client: socket.socket, method: str = "GET") -> Answer:
    """The next response to a request with this method."""
    response = HTTPResponse(client, method=method)
    response.begin()
    head = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, head, response.read())


def answers_of(client: socket.socket) -> list[str]:
    """The statuses of all responses, after one more GET."""
    client.sendall(GET_INDEX.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    return re.findall(r"HTTP/1.1 (\d+)", everything(client).decode())
