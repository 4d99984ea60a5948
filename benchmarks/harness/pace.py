"""Open loops: requests at a fixed rate, whatever becomes of those before.

Each request has its time in a schedule, and its latency counts from that time: also while it
waits for a free connection, or for this generator, so that a server that stalls cannot hide what
its clients would have seen. It runs as a process of its own.
"""

import gc
import json
import math
import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

#: Seconds that answers are waited for after the last request.
PATIENCE = 10.0

#: Bytes read at a time.
READ_SIZE = 65_536


@dataclass(frozen=True)
class Plan:
    """What is to be sent: `requests` in turn, `rate` a second, for `seconds`.

    What is due in the first `warm_up` seconds is sent and not counted.
    """

    port: int
    rate: float
    seconds: float
    connections: int
    requests: list[str]
    warm_up: float = 1.0


@dataclass
class Answers:
    """Latencies in milliseconds, from the scheduled time, of the answers with one status."""

    latencies: list[float] = field(default_factory=list)
    #: Of them, those that say when to try again.
    with_retry_after: int = 0

    def quantile(self, share: float) -> float:
        """The latency that this share of the answers is not slower than."""
        if not self.latencies:
            return math.nan
        ordered = sorted(self.latencies)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass
class Paced:
    """What became of the requests that counted."""

    sent: int = 0
    #: Neither answered nor refused: the connection ended, or nothing came in time.
    lost: int = 0
    by_status: dict[str, Answers] = field(default_factory=dict)
    #: Milliseconds by which requests left late although a connection was free: this generator's
    #: own share of the latencies, at the 99th percentile.
    own_delay_p99: float = 0.0
    #: CPUs that the generator used.
    cpus: float = 0.0

    def of(self, status: int) -> Answers:
        """The answers with this status."""
        return self.by_status.get(str(status), Answers())

    def counts(self) -> dict[str, int]:
        """How many were sent, lost, and answered with which status."""
        answered = {status: len(each.latencies) for status, each in self.by_status.items()}
        return {"sent": self.sent, "lost": self.lost, **answered}


def request(method: str, target: str, key: str, body: bytes = b"") -> str:
    """A request as it goes over the wire."""
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {key}"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", body.decode()])


@contextmanager
def pacing(plan: Plan) -> Iterator[list[Paced]]:
    """Send while the block runs; the list that it gets is filled at the block's end."""
    command = [sys.executable, "-m", "benchmarks.harness.pace"]
    root = Path(__file__).parents[2]
    results: list[Paced] = []
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
    ) as process:
        try:
            assert process.stdin
            process.stdin.write(json.dumps(asdict(plan)).encode())
            process.stdin.close()
            process.stdin = None
            yield results
            told, _ = process.communicate(timeout=plan.seconds + PATIENCE + 30)
        finally:
            process.kill()
    read = json.loads(told)
    read["by_status"] = {status: Answers(**each) for status, each in read["by_status"].items()}
    results.append(Paced(**read))


def paced(plan: Plan) -> Paced:
    """Send, and wait for what becomes of it."""
    with pacing(plan) as results:
        pass
    return results[0]


class _Connection:
    __slots__ = ("counts", "due", "received", "socket")

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.received = b""
        self.due = 0.0
        self.counts = False


class Pacer:
    """Sends a plan's requests over connections that are kept open."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._address = ("127.0.0.1", plan.port)
        self._requests = [each.encode() for each in plan.requests]
        self._epoll = select.epoll()
        self._open: dict[int, _Connection] = {}
        self._free: deque[_Connection] = deque()
        self._number = 0
        self._own_delays: list[float] = []
        self._result = Paced()

    def run(self) -> Paced:
        """From the first request to the last answer."""
        for _ in range(self._plan.connections):
            self._connect()
        gc.freeze()
        gc.disable()
        began = time.monotonic()
        self._count_from = began + self._plan.warm_up
        cpu = time.process_time()
        self._send_all(began, began + self._plan.seconds)
        self._result.cpus = (time.process_time() - cpu) / (time.monotonic() - began)
        self._finish(time.monotonic() + PATIENCE)
        self._result.own_delay_p99 = Answers(self._own_delays).quantile(0.99)
        return self._result

    def _send_all(self, began: float, end: float) -> None:
        interval = 1 / self._plan.rate
        due = full_until = began
        while due < end:
            now = time.monotonic()
            while due <= now and due < end and self._free:
                if due >= self._count_from:
                    # Until then it waited for a connection, which is the server's fault.
                    self._own_delays.append((now - max(due, full_until)) * 1000)
                self._send(self._free.popleft(), due)
                self._number += 1
                due = began + self._number * interval
            if self._free:
                self._receive(max(0.0, due - time.monotonic()))
            else:
                self._receive(0.1)
                full_until = time.monotonic()

    def _finish(self, end: float) -> None:
        while len(self._free) < len(self._open) and time.monotonic() < end:
            self._receive(0.1)
        busy = set(self._open.values()) - set(self._free)
        self._result.lost += sum(1 for each in busy if each.counts)

    def _send(self, connection: _Connection, due: float) -> None:
        connection.due = due
        connection.counts = due >= self._count_from
        self._result.sent += connection.counts
        data = self._requests[self._number % len(self._requests)]
        try:
            connection.socket.send(data)
        except OSError:
            self._lose(connection)

    def _receive(self, timeout: float) -> None:
        # A select on the epoll waits by the microsecond; epoll itself by the millisecond.
        if not select.select([self._epoll], [], [], timeout)[0]:
            return
        for descriptor, _ in self._epoll.poll(0):
            connection = self._open[descriptor]
            try:
                data = connection.socket.recv(READ_SIZE)
            except OSError:
                data = b""
            if not data:
                self._lose(connection)
                continue
            connection.received += data
            self._take(connection)

    def _take(self, connection: _Connection) -> None:
        head, found, body = connection.received.partition(b"\r\n\r\n")
        if not found:
            return
        fields = head.lower()
        _, _, after = fields.partition(b"\r\ncontent-length: ")
        if len(body) < int(after.partition(b"\r")[0]):
            return
        connection.received = b""
        if connection.counts:
            status = head[9:12].decode()
            answers = self._result.by_status.setdefault(status, Answers())
            answers.latencies.append((time.monotonic() - connection.due) * 1000)
            answers.with_retry_after += b"\r\nretry-after: " in fields
        connection.counts = False
        if b"\r\nconnection: close" in fields:
            self._reconnect(connection)
        else:
            self._free.append(connection)

    def _lose(self, connection: _Connection) -> None:
        if connection in self._free:
            self._free.remove(connection)
        self._result.lost += connection.counts
        self._reconnect(connection)

    def _reconnect(self, connection: _Connection) -> None:
        descriptor = connection.socket.fileno()
        self._epoll.unregister(descriptor)
        del self._open[descriptor]
        connection.socket.close()
        self._connect()

    def _connect(self) -> None:
        connection = _Connection(self._address)
        descriptor = connection.socket.fileno()
        self._open[descriptor] = connection
        self._epoll.register(descriptor, select.EPOLLIN)
        self._free.append(connection)


def _of(values: dict[str, Any]) -> Plan:
    return Plan(**values)


def main(_arguments: Sequence[str] = ()) -> None:
    """A plan comes on stdin, what became of it goes to stdout, both as JSON."""
    result = Pacer(_of(json.load(sys.stdin))).run()
    json.dump(asdict(result), sys.stdout)


if __name__ == "__main__":
    main()
