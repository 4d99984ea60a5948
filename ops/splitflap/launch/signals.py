"""The signals that stop a launcher, and the one that says that a process has ended."""

import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Self

STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: Seconds after the first in which another Ctrl-C says the same: `make`, `timeout` and process
#: groups deliver one request several times.
SAME_REQUEST = 0.5


class Signals:
    """While it is entered, signals are noted here, and make `fileno` readable.

    SIGHUP stays ignored where it was: that is what nohup is for. Afterwards the process should
    end, for it hears no stop any more.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.stop: signal.Signals | None = None
        self.hurry = False
        self._since = 0.0
        self._woken, self._waker = socket.socketpair()

    def __enter__(self) -> Self:
        for end in (self._woken, self._waker):
            end.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in STOP:
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self.note)
        return self

    def __exit__(self, *_: object) -> None:
        # All has stopped: who still presses Ctrl-C changes nothing of how this process ends.
        for number in STOP:
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        self._woken.close()
        self._waker.close()

    def fileno(self) -> int:
        """What a selector waits for."""
        return self._woken.fileno()

    def drain(self) -> None:
        """Forget what woke."""
        with suppress(BlockingIOError):
            self._woken.recv(4096)

    def note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the protocol
        """A stop signal has come; the first is a wish, a Ctrl-C well after it is hurry."""
        if self.stop is None:
            self.stop = signal.Signals(number)
            self._since = self._clock()
        elif number == signal.SIGINT and self._clock() - self._since > SAME_REQUEST:
            self.hurry = True
