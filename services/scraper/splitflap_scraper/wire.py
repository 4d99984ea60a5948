"""One request over one connection, to an address that was checked before.

Everything that arrives passes `Wire.recv_into`, which holds the two bounds: an absolute deadline,
however slowly the bytes drip, and a budget of bytes.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from splitflap_scraper.addresses import Address
from splitflap_scraper.errors import FetchError, Transient
from splitflap_scraper.urls import Target

#: Bytes that a status line and headers may have, those of 1xx responses included. Servers accept
#: 8 to 16 KiB in the other direction; policies and cookies make responses longer.
MAX_HEADER_BYTES = 64 * 1024

#: Bytes asked of a socket at a time.
READ_SIZE = 16 * 1024

#: Addresses of one name that are tried.
MAX_ADDRESSES = 3


class Deadline:
    """A point in time that a fetch does not outlive."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end = clock() + seconds

    def left(self, most: float = float("inf")) -> float:
        """Seconds that are left, and no more than `most`.

        Raises:
            Transient: `timeout`, when there are none.
        """
        left = self._end - self._clock()
        if left <= 0:
            raise Transient("timeout", f"not done within {self._seconds:g} s")
        return min(left, most)


class Wire:
    """A connected socket within bounds. http.client takes it for a socket."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self._file: io.BufferedIOBase = io.BufferedReader(_Incoming(self), READ_SIZE)
        #: Bytes that may still arrive.
        self.budget = MAX_HEADER_BYTES
        #: Whether the other side has said its last.
        self.ended = False

    def sendall(self, data: bytes) -> None:
        """Send it all."""
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def recv_into(self, buffer: memoryview) -> int:
        """Some bytes, at least one unless the connection has ended.

        Raises:
            FetchError: `timeout` or `too_large`.
        """
        if self.budget <= 0:
            raise FetchError("too_large", "more bytes than a page may have")
        self._sock.settimeout(self._deadline.left())
        received = self._sock.recv_into(buffer)
        self.budget -= received
        self.ended = received == 0
        # A fast sender never lets a green socket wait; this lets the others run.
        time.sleep(0)
        return received

    def makefile(self, _mode: str) -> io.BufferedIOBase:
        """The one stream over what arrives: a second response goes on where the first ended."""
        return self._file


class _Incoming(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.recv_into(buffer)


@contextmanager
def requested(
    target: Target,
    addresses: Sequence[Address],
    headers: dict[str, str],
    *,
    deadline: Deadline,
    connect_timeout: float,
    tls: ssl.SSLContext,
) -> Iterator[tuple[http.client.HTTPResponse, Wire]]:
    """GET a target from one of these addresses; its body is unread, and bound to the block.

    Raises:
        FetchError: in here or in the block: `refused`, `closed`, `tls`, `timeout`, `bad_response`,
            `too_large`.
    """
    with as_fetch_errors():
        sock = _connect(addresses, target.port, deadline, connect_timeout)
        try:
            if target.scheme == "https":
                sock.settimeout(deadline.left())
                sock = tls.wrap_socket(sock, server_hostname=target.host)
            wire = Wire(sock, deadline)
            wire.sendall(_request(target, headers))
            yield _response(wire), wire
        finally:
            sock.close()


def _connect(
    addresses: Sequence[Address], port: int, deadline: Deadline, timeout: float
) -> socket.socket:
    failures: list[OSError] = []
    for address in addresses[:MAX_ADDRESSES]:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(deadline.left(timeout))
            sock.connect((str(address), port))
        except OSError as error:
            sock.close()
            failures.append(error)
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    detail = "; ".join(f"{type(each).__name__}: {each}" for each in failures)
    slow = failures and all(isinstance(each, TimeoutError) for each in failures)
    raise Transient("timeout" if slow else "refused", detail or "the name has no address")


def _request(target: Target, headers: dict[str, str]) -> bytes:
    lines = [f"GET {target.path} HTTP/1.1", f"Host: {target.authority}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _response(wire: Wire) -> http.client.HTTPResponse:
    """The final response; those before it (1xx, RFC 9110 section 15.2) are passed over."""
    while True:
        response = http.client.HTTPResponse(wire, method="GET")  # type: ignore[arg-type]  # as Wire says
        response.begin()
        if wire.ended:
            # http.client takes an end within the headers for their end.
            raise ConnectionError("the connection ended within the head")
        if not 100 <= response.status < 200:  # noqa: PLR2004 - the informational class
            return response
        # What is dropped closes its stream, which is still needed.
        response.fp = None  # type: ignore[assignment]  # as http.client itself does


@contextmanager
def as_fetch_errors() -> Iterator[None]:
    """Says FetchError for what sockets, TLS and http.client raise."""
    try:
        yield
    except TimeoutError as error:
        raise Transient("timeout", str(error)) from error
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError) as error:
        raise Transient("closed", f"{type(error).__name__}: {error}") from error
    except ssl.SSLError as error:
        raise FetchError("tls", str(error)) from error
    except OSError as error:
        raise Transient("closed", f"{type(error).__name__}: {error}") from error
    except http.client.LineTooLong as error:
        raise FetchError("too_large", str(error)) from error
    except http.client.HTTPException as error:
        # The class itself is raised for too many headers only.
        reason = "too_large" if type(error) is http.client.HTTPException else "bad_response"
        raise FetchError(reason, f"{type(error).__name__}: {error}") from error
    except ValueError as error:
        raise FetchError("bad_response", f"{type(error).__name__}: {error}") from error
