"""The body of a request: read at the application's wish, or dropped before the response."""

from collections.abc import Callable
from typing import Any

from gunicorn.http.body import Body, LengthReader
from gunicorn.http.errors import ParseException

#: Bytes of an unread body read to keep the connection: more than MAX_BODY.
MAX_UNWANTED = 524_288

#: Bytes dropped at a time.
_PIECE = 65_536


class RequestBody(Body):  # type: ignore[misc]  # gunicorn has no types
    """Counts the bytes, and sends 100 Continue before it reads the first one."""

    def __init__(self, reader: Any, *, expects_continue: bool) -> None:
        super().__init__(reader)
        #: Bytes still to be read; None in a body of chunks.
        self._left: int | None = reader.length if isinstance(reader, LengthReader) else None
        self._ended = self._left == 0
        self._expects_continue = expects_continue and not self._ended
        self._send_continue: Callable[[], None] = _nothing

    def on_continue(self, send: Callable[[], None]) -> None:
        """`send` tells the client to send the body, if the client waits for that."""
        self._send_continue = send

    @property
    def ended(self) -> bool:
        """Whether the whole body was read."""
        return self._ended

    @property
    def is_droppable(self) -> bool:
        """Whether the client certainly sends a rest of at most MAX_UNWANTED bytes."""
        certain = self._left is not None and not self._expects_continue and not self.failed
        return certain and (self._left or 0) <= MAX_UNWANTED

    @property
    def is_unread_chunks(self) -> bool:
        """Whether the client sends chunks, and their end was not read."""
        is_sent = not self._expects_continue and not self.failed
        return self._left is None and not self._ended and is_sent

    def drop(self) -> bool:
        """Read and drop the rest, MAX_UNWANTED bytes at most. Return whether it ended.

        The client's socket limits the time.
        """
        dropped = 0
        try:
            while not self._ended and not self.failed and dropped < MAX_UNWANTED:
                dropped += len(self._read_reader(_PIECE))
        except (OSError, ParseException):
            return False
        return self._ended

    def _read_reader(self, size: int) -> bytes:
        if self._expects_continue:
            self._expects_continue = False
            self._send_continue()
        data: bytes = super()._read_reader(size)
        self._count(data, size)
        return data

    def _count(self, data: bytes, size: int) -> None:
        if self._left is None:
            self._ended = not data
        elif len(data) < min(size, self._left):
            self.failed = True  # the client has closed the connection
        else:
            self._left -= len(data)
            self._ended = self._left == 0


def _nothing() -> None:
    """The application reads no body before the connection has started."""
