"""Slow clients, and the pings that get through beside them.

No clock decides. The slow clients begin first and finish last, so a ping that is answered before
they finish had a free slot. `patience` bounds the wait for pings that will not be answered.
"""

import hashlib
import select
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.harness.pace import request
from benchmarks.talk.load import PING, Work

#: Seconds between two steps of the slow clients: a byte sent, or a few read.
STEP = 0.05

#: Bytes that a slow reader takes at each step, and the receive buffer of its socket.
SIP, BUFFER = 512, 4096

#: Bytes of a read at full speed, and the receive buffer for it.
READ_SIZE, FAST_BUFFER = 1 << 16, 1 << 20

#: Spaces before the JSON of a slow sender: a byte at each step must not be all of it.
PADDING = b" " * 2000

#: Seconds for a slow client to get its answer once it is no longer slow.
ANSWER_TIMEOUT = 60.0

#: In /proc/net/tcp: an established connection.
ESTABLISHED = "01"


@dataclass
class SlowClient:
    """One request in parts: `first` goes at once, `rest` byte by byte. `sips` reads slowly."""

    first: bytes
    rest: bytes
    expected: str
    sips: bool = False
    answer: bytearray = field(default_factory=bytearray)

    def begin(self, port: int) -> None:
        """Connect, and send the first part."""
        self._socket = socket.socket()
        if self.sips:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self._socket.settimeout(ANSWER_TIMEOUT)
        self._socket.connect(("127.0.0.1", port))
        self._socket.sendall(self.first)

    def step(self) -> None:
        """Send the next byte, or read a few."""
        if self.sips:
            if select.select([self._socket], [], [], 0)[0]:
                self.answer += self._socket.recv(SIP)
        elif len(self.rest) > 1:
            self._socket.sendall(self.rest[:1])
            self.rest = self.rest[1:]

    def finish(self) -> bool:
        """Send and read all the rest, and tell whether the answer is right."""
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, FAST_BUFFER)
            self._socket.sendall(self.rest)
            while data := self._socket.recv(READ_SIZE):
                self.answer += data
        except OSError:
            return False
        finally:
            self._socket.close()
        body = bytes(self.answer).partition(b"\r\n\r\n")[2]
        return hashlib.sha256(body).hexdigest() == self.expected


def slow_heads(count: int) -> list[SlowClient]:
    """Clients whose request line comes at once, and the head byte by byte."""
    line, _, rest = request("GET", "/ping", closes=True).partition("\r\n")
    padded = f"X-Slow: {'x' * len(PADDING)}\r\n{rest}".encode()
    return [SlowClient(f"{line}\r\n".encode(), padded, PING.expected()[0]) for _ in range(count)]


def slow_bodies(count: int, posts: Work) -> list[SlowClient]:
    """Clients whose head comes at once, and the body byte by byte."""
    made = []
    for number in range(count):
        body = PADDING + posts.bodies[number]
        text = request("POST", "/post", body=body, closes=True).encode()
        head, _, _ = text.partition(b"\r\n\r\n")
        made.append(SlowClient(head + b"\r\n\r\n", body, posts.expected()[number]))
    return made


def slow_readers(count: int, target: str, expected: str) -> list[SlowClient]:
    """Clients that take a large answer in sips."""
    text = request("GET", target, closes=True).encode()
    return [SlowClient(text, b"", expected, sips=True) for _ in range(count)]


@dataclass(frozen=True)
class Served:
    """What happened beside slow clients."""

    #: Pings answered while all slow clients were still slow, of so many.
    through: int
    pings: int
    #: Connections that the application had accepted then: each holds a slot of a sync worker.
    held: int
    #: Slow clients whose answer was right in the end.
    right: int
    #: Pings without a right answer, even when all slow clients had theirs.
    lost: int


def beside(
    clients: Sequence[SlowClient], port: int, held: Callable[[], int], pings: int, patience: float
) -> Served:
    """Begin the slow clients, then send pings, then let the slow clients finish."""
    for client in clients:
        client.begin(port)
    _steps(clients, 4)
    sent = [_ping(port) for _ in range(pings)]
    through, end = 0, time.monotonic() + patience
    while through < pings and time.monotonic() < end:
        _steps(clients, 1)
        through = sum(_is_answered(each) for each in sent)
    held_now = held()
    right = sum(client.finish() for client in clients)
    return Served(through, pings, held_now, right, pings - sum(map(_is_right, sent)))


def _steps(clients: Iterable[SlowClient], count: int) -> None:
    for _ in range(count):
        for client in clients:
            client.step()
        time.sleep(STEP)


def _ping(port: int) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", port), ANSWER_TIMEOUT)
    opened.sendall(PING.requests(closes=True)[0].encode())
    return opened


def _is_answered(opened: socket.socket) -> bool:
    """Whether an answer is there. It stays in the socket."""
    return bool(select.select([opened], [], [], 0)[0])


def _is_right(opened: socket.socket) -> bool:
    with opened:
        answer = b""
        try:
            while data := opened.recv(READ_SIZE):
                answer += data
        except OSError:
            return False
    return answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(PING.answers[0])


def accepted(port: int) -> int:
    """Connections on a port that its process has accepted: those in the queue have no inode yet."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    fields = (line.split() for line in lines)
    local = f":{port:04X}"
    return sum(
        each[1].endswith(local) and each[3] == ESTABLISHED and each[9] != "0" for each in fields
    )
