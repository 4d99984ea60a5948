"""A client's socket with deadlines: whoever is slow loses the connection, not others their turn."""

import errno
import time
from collections.abc import Callable
from typing import Any

from splitflap_api.green import GreenSocket, polls, wait_readable

#: Seconds that a connection may be silent between two requests. Longer than balancers keep theirs
#: (nginx: 60), so that it is not closed under a request that is already on its way.
IDLE = 75.0

#: Seconds that a client may take none of a response before it is given up.
WRITE_TIMEOUT = 30.0


#: Seconds that a look at what has arrived takes at most.
LOOK = 0.001


class ClientSocket(GreenSocket):  # type: ignore[misc]  # eventlet has no types
    """Reads within an absolute deadline, however many pieces come.

    Idle until the first byte; then `body_deadline` for the head, and again for the body. A body
    that is too late raises TimeoutError, for the view to say so. Else the client counts as gone,
    which is no error: a read that is too late finds the end, and a write a broken pipe.
    """

    #: Seconds for a request's head, and again for its body.
    body_deadline = 10.0

    #: The answer to these bytes if they are a whole request that is refused unread, as one may be
    #: and as one is whose client is turned away.
    refusal: Callable[[bytes, bool], bytes | None] = staticmethod(lambda _data, _away: None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.idle = True
        self._in_body = self._gone = False
        self._looked = False
        self._read_by = 0.0
        #: Whether anything was read since the last request began.
        self.has_read = False

    def begin_body(self) -> None:
        """The head was read."""
        self._in_body = True
        self._looked = False
        self._read_by = time.monotonic() + self.body_deadline

    def begin_idle(self) -> None:
        """The request was answered."""
        self.idle = True
        self._in_body = False

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        if self._gone:
            return b""
        try:
            return self._recv_in_time(bufsize, flags)
        except TimeoutError:
            if self._in_body:
                raise
            # For good: what comes after all would be taken for the beginning of a request.
            self._gone = True
            return b""

    def send(self, data: bytes, flags: int = 0) -> int:
        self.settimeout(WRITE_TIMEOUT)
        try:
            sent: int = super().send(data, flags)
        except TimeoutError as error:
            raise BrokenPipeError(errno.EPIPE, "the client takes nothing") from error
        return sent

    def _recv_in_time(self, bufsize: int, flags: int) -> bytes:
        self.has_read = True
        if self.idle:
            return self._recv_first(bufsize, flags)
        left = self._read_by - time.monotonic()
        if left <= 0:
            # What had arrived is not late, where it was this process that had no time: one look.
            if self._looked:
                raise TimeoutError("the request came too slowly")
            self._looked = True
        self.settimeout(max(left, LOOK))
        data: bytes = super().recv(bufsize, flags)
        return data

    def _recv_first(self, bufsize: int, flags: int) -> bytes:
        """The first bytes of the next request that is not refused unread."""
        while True:
            # Even where they are here already: then it is the turn of the other clients.
            wait_readable(self, IDLE)
            data: bytes = super().recv(bufsize, flags)
            if not (refusal := self.refusal(data, self.fileno() in polls().turned_away)):
                break
            self.sendall(refusal)
        self.idle = self._looked = False
        self._read_by = time.monotonic() + self.body_deadline
        return data
