"""Connections to checked addresses.

An idle connection is used again only for the same scheme, host name, port and address. The address
must pass the check for the new request too. The connection carries no state between requests.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from splitflap_core.telemetry import Metrics
from splitflap_core.urls.addresses import Address

from splitflap_scraper.fetch.deadline import Deadline
from splitflap_scraper.fetch.errors import (
    EndedEarlyError,
    FetchError,
    Transient,
    as_fetch_errors,
)
from splitflap_scraper.fetch.http.framing import Body, body_of
from splitflap_scraper.fetch.http.idle_connections import IdleConnections, Key
from splitflap_scraper.fetch.http.response import Response, read_response
from splitflap_scraper.fetch.http.wire import Wire
from splitflap_scraper.fetch.targets.urls import Target

#: Addresses of one name that are tried.
MAX_ADDRESSES = 3


class Exchange(NamedTuple):
    """A response with its unread body."""

    response: Response
    body: Body
    wire: Wire


class Connections:
    """The connections of one process. Safe to use from many threads."""

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
        self._idle = IdleConnections(clock)
        used = metrics.counter("splitflap_scraper_connections_total")
        self._new, self._reused = used.labels("new"), used.labels("kept")

    @contextmanager
    def exchange(
        self, target: Target, addresses: Sequence[Address], request: bytes, deadline: Deadline
    ) -> Iterator[Exchange]:
        """Send a request to one of the checked addresses, and give the response to the block.

        The connection is kept if the block ends well, the response allows it, and its body was read
        to the end.

        Raises:
            FetchError: in here or in the block: `refused`, `closed`, `tls`, `timeout`,
                `bad_response`, `too_large`.
        """
        with as_fetch_errors():
            key, sock, exchange = self._send(target, addresses, request, deadline)
            is_good = False
            try:
                yield exchange
                is_good = True
            finally:
                if is_good and exchange.response.keeps and _is_over(exchange):
                    self._idle.put(key, sock)
                else:
                    sock.close()

    def _send(
        self, target: Target, addresses: Sequence[Address], request: bytes, deadline: Deadline
    ) -> tuple[Key, socket.socket, Exchange]:
        """Send a request on an idle connection, else on a new one."""
        keys = [
            (target.scheme, target.host, target.port, str(each))
            for each in addresses[:MAX_ADDRESSES]
        ]
        for key in keys:
            sock = self._idle.take(key)
            if sock is not None:
                exchange = _exchanged(sock, request, deadline, is_kept=True)
                if exchange is not None:
                    self._reused.inc()
                    return key, sock, exchange
                break
        key, sock = self._connect(keys, deadline)
        self._new.inc()
        exchange = _exchanged(sock, request, deadline, is_kept=False)
        assert exchange is not None, "the connection is new"  # noqa: S101 - for mypy
        return key, sock, exchange

    def _connect(self, keys: Sequence[Key], deadline: Deadline) -> tuple[Key, socket.socket]:
        """Connect to the first address that accepts."""
        failures: list[OSError] = []
        for key in keys:
            # A process without free descriptors fails here, whatever the address.
            sock = socket.socket(_family(key), socket.SOCK_STREAM)
            try:
                _connect_to(key, sock, deadline.left(self._timeout))
            except OSError as error:
                failures.append(error)
                continue
            return key, self._secured(sock, key[1], deadline) if key[0] == "https" else sock
        detail = "; ".join(f"{type(each).__name__}: {each}" for each in failures)
        is_slow = failures and all(isinstance(each, TimeoutError) for each in failures)
        raise Transient("timeout" if is_slow else "refused", detail or "the name has no address")

    def _secured(self, sock: socket.socket, host: str, deadline: Deadline) -> socket.socket:
        try:
            sock.settimeout(deadline.left())
            return self._tls.wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise


def _family(key: Key) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in key[3] else socket.AF_INET


def _connect_to(key: Key, sock: socket.socket, timeout: float) -> None:
    """Connect the socket, or close it."""
    _scheme, _host, port, address = key
    try:
        sock.settimeout(timeout)
        sock.connect((address, port))
    except BaseException:
        sock.close()
        raise


def _exchanged(
    sock: socket.socket, request: bytes, deadline: Deadline, *, is_kept: bool
) -> Exchange | None:
    """Send a request and read the head, or return None for a stale kept connection."""
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
    """Whether the body was read to its end, and no other bytes follow.

    It reads a body that has already arrived, such as a redirect's. It does not wait for more bytes.
    """
    wire, body = exchange.wire, exchange.body
    wire.budget = 0
    try:
        while not wire.is_empty and body.read():
            pass
    except (FetchError, EndedEarlyError):
        return False
    return body.ended and wire.is_empty
