"""A TCP proxy between a service and its server, to simulate a bad network."""

import contextlib
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Self

from tests.support import wait_until
from tests.support.waiting import POLL_INTERVAL

from .server import listens

#: The most bytes forwarded at a time.
PIECE = 65_536


class Proxy:
    """Forwards bytes between its own port and a server's. Its methods cause faults."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._swallowing = False
        #: Seconds added to each piece, and the bytes of a piece. Both together limit the speed.
        self.delay = 0.0
        self.piece = PIECE
        #: Bytes taken from clients and dropped.
        self.swallowed = 0
        self._listener: socket.socket | None = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._accept_from(self._listener)

    @property
    def connections(self) -> int:
        """The number of open connections."""
        with self._lock:
            return len(self._pairs)

    def cut(self) -> None:
        """Reset (RST) all connections."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for each in pair:
                _reset(each)

    def refuse(self) -> None:
        """Cut all connections, and refuse new ones until `mend`."""
        listener, self._listener = self._listener, None
        if listener:
            # A close alone would leave the port open until the blocked accept ends.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            wait_until(lambda: not listens(self.port), "the port's end")
        self.cut()

    def swallow(self) -> None:
        """Take all bytes and drop them, like a network that has lost its route."""
        self._swallowing = True

    def stall(self) -> None:
        """Stop reading, so that the buffers of the senders fill up."""
        self._flowing.clear()

    def mend(self) -> None:
        """End all faults."""
        self.delay = 0.0
        self.piece = PIECE
        self._swallowing = False
        self._flowing.set()
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._accept_from(self._listener)

    def close(self) -> None:
        """Close all connections and the port."""
        self._swallowing = False
        self._flowing.set()
        self.refuse()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.close()

    def _accept_from(self, listener: socket.socket) -> None:
        def accept() -> None:
            with contextlib.suppress(OSError):  # the listener was closed
                while True:
                    self._connect(listener.accept()[0])

        threading.Thread(target=accept, name="proxy", daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port), 5)
        except OSError:
            _reset(client)
            return
        server.settimeout(None)
        pair = (client, server)
        with self._lock:
            self._pairs.append(pair)
        for source, target in (pair, pair[::-1]):
            arguments = (source, target, pair)
            threading.Thread(target=self._pass_on, args=arguments, daemon=True).start()

    def _pass_on(
        self,
        source: socket.socket,
        target: socket.socket,
        pair: tuple[socket.socket, socket.socket],
    ) -> None:
        with contextlib.suppress(OSError):  # either side has closed or was cut
            while piece := source.recv(self.piece):
                self._flowing.wait()
                time.sleep(self.delay)
                if not self._swallowing:
                    target.sendall(piece)
                elif source is pair[0]:
                    self.swallowed += len(piece)
        # A lost route loses the end of a connection too.
        while self._swallowing:
            time.sleep(POLL_INTERVAL)
        self._forget(pair)

    def _forget(self, pair: tuple[socket.socket, socket.socket]) -> None:
        with self._lock:
            if pair not in self._pairs:
                return  # the other thread of the pair, or a cut, has closed it
            self._pairs.remove(pair)
        for each in pair:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _reset(each: socket.socket) -> None:
    """Close with RST: a linger time of 0 seconds drops unsent bytes."""
    with contextlib.suppress(OSError):
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # This ends the blocked recv of the other thread, which would keep the socket open.
        each.shutdown(socket.SHUT_RD)
    each.close()
