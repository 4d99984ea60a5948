"""A connected socket within bounds.

Everything that arrives passes `Wire.more`, which holds the two bounds: an absolute deadline,
however slowly the bytes drip, and a budget of bytes.
"""

import socket
import ssl
import time
from types import TracebackType

from splitflap_scraper.fetch.deadline import Deadline
from splitflap_scraper.fetch.errors import FetchError, Transient

#: Bytes that a status line and headers may have, those of 1xx responses included. Servers accept
#: 8 to 16 KiB in the other direction; policies and cookies make responses longer.
MAX_HEADER_BYTES = 64 * 1024

#: Bytes asked of a socket at a time.
READ_SIZE = 16 * 1024


class Wire:
    """One request's use of a connection: what has arrived, and how much more may."""

    __slots__ = ("_deadline", "_sock", "at", "budget", "data", "heard")

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        #: What has arrived and was not dropped, and up to where it was taken.
        self.data = b""
        self.at = 0
        #: Bytes that may still arrive.
        self.budget = MAX_HEADER_BYTES
        #: Whether anything has arrived.
        self.heard = False

    def send(self, data: bytes) -> None:
        """Send it all."""
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def more(self) -> bool:
        """Wait for some bytes; False when the connection has ended.

        Raises:
            FetchError: `timeout` or `too_large`.
        """
        if self.budget <= 0:
            raise FetchError("too_large", "more bytes than a page may have")
        if self.heard:
            # A fast sender never lets a green socket wait; this lets the others run.
            time.sleep(0)
        self._sock.settimeout(self._deadline.left())
        data = self._sock.recv(READ_SIZE)
        if not data:
            return False
        self.heard = True
        self.budget -= len(data)
        self.data = self.data[self.at :] + data
        self.at = 0
        return True

    def take(self, most: int) -> bytes:
        """Some bytes, `most` at most; none when the connection has ended.

        Raises:
            FetchError: as `more`.
        """
        if self.at >= len(self.data) and not self.more():
            return b""
        data = self.data[self.at : self.at + most]
        self.at += len(data)
        return data

    def line(self, most: int) -> bytes | None:
        """The bytes up to the end of a line; None when the connection has ended before.

        Raises:
            FetchError: `too_large` for a line of more than `most` bytes; as `more`.
        """
        while (end := self.data.find(b"\n", self.at, self.at + most)) < 0:
            if len(self.data) - self.at >= most:
                raise FetchError("too_large", "a line that does not end")
            if not self.more():
                return None
        line = self.data[self.at : end]
        self.at = end + 1
        return line.removesuffix(b"\r")

    def skip(self, data: bytes) -> bool:
        """Whether just this has arrived and comes next; then it is taken."""
        found = self.data.startswith(data, self.at)
        self.at += len(data) if found else 0
        return found

    @property
    def is_empty(self) -> bool:
        """Whether all that has arrived was taken."""
        return self.at >= len(self.data)


class as_fetch_errors:  # noqa: N801 - used as a function is; a class costs a third of a generator
    """A block in which FetchError is said for what sockets and TLS raise."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if isinstance(error, OSError | ValueError):
            raise _said(error) from error


def _said(error: OSError | ValueError) -> FetchError:
    detail = f"{type(error).__name__}: {error}"
    match error:
        case TimeoutError():
            return Transient("timeout", str(error))
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Transient("closed", detail)
        case ssl.SSLError():
            return FetchError("tls", str(error))
        case OSError():
            return Transient("closed", detail)
        case _:
            return FetchError("bad_response", detail)
