"""A connected socket with two bounds: an absolute deadline, and a budget of bytes.

`Wire.more` receives all bytes and enforces both bounds, however slowly the bytes arrive.
"""

import socket
import time

from splitflap_scraper.fetch.deadline import Deadline
from splitflap_scraper.fetch.errors import FetchError

#: Bytes of a status line and headers, including those of 1xx responses. Servers accept 8 to 16 KiB
#: in the other direction; policies and cookies make responses longer.
MAX_HEADER_BYTES = 64 * 1024

#: Bytes of one read from a socket.
READ_SIZE = 16 * 1024


class Wire:
    """The bytes of one exchange on a connection: those received, and how many may follow."""

    __slots__ = ("_deadline", "_sock", "at", "budget", "data", "heard")

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        #: Received bytes, and the position of the first one not taken yet.
        self.data = b""
        self.at = 0
        #: Bytes that may still arrive, enforced by `more`.
        self.budget = MAX_HEADER_BYTES
        #: Whether any byte has arrived.
        self.heard = False

    def send(self, data: bytes) -> None:
        """Send all of the data."""
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def more(self) -> bool:
        """Wait for some bytes. False after the end of the connection.

        Raises:
            FetchError: `timeout` or `too_large`.
        """
        if self.budget <= 0:
            raise FetchError("too_large", "more bytes than a page may have")
        if self.heard:
            # A green socket never waits for a fast sender, so other threads run here.
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
        """Take some bytes, `most` at most. Empty after the end of the connection.

        Raises:
            FetchError: as `more`.
        """
        if self.at >= len(self.data) and not self.more():
            return b""
        data = self.data[self.at : self.at + most]
        self.at += len(data)
        return data

    def line(self, most: int) -> bytes | None:
        """Take the bytes up to the end of a line, or return None at the end of the connection.

        Raises:
            FetchError: `too_large` for a line of more than `most` bytes; as `more`.
        """
        while (end := self.data.find(b"\n", self.at, self.at + most)) < 0:
            if len(self.data) - self.at >= most:
                raise FetchError("too_large", "an endless line")
            if not self.more():
                return None
        line = self.data[self.at : end]
        self.at = end + 1
        return line.removesuffix(b"\r")

    def skip(self, data: bytes) -> bool:
        """Take these bytes if they come next and have arrived. Returns whether they did."""
        found = self.data.startswith(data, self.at)
        self.at += len(data) if found else 0
        return found

    @property
    def is_empty(self) -> bool:
        """Whether all received bytes are taken."""
        return self.at >= len(self.data)
