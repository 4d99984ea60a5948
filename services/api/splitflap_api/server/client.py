"""A client's socket with deadlines: whoever is slow loses the connection, not others their turn."""

import time
from typing import Any

from splitflap_api.green import GreenSocket

#: Seconds that a connection may be silent between two requests. Longer than balancers keep theirs
#: (nginx: 60), so that it is not closed under a request that is already on its way.
IDLE = 75.0

#: Seconds that a client may take none of a response before it is given up.
WRITE_TIMEOUT = 30.0


class ClientSocket(GreenSocket):  # type: ignore[misc]  # eventlet has no types
    """Reads within an absolute deadline, however many pieces come.

    Idle until the first byte; then `body_deadline` for the head, and again for the body. A read
    or write that is too late raises TimeoutError.
    """

    #: Seconds for a request's head, and again for its body.
    body_deadline = 10.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.idle = True
        self._read_by = 0.0

    def begin_body(self) -> None:
        """The head was read."""
        self._read_by = time.monotonic() + self.body_deadline

    def begin_idle(self) -> None:
        """The request was answered."""
        self.idle = True

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        left = IDLE if self.idle else self._read_by - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request came too slowly")
        self.settimeout(left)
        data: bytes = super().recv(bufsize, flags)
        if self.idle:
            self.idle = False
            self._read_by = time.monotonic() + self.body_deadline
        return data

    def send(self, data: bytes, flags: int = 0) -> int:
        self.settimeout(WRITE_TIMEOUT)
        sent: int = super().send(data, flags)
        return sent
