"""Idle connections, kept for the next request."""

import socket
import ssl
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

#: Idle connections at a time: a file descriptor each, and some 30 KiB with TLS.
MAX_KEPT = 256

#: Seconds until an idle connection is closed. Common servers close theirs after 5 to 75.
MAX_IDLE = 4.0

#: Scheme, host, port, and checked address of a connection.
Key = tuple[str, str, int, str]


class _Idle(NamedTuple):
    sock: socket.socket
    until: float


class IdleConnections:
    """The idle connections of one process. Safe to use from many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: The order of the keys is that of their last use.
        self._by_key: OrderedDict[Key, deque[_Idle]] = OrderedDict()
        self._count = 0
        self._sweeping = False
        self._lock = threading.Lock()

    def take(self, key: Key) -> socket.socket | None:
        """Take an idle connection that still works, or None. It closes the expired ones."""
        while True:
            with self._lock:
                idle = self._pop(key)
            if idle is None:
                return None
            if idle.until > self._clock() and _is_silent(idle.sock):
                return idle.sock
            idle.sock.close()

    def put(self, key: Key, sock: socket.socket) -> None:
        """Keep a connection for MAX_IDLE seconds. Beyond MAX_KEPT it closes the oldest one."""
        dropped = None
        with self._lock:
            if self._count >= MAX_KEPT:
                dropped = self._pop(next(iter(self._by_key)), oldest=True)
            self._by_key.setdefault(key, deque()).append(_Idle(sock, self._clock() + MAX_IDLE))
            self._by_key.move_to_end(key)
            self._count += 1
            is_first, self._sweeping = not self._sweeping, True
        if dropped is not None:
            dropped.sock.close()
        if is_first:
            self._sweep_later()

    def _pop(self, key: Key, *, oldest: bool = False) -> _Idle | None:
        those = self._by_key.get(key)
        if not those:
            return None
        idle = those.popleft() if oldest else those.pop()
        self._count -= 1
        if not those:
            del self._by_key[key]
        return idle

    def _sweep_later(self) -> None:
        timer = threading.Timer(MAX_IDLE, self._sweep)
        timer.daemon = True
        timer.start()

    def _sweep(self) -> None:
        """Close expired connections, and schedule the next sweep while any are left."""
        dropped = []
        now = self._clock()
        with self._lock:
            for key in list(self._by_key):
                while key in self._by_key and self._by_key[key][0].until <= now:
                    dropped.append(self._pop(key, oldest=True))
            self._sweeping = again = bool(self._by_key)
        for each in dropped:
            if each is not None:
                each.sock.close()
        if again:
            self._sweep_later()


def _is_silent(sock: socket.socket) -> bool:
    """Whether neither the end of the connection nor unexpected data has arrived."""
    # Green TLS sockets do not support a timeout of 0.
    sock.setblocking(False)
    try:
        if isinstance(sock, ssl.SSLSocket):
            # TLS cannot peek. A successful read means unexpected data, so its loss is harmless.
            sock.recv(1)
        else:
            sock.recv(1, socket.MSG_PEEK)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    finally:
        sock.setblocking(True)
    return False
