"""The generator of open loops: reads a PacedLoad from stdin, prints a PacedResult, both as JSON."""

import gc
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


class _Connection:
    __slots__ = ("counts", "due", "received", "socket")

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.received = b""
        #: The scheduled time of the present request, and whether it is after the warm-up.
        self.due = 0.0
        self.counts = False


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
            self._connect()
        gc.freeze()
        gc.disable()
        began = time.monotonic()
        self._count_from = began + self._load.warm_up
        cpu = time.process_time()
        self._send_all(began, began + self._load.seconds)
        self._result.cpus = (time.process_time() - cpu) / (time.monotonic() - began)
        self._finish(time.monotonic() + RESPONSE_TIMEOUT)
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
        # A select on the epoll waits with a precision of microseconds; epoll has milliseconds.
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
            self._read_response(connection)

    def _read_response(self, connection: _Connection) -> None:
        """Record the response if all of it is here."""
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
            latencies = self._result.by_status.setdefault(status, Latencies())
            latencies.latencies.append((time.monotonic() - connection.due) * 1000)
            latencies.with_retry_after += b"\r\nretry-after: " in fields
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


if __name__ == "__main__":
    json.dump(asdict(Pacer(PacedLoad(**json.load(sys.stdin))).run()), sys.stdout)
