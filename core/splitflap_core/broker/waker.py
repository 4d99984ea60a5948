"""Waiting for the broker's input, and ending the wait from another thread."""

import contextlib
import selectors
import socket
import ssl
from typing import Protocol


class Waker:
    """Ends the wait of a session from another thread."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._awake = False

    def wake(self) -> None:
        """End the present wait, or the next one."""
        if not self._awake:
            self._awake = True
            with contextlib.suppress(BlockingIOError, OSError):
                self._writer.send(b"\0")

    def wait(self, timeout: float) -> None:
        """Wait for a wake-up, at most `timeout` seconds."""
        self._reader.settimeout(timeout)
        with contextlib.suppress(TimeoutError, BlockingIOError):
            self._reader.recv(4096)
        self._reader.setblocking(False)

    def clear(self) -> None:
        """Forget the wake-ups so far. Call this before reading the work that they announce."""
        # One read is enough: at most two wake-ups of one byte each can be here.
        with contextlib.suppress(BlockingIOError):
            self._reader.recv(4096)
        self._awake = False

    def fileno(self) -> int:
        """The descriptor that a wake-up makes readable."""
        return self._reader.fileno()

    def close(self) -> None:
        """Close both descriptors."""
        self._reader.close()
        self._writer.close()


class HasDescriptor(Protocol):
    """A socket, or another source of input."""

    def fileno(self) -> int:
        """The descriptor that input makes readable."""


class Readiness:
    """Waits for a source of input and a waker at once."""

    def __init__(self, source: HasDescriptor, waker: Waker) -> None:
        self._source = source
        self._either = selectors.DefaultSelector()
        self._either.register(source, selectors.EVENT_READ)
        self._either.register(waker, selectors.EVENT_READ)
        # eventlet's select names only one of two ready sources, so this one checks the source
        # itself.
        self._source_only = selectors.DefaultSelector()
        self._source_only.register(source, selectors.EVENT_READ)

    def wait(self, timeout: float) -> None:
        """Return when the source is readable, after a wake-up, or after `timeout` seconds."""
        if not self._has_decrypted():
            self._either.select(timeout)

    def readable(self) -> bool:
        """Whether the source is readable now."""
        return self._has_decrypted() or bool(self._source_only.select(0))

    def close(self) -> None:
        """Close the selectors. The source and the waker stay open."""
        self._either.close()
        self._source_only.close()

    def _has_decrypted(self) -> bool:
        # TLS decrypts whole records, and selectors are blind to the rest of a record.
        return isinstance(self._source, ssl.SSLSocket) and self._source.pending() > 0
