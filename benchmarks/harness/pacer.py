"""The generator of open loops: reads a PacedLoad from stdin, prints a PacedResult, both as JSON."""

import gc
import hashlib
import json
import select
import socket
import sys
import time
from collections import deque
from dataclasses import asdict

from .pace import RESPONSE_TIMEOUT, Latencies, PacedLoad, PacedResult

#: Bytes of one read.
READ_SIZE = 65_536

#: Wrong bodies of which the result has the beginning.
WRONG_EXAMPLES = 3


class _Connection:
    __slots__ = ("counts", "due", "number", "received", "socket", "unsent")

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.received = b""
        #: The request, until the connection is open.
        self.unsent = b""
        #: The scheduled time of the present request, and whether it is after the warm-up.
        self.due = 0.0
        self.counts = False
        #: The index of the present request.
        self.number = 0


class Pacer:
    """Sends the requests of a load over keep-alive connections."""

    def __init__(self, load: PacedLoad) -> None:
        self._load = load
        self._address = ("127.0.0.1", load.port)
        self._requests = [each.encode() for each in load.requests]
        self._epoll = select.epoll()
        self._open: dict[int, _Connection] = {}
        self._free: deque[_Connection] = deque()
        self._number = 0
        self._own_delays: list[float] = []
        self._result = PacedResult()

    def run(self) -> PacedResult:
        """Send all requests, and wait for their responses."""
        for _ in range(self._load.connections):
            self._add_connection()
        gc.freeze()
        gc.disable()
        began = time.monotonic()
        self._epoch = time.time() - began
        self._count_from = began + self._load.warm_up
        self._count_until = began + self._load.seconds
        cpu = time.process_time()
        self._send_all(began, began + self._load.seconds)
        self._result.cpus = (time.process_time() - cpu) / (time.monotonic() - began)
        self._finish(time.monotonic() + RESPONSE_TIMEOUT)
        self._result.until_last = time.monotonic() - self._count_from
        self._result.own_delay_p99 = Latencies(self._own_delays).quantile(0.99)
        return self._result

    def _send_all(self, began: float, end: float) -> None:
        interval = 1 / self._load.rate
        due = no_free_until = began
        while due < end:
            now = time.monotonic()
            if now >= end and self._load.ends_on_time:
                return
            while due <= now and due < end and self._free:
                if due >= self._count_from:
                    # The wait for a free connection is the server's delay, not ours.
                    self._own_delays.append((now - max(due, no_free_until)) * 1000)
                self._send(self._free.popleft(), due)
                self._number += 1
                due = began + self._number * interval
            if self._free:
                self._receive(max(0.0, due - time.monotonic()))
            else:
                self._receive(0.1)
                no_free_until = time.monotonic()

    def _finish(self, end: float) -> None:
        while len(self._free) < self._load.connections and time.monotonic() < end:
            self._receive(0.1)
        busy = set(self._open.values()) - set(self._free)
        self._result.timed_out = sum(1 for each in busy if each.counts)
        self._result.lost += self._result.timed_out

    def _send(self, connection: _Connection, due: float) -> None:
        connection.due = due
        connection.counts = due >= self._count_from
        self._result.sent += connection.counts
        connection.number = self._number % len(self._requests)
        data = self._requests[connection.number]
        if connection.socket is None:
            connection.unsent = data
            self._open_socket(connection)
            return
        try:
            connection.socket.send(data)
        except OSError:
            self._lose(connection)

    def _receive(self, timeout: float) -> None:
        # A select on the epoll waits with a precision of microseconds; epoll has milliseconds.
        if not select.select([self._epoll], [], [], timeout)[0]:
            return
        for descriptor, _ in self._epoll.poll(0):
            connection = self._open[descriptor]
            assert connection.socket
            try:
                if connection.unsent:
                    self._send_first(connection, connection.socket)
                    continue
                data = connection.socket.recv(READ_SIZE)
            except OSError:
                data = b""
            connection.received += data
            if not self._has_response(connection, ended=not data) and not data:
                self._lose(connection)

    def _send_first(self, connection: _Connection, opened: socket.socket) -> None:
        """The connection is open. Raises OSError if it is not."""
        opened.send(connection.unsent)
        connection.unsent = b""
        self._epoll.modify(opened.fileno(), select.EPOLLIN)

    def _has_response(self, connection: _Connection, *, ended: bool) -> bool:
        """Record the response if all of it is here."""
        head, found, body = connection.received.partition(b"\r\n\r\n")
        if not found:
            return False
        fields = head.lower()
        _, has_length, after = fields.partition(b"\r\ncontent-length: ")
        # A response without a length ends with its connection.
        complete = len(body) >= int(after.partition(b"\r")[0]) if has_length else ended
        if not complete:
            return False
        connection.received = b""
        if connection.counts:
            self._record(connection, head[9:12].decode(), fields, body)
        elif self._in_window() and head[9:12] == b"200" and self._is_right(connection, body):
            self._result.finished += 1
        connection.counts = False
        if ended or self._load.fresh or b"\r\nconnection: close" in fields:
            self._reconnect(connection)
        else:
            self._free.append(connection)
        return True

    def _record(self, connection: _Connection, status: str, fields: bytes, body: bytes) -> None:
        if self._load.lists_answers:
            answer = (connection.number, connection.due + self._epoch, status)
            self._result.answers.append(answer)
        if status == "200" and not self._is_right(connection, body):
            self._result.wrong += 1
            if len(self._result.wrong_examples) < WRONG_EXAMPLES:
                self._result.wrong_examples.append(body[:200].decode(errors="replace"))
            return
        latencies = self._result.by_status.setdefault(status, Latencies())
        latencies.latencies.append((time.monotonic() - connection.due) * 1000)
        latencies.with_retry_after += b"\r\nretry-after: " in fields
        self._result.finished += status == "200" and self._in_window()

    def _in_window(self) -> bool:
        return self._count_from <= time.monotonic() < self._count_until

    def _is_right(self, connection: _Connection, body: bytes) -> bool:
        expected = self._load.expected
        return not expected or hashlib.sha256(body).hexdigest() == expected[connection.number]

    def _lose(self, connection: _Connection) -> None:
        if connection in self._free:
            self._free.remove(connection)
        self._result.lost += connection.counts
        connection.counts = False
        self._reconnect(connection)

    def _reconnect(self, connection: _Connection) -> None:
        assert connection.socket
        descriptor = connection.socket.fileno()
        self._epoll.unregister(descriptor)
        del self._open[descriptor]
        connection.socket.close()
        self._add_connection()

    def _add_connection(self) -> None:
        connection = _Connection()
        if not self._load.fresh:
            connection.socket = socket.create_connection(self._address, 10)
            self._register(connection, connection.socket, select.EPOLLIN)
        self._free.append(connection)

    def _open_socket(self, connection: _Connection) -> None:
        """Begin to connect. The request follows when the connection is open."""
        connection.socket = socket.socket()
        connection.socket.setblocking(False)
        connection.socket.connect_ex(self._address)
        self._register(connection, connection.socket, select.EPOLLOUT)

    def _register(self, connection: _Connection, opened: socket.socket, events: int) -> None:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setblocking(False)
        self._open[opened.fileno()] = connection
        self._epoll.register(opened.fileno(), events)


if __name__ == "__main__":
    json.dump(asdict(Pacer(PacedLoad(**json.load(sys.stdin))).run()), sys.stdout)
