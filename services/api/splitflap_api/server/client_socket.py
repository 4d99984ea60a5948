"""A client's socket as a state machine with deadlines. A slow client loses its connection."""

import errno
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from typing import Any

from splitflap_api.server.green import GreenSocket, sleep, wait_readable
from splitflap_api.server.gunicorn_types import Address

#: Seconds between two requests on a connection. Longer than balancers keep theirs
#: (nginx: 60), because the server must not close a connection under an arriving request.
IDLE_TIMEOUT = 75.0

#: Seconds for a client to accept the next bytes of a response.
WRITE_TIMEOUT = 30.0

#: Bytes read at a time, as in gunicorn.
READ_SIZE = 8192

#: Input read, and dropped, when the server closes a connection: seconds in all, seconds without a
#: byte, and bytes. A client that sends its whole request first finds the response afterwards.
LINGER = 10.0
LINGER_SILENCE = 1.0
LINGER_BYTES = 67_108_864

#: Bytes dropped at a time.
LINGER_SIZE = 65_536

#: Seconds for which one client may be read while more of its bytes are here. Then others run: each
#: byte of a body may be a chunk of its own, and gunicorn parses 150,000 chunks a second.
TURN = 0.005

#: Shortest wait for input, in seconds. It finds bytes already in the kernel.
POLL = 0.001


class State(Enum):
    """The request to which the next bytes from the client belong."""

    IDLE = auto()
    AWAITED = auto()
    HELD = auto()
    HEAD = auto()
    BODY = auto()
    DROPPING = auto()
    GONE = auto()


#: The allowed transitions; ClientSocket's docstring explains them.
NEXT = {
    State.IDLE: {State.AWAITED},
    State.AWAITED: {State.HELD, State.HEAD, State.GONE},
    State.HELD: {State.HEAD},
    State.HEAD: {State.BODY},
    State.BODY: {State.IDLE, State.HEAD, State.DROPPING},
    State.DROPPING: {State.IDLE, State.HEAD, State.GONE},
    State.GONE: set(),
}


class ClientSocket(GreenSocket):  # type: ignore[misc]  # eventlet has no types
    """Reads requests within absolute deadlines, however many pieces arrive.

    state     deadline       meaning, and next states
    IDLE      -              Between two requests. AWAITED: `recv` was called.
    AWAITED   IDLE_TIMEOUT   A green thread waits for a request. HEAD: bytes arrived. HELD: the
                             hub read the first bytes, and did not refuse them. GONE: too late.
    HELD      -              HEAD: the green thread took these bytes.
    HEAD      body_deadline  A head arrives. BODY: `begin_body`.
    BODY      body_deadline  A body arrives. IDLE, or HEAD of a pipelined request: `end_request`.
                             DROPPING: `begin_dropping`.
    DROPPING  IDLE_TIMEOUT   The request was answered, and the rest of its body is dropped. IDLE
                             or HEAD: `end_request`. GONE: too late.
    GONE      -              The client was too late. The server closes the connection.

    A refusal by the hub leaves the state AWAITED, and restarts its deadline.

    A late head or body raises TimeoutError, and the server answers 408. In the other states a late
    client is gone: reads return the end of the stream, and writes raise BrokenPipeError.
    """

    def __init__(self, *args: Any, body_deadline: float = 10.0, **kwargs: Any) -> None:
        """`body_deadline`: seconds for a request's head, and again for its body."""
        super().__init__(*args, **kwargs)
        self.body_deadline = body_deadline
        # eventlet sets `close` on the instance, so a method of that name would have no effect.
        self.close = self._close
        self._state = State.IDLE
        self._deadline = 0.0
        self._read_late = False
        self._turn_began = 0.0
        self._held: bytes | None = None
        self._refused_at = 0.0
        #: Whether bytes of the present request arrived together with the previous one.
        self.pipelined = False

    @property
    def idle(self) -> bool:
        """Whether no request is in progress."""
        return self._state in {State.IDLE, State.AWAITED, State.DROPPING}

    def begin_body(self) -> None:
        """The head was parsed."""
        self._begin(State.BODY)

    def hurry(self, seconds: float) -> None:
        """In BODY: the rest of the body must arrive within `seconds`."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def begin_dropping(self) -> None:
        """The response was sent, and a part of the body is still to come."""
        self._enter(State.DROPPING)
        self._deadline = time.monotonic() + IDLE_TIMEOUT

    def end_request(self, *, next_has_begun: bool) -> None:
        """The request was answered, and read to its end. `next_has_begun`: more was read."""
        self.pipelined = next_has_begun
        if next_has_begun:
            self._begin(State.HEAD)
        else:
            self._enter(State.IDLE)

    def accept(self) -> tuple["ClientSocket", Address]:
        """The next connection of a listener. It has the listener's deadline."""
        client, address = super().accept()
        client.body_deadline = self.body_deadline
        return client, address

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        if self._state is State.GONE:
            return b""
        try:
            if self._state is State.IDLE:
                return self._recv_first(bufsize, flags)
            return self._recv_in_time(bufsize, flags)
        except TimeoutError:
            if self._state in {State.HEAD, State.BODY}:
                raise
            self._enter(State.GONE)
            return b""

    def send(self, data: bytes, flags: int = 0) -> int:
        self.settimeout(WRITE_TIMEOUT)
        try:
            sent: int = super().send(data, flags)
        except TimeoutError as error:
            raise BrokenPipeError(errno.EPIPE, "the client accepts no data") from error
        return sent

    def has_left(self) -> bool:
        """Whether the client has closed the connection, or its sending side."""
        try:
            return not self.fd.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:  # a reset
            return True

    def next_bytes(self, count: int) -> bytes:
        """The first bytes of the next, still unread request; none if it is unknown. For the hub."""
        if self._state is not State.AWAITED:
            return b""
        try:
            data: bytes = self.fd.recv(count, socket.MSG_PEEK)
        except OSError:
            return b""
        return data

    def refuse(self, refusal: Callable[[bytes], bytes | None]) -> bool:
        """Answer the next request from its first bytes. Return whether this was done. For the hub.

        `refusal` maps these bytes to the response, or to None: then the request is HELD for the
        application.
        """
        if self._state is not State.AWAITED:
            return False
        try:
            data = self.fd.recv(READ_SIZE)
        except OSError:
            return False
        response = refusal(data)
        if response and self._send_at_once(response):
            self._refused_at = time.monotonic()
            return True
        # A client with a full receive buffer reads nothing, so the connection ends.
        self._held = b"" if response else data
        self._enter(State.HELD)
        return False

    def _send_at_once(self, response: bytes) -> bool:
        try:
            return bool(self.fd.send(response) == len(response))
        except OSError:
            return False

    def _recv_first(self, bufsize: int, flags: int) -> bytes:
        """The first bytes of a request that the hub does not refuse."""
        self._enter(State.AWAITED)
        self._wait_for_request()
        held, self._held = self._held, None
        self._begin(State.HEAD)
        if held is not None:
            return held
        data: bytes = super().recv(bufsize, flags)
        return data

    def _wait_for_request(self) -> None:
        """Raises TimeoutError IDLE_TIMEOUT after the last refusal by the hub, or after the call."""
        while True:
            began = time.monotonic()
            try:
                # Waits even if bytes have arrived: other clients are served first.
                wait_readable(self, IDLE_TIMEOUT)
            except TimeoutError:
                if self._refused_at < began:
                    raise
            else:
                return

    def _recv_in_time(self, bufsize: int, flags: int) -> bytes:
        if time.monotonic() - self._turn_began > TURN:
            sleep(0)
            self._turn_began = time.monotonic()
        left = self._deadline - time.monotonic()
        if left <= 0:
            # A busy process may be late itself, so one more read takes bytes already here.
            if self._read_late:
                raise TimeoutError("the request came too slowly")
            self._read_late = True
        self.settimeout(max(left, POLL))
        data: bytes = super().recv(bufsize, flags)
        return data

    def _begin(self, state: State) -> None:
        self._enter(state)
        self._read_late = False
        self._turn_began = time.monotonic()
        self._deadline = self._turn_began + self.body_deadline

    def _enter(self, state: State) -> None:
        if state not in NEXT[self._state]:
            raise RuntimeError(f"client's socket: {self._state.name} cannot become {state.name}")
        self._state = state

    def _close(self) -> None:
        """Close for writing first, and drop input for a moment.

        Closing with unread input resets the connection, and the client may lose the response that
        explains the refusal (RFC 9112, section 9.6).
        """
        if self._deadline:
            with suppress(OSError):  # the client has closed already
                self.shutdown(socket.SHUT_WR)
                self._drop_input()
        self.fd.close()

    def _drop_input(self) -> None:
        end = time.monotonic() + LINGER
        left = LINGER_BYTES
        while left > 0 and (seconds := end - time.monotonic()) > 0:
            wait_readable(self, min(seconds, LINGER_SILENCE))
            data = self.fd.recv(LINGER_SIZE)
            if not data:
                return
            left -= len(data)
