"""A client's socket with deadlines: whoever is slow loses the connection, not others their turn."""

import errno
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from typing import Any

from splitflap_api.server.green import GreenSocket, wait_readable

#: Seconds that a connection may be silent between two requests. Longer than balancers keep theirs
#: (nginx: 60), so that it is not closed under a request that is already on its way.
IDLE = 75.0

#: Seconds that a client may take none of a response before it is given up.
WRITE_TIMEOUT = 30.0


#: Bytes that are read of a request that is refused unread: as many as gunicorn reads at a time.
READ_SIZE = 8192

#: Seconds and bytes of what a client still sends that are taken when its connection is closed.
LINGER = 1.0
LINGER_BYTES = 262_144

#: Seconds that a look at what has arrived takes at most.
LOOK = 0.001


class _State(Enum):
    """What the next bytes belong to."""

    #: A request that has not begun.
    IDLE = auto()
    HEAD = auto()
    BODY = auto()
    #: Nothing: they came too late, and would be taken for the beginning of a request.
    GONE = auto()


class ClientSocket(GreenSocket):  # type: ignore[misc]  # eventlet has no types
    """Reads within an absolute deadline, however many pieces come.

    Idle until a request begins; then `body_deadline` for the head, and again for the body. A body
    that is too late raises TimeoutError, for the view to say so. Else the client counts as gone,
    which is no error: a read that is too late finds the end, and a write a broken pipe.
    """

    #: Seconds for a request's head, and again for its body.
    body_deadline = 10.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # eventlet sets an attribute, which a method would not override.
        self.close = self._close
        self._state = _State.IDLE
        self._looked = False
        self._read_by = 0.0
        self._awaits_first = False
        self._first: bytes | None = None
        self._refused_at = 0.0
        #: Whether anything was read since the last request began.
        self.has_read = False

    @property
    def idle(self) -> bool:
        """Whether no request has begun."""
        return self._state is _State.IDLE

    def begin_body(self) -> None:
        """The head was read."""
        self._begin(_State.BODY)

    def begin_next(self, *, has_begun: bool) -> None:
        """The request was answered, and read to its end; `has_begun` where more was read."""
        if has_begun:
            self._begin(_State.HEAD)
        else:
            self._state = _State.IDLE

    def _begin(self, state: _State) -> None:
        self._state = state
        self._looked = False
        self._read_by = time.monotonic() + self.body_deadline

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        if self._state is _State.GONE:
            return b""
        self.has_read = True
        try:
            if self._state is _State.IDLE:
                return self._recv_first(bufsize, flags)
            return self._recv_in_time(bufsize, flags)
        except TimeoutError:
            if self._state is _State.BODY:
                raise
            self._state = _State.GONE
            return b""

    def send(self, data: bytes, flags: int = 0) -> int:
        self.settimeout(WRITE_TIMEOUT)
        try:
            sent: int = super().send(data, flags)
        except TimeoutError as error:
            raise BrokenPipeError(errno.EPIPE, "the client takes nothing") from error
        return sent

    def _close(self) -> None:
        """Close for writing first, and take what still comes for a moment.

        A connection that is closed with bytes unread is reset, and the client may lose the answer
        that says why (RFC 9112 9.6).
        """
        if self._read_by:
            with suppress(OSError):  # it is gone already
                self.shutdown(socket.SHUT_WR)
                self._take_rest()
        self.fd.close()

    def _take_rest(self) -> None:
        end = time.monotonic() + LINGER
        left = LINGER_BYTES
        while left > 0:
            wait_readable(self, max(LOOK, end - time.monotonic()))
            data = self.fd.recv(min(left, READ_SIZE))
            if not data:
                return
            left -= len(data)

    def _recv_in_time(self, bufsize: int, flags: int) -> bytes:
        left = self._read_by - time.monotonic()
        if left <= 0:
            # What had arrived is not late, where it was this process that had no time: one look.
            if self._looked:
                raise TimeoutError("the request came too slowly")
            self._looked = True
        self.settimeout(max(left, LOOK))
        data: bytes = super().recv(bufsize, flags)
        return data

    def begins_with(self, start: bytes) -> bool:
        """Whether the next request, which nobody has read, begins so. Called by the hub."""
        if not self._awaits_first or self._first is not None:
            return False
        try:
            return bool(self.fd.recv(len(start), socket.MSG_PEEK) == start)
        except OSError:
            return False

    def refuse(self, answer_to: Callable[[bytes], bytes | None]) -> bool:
        """Answer the next request without reading it, from what has come; whether that was done.

        Called by the hub, while the connection's green thread waits for the request.
        """
        if not self._awaits_first or self._first is not None:
            return False
        try:
            data = self.fd.recv(READ_SIZE)
        except OSError:
            return False
        if answer := answer_to(data):
            try:
                if self.fd.send(answer) == len(answer):
                    self._refused_at = time.monotonic()
                    return True
            except OSError:
                pass
            # Who takes not even this has gone, or reads nothing.
            data = b""
        self._first = data
        return False

    def _recv_first(self, bufsize: int, flags: int) -> bytes:
        """The first bytes of a request that is not refused."""
        while not self._wait_first():
            pass
        data, self._first = self._first, None
        if data is None:
            data = super().recv(bufsize, flags)
        self._begin(_State.HEAD)
        return data

    def _wait_first(self) -> bool:
        """Whether something came that was not refused; raises TimeoutError where nothing did."""
        began = time.monotonic()
        self._awaits_first = True
        try:
            # Even where it is here already: then it is the turn of the other clients.
            wait_readable(self, IDLE)
        except TimeoutError:
            if self._refused_at < began:
                raise
            return False
        finally:
            self._awaits_first = False
        return True
