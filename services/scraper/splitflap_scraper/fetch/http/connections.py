"""Connections to addresses that were checked, kept for a while for the next request.

A kept connection is used again only for the same scheme, host name, port and address, and only
while that address is among those that the name has, and that were judged, for this very request.
It carries nothing over: requests have neither cookies nor credentials.
"""

import socket
import ssl
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from splitflap_core.telemetry import Metrics

from splitflap_scraper.fetch.deadline import Deadline
from splitflap_scraper.fetch.errors import FetchError, Transient
from splitflap_scraper.fetch.http.framing import Body, EndedEarlyError, body_of
from splitflap_scraper.fetch.http.response import Response, read_response
from splitflap_scraper.fetch.http.wire import Wire, as_fetch_errors
from splitflap_scraper.fetch.targets.addresses import Address
from splitflap_scraper.fetch.targets.urls import Target

#: Addresses of one name that are tried.
MAX_ADDRESSES = 3

#: Connections kept at a time: a file descriptor each, and some 30 KiB with TLS.
MAX_KEPT = 256

#: Seconds for which a connection is kept that nobody uses. Common servers keep theirs for 5 to 75.
MAX_IDLE = 4.0

#: Scheme, host, port, and the address that was judged.
Key = tuple[str, str, int, str]


class _Kept(NamedTuple):
    sock: socket.socket
    until: float


class Exchange(NamedTuple):
    """A response, with its body unread."""

    response: Response
    body: Body
    wire: Wire


class Connections:
    """Those of one process. Safe to use from many threads at a time."""

    def __init__(
        self,
        tls: ssl.SSLContext,
        connect_timeout: float,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`connect_timeout` (seconds) is for one address."""
        self._tls = tls
        self._timeout = connect_timeout
        self._clock = clock
        used = metrics.counter("splitflap_scraper_connections_total")
        self._new, self._reused = used.labels("new"), used.labels("kept")
        #: By key, the keys used last at the end.
        self._kept: OrderedDict[Key, deque[_Kept]] = OrderedDict()
        self._count = 0
        self._sweeping = False
        self._lock = threading.Lock()

    @contextmanager
    def exchange(
        self, target: Target, addresses: Sequence[Address], request: bytes, deadline: Deadline
    ) -> Iterator[Exchange]:
        """Send a request to one of these addresses, which were judged; the answer, in the block.

        Raises:
            FetchError: in here or in the block: `refused`, `closed`, `tls`, `timeout`,
                `bad_response`, `too_large`.
        """
        with as_fetch_errors():
            key, sock, exchange = self._asked(target, addresses, request, deadline)
            good = False
            try:
                yield exchange
                good = True
            finally:
                if good and exchange.response.keeps and _is_over(exchange):
                    self._keep(key, sock)
                else:
                    sock.close()

    def _asked(
        self, target: Target, addresses: Sequence[Address], request: bytes, deadline: Deadline
    ) -> tuple[Key, socket.socket, Exchange]:
        keys = [
            (target.scheme, target.host, target.port, str(each))
            for each in addresses[:MAX_ADDRESSES]
        ]
        for key in keys:
            sock = self._taken(key)
            if sock is not None:
                answer = _exchanged(sock, request, deadline, is_kept=True)
                if answer is not None:
                    self._reused.inc()
                    return key, sock, answer
                break
        key, sock = self._connected(keys, deadline)
        self._new.inc()
        answer = _exchanged(sock, request, deadline, is_kept=False)
        assert answer is not None, "only a kept connection is given up"  # noqa: S101 - for mypy
        return key, sock, answer

    def _connected(self, keys: Sequence[Key], deadline: Deadline) -> tuple[Key, socket.socket]:
        """A new connection."""
        failures: list[OSError] = []
        for key in keys:
            scheme, host, port, address = key
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(deadline.left(self._timeout))
                sock.connect((address, port))
            except OSError as error:
                sock.close()
                failures.append(error)
                continue
            except BaseException:
                sock.close()
                raise
            return key, self._secured(sock, host, deadline) if scheme == "https" else sock
        detail = "; ".join(f"{type(each).__name__}: {each}" for each in failures)
        slow = failures and all(isinstance(each, TimeoutError) for each in failures)
        raise Transient("timeout" if slow else "refused", detail or "the name has no address")

    def _secured(self, sock: socket.socket, host: str, deadline: Deadline) -> socket.socket:
        try:
            sock.settimeout(deadline.left())
            return self._tls.wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise

    # -- what is kept ------------------------------------------------------------------------------

    def _taken(self, key: Key) -> socket.socket | None:
        """A kept connection, out of the store, that is silent as it should be."""
        while True:
            with self._lock:
                kept = self._pop(key)
            if kept is None:
                return None
            if kept.until > self._clock() and _is_silent(kept.sock):
                return kept.sock
            kept.sock.close()

    def _pop(self, key: Key, *, oldest: bool = False) -> _Kept | None:
        those = self._kept.get(key)
        if not those:
            return None
        kept = those.popleft() if oldest else those.pop()
        self._count -= 1
        if not those:
            del self._kept[key]
        return kept

    def _keep(self, key: Key, sock: socket.socket) -> None:
        dropped = None
        with self._lock:
            if self._count >= MAX_KEPT:
                dropped = self._pop(next(iter(self._kept)), oldest=True)
            self._kept.setdefault(key, deque()).append(_Kept(sock, self._clock() + MAX_IDLE))
            self._kept.move_to_end(key)
            self._count += 1
            first, self._sweeping = not self._sweeping, True
        if dropped is not None:
            dropped.sock.close()
        if first:
            self._sweep_later()

    def _sweep_later(self) -> None:
        timer = threading.Timer(MAX_IDLE, self._sweep)
        timer.daemon = True
        timer.start()

    def _sweep(self) -> None:
        """Close what was kept for too long; come again while something is kept."""
        dropped = []
        now = self._clock()
        with self._lock:
            for key in list(self._kept):
                while key in self._kept and self._kept[key][0].until <= now:
                    dropped.append(self._pop(key, oldest=True))
            self._sweeping = again = bool(self._kept)
        for each in dropped:
            if each is not None:
                each.sock.close()
        if again:
            self._sweep_later()


def _exchanged(
    sock: socket.socket, request: bytes, deadline: Deadline, *, is_kept: bool
) -> Exchange | None:
    """The answer; None where a kept connection turns out to have ended before anything came."""
    wire = Wire(sock, deadline)
    try:
        wire.send(request)
        response = read_response(wire)
        return Exchange(response, body_of(response, wire), wire)
    except BaseException as error:
        sock.close()
        if is_kept and not wire.heard and _has_ended(error):
            return None
        raise


def _has_ended(error: BaseException) -> bool:
    if isinstance(error, Transient):
        return error.reason == "closed"
    return isinstance(error, ConnectionError | ssl.SSLError)


def _is_over(exchange: Exchange) -> bool:
    """Whether the body was read to its end, and nothing came after it.

    What has arrived is looked at, such as the short body of a redirect; nothing is waited for.
    """
    wire, body = exchange.wire, exchange.body
    wire.budget = 0
    try:
        while not wire.is_empty and body.read():
            pass
    except (FetchError, EndedEarlyError):
        return False
    return body.ended and wire.is_empty


def _is_silent(sock: socket.socket) -> bool:
    """Whether nothing has come since: neither an end nor what nobody has asked for."""
    # Green sockets of TLS know no timeout of 0.
    sock.setblocking(False)
    try:
        if isinstance(sock, ssl.SSLSocket):
            # TLS has messages of its own, and no way to look without taking.
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
