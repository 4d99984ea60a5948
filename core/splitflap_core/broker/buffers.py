"""Buffers between py-amqp and its socket, to save system calls.

py-amqp makes one call for each message sent and two for each frame received. These buffers write
once per iteration of the link, and read up to 64 KiB at once.
"""

from collections.abc import Callable
from typing import Any

#: Bytes of one read from the socket.
READ_SIZE = 64 * 1024

#: Bytes of buffered messages that cause a write.
WRITE_SIZE = 64 * 1024


class ReadAhead:
    """Replaces a transport's recv: reads a full buffer, and returns the requested bytes."""

    def __init__(self, recv: Callable[[int], bytes]) -> None:
        self._recv = recv
        self._ahead = memoryview(b"")

    def __call__(self, size: int) -> bytes:
        if not self._ahead:
            self._ahead = memoryview(self._recv(READ_SIZE))
        taken, self._ahead = self._ahead[:size], self._ahead[size:]
        return taken.tobytes()

    def __bool__(self) -> bool:
        """Whether the buffer has bytes."""
        return bool(self._ahead)


class WriteBehind:
    """Buffers writes to a transport until `flush`, or until the buffer is full."""

    def __init__(self, write: Callable[[Any], None]) -> None:
        self._write = write
        self._behind = bytearray()

    def write(self, frame: memoryview | bytes) -> None:
        """Add a frame; write all at `WRITE_SIZE` bytes."""
        self._behind += frame
        if len(self._behind) >= WRITE_SIZE:
            self.flush()

    def flush(self) -> None:
        """Write the buffer. Exceptions of the transport go to the caller."""
        if self._behind:
            written, self._behind = bytes(self._behind), bytearray()
            self._write(written)
