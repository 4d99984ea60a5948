"""Fewer system calls under py-amqp.

It makes one for each message sent and two for each frame received. Here, what is published in a
turn leaves in one write, and what has arrived comes in one read.
"""

from collections.abc import Callable
from typing import Any

#: Bytes asked of the socket at a time.
READ_SIZE = 64 * 1024

#: Bytes of published messages that are written at once, at the latest.
WRITE_SIZE = 64 * 1024


class ReadAhead:
    """Takes the place of a transport's recv: reads much, and hands out what is asked for."""

    def __init__(self, recv: Callable[[int], bytes]) -> None:
        self._recv = recv
        self._ahead = memoryview(b"")

    def __call__(self, size: int) -> bytes:
        if not self._ahead:
            self._ahead = memoryview(self._recv(READ_SIZE))
        taken, self._ahead = self._ahead[:size], self._ahead[size:]
        return taken.tobytes()

    def __bool__(self) -> bool:
        """Whether something was read that nobody has asked for yet."""
        return bool(self._ahead)


class WriteBehind:
    """Keeps what is written to a transport until `flush`."""

    def __init__(self, write: Callable[[Any], None]) -> None:
        self._write = write
        self._behind = bytearray()

    def write(self, frame: memoryview | bytes) -> None:
        """Keep it; write all when it has become much."""
        self._behind += frame
        if len(self._behind) >= WRITE_SIZE:
            self.flush()

    def flush(self) -> None:
        """Write what was kept; raises what the transport raises."""
        if self._behind:
            written, self._behind = bytes(self._behind), bytearray()
            self._write(written)
