"""One rendering process, as its parent sees it."""

import os
import signal
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from types import ModuleType

import msgspec

from splitflap_renderer.options import Options
from splitflap_renderer.process import child_main
from splitflap_renderer.process.child_main import Answered, decode_answer, encode_texts
from splitflap_renderer.process.lanes import Text

#: Seconds that a new process may take until it is ready. The first waits for the fork server,
#: whose imports and parsers take 0.6 s of CPU; the others take a hundredth.
START_DEADLINE = 30.0

#: Seconds to wait for the exit status of a process that was killed.
REAP_TIMEOUT = 1.0

#: How much longer than its deadline of CPU time a text may take by the clock: on a machine that
#: gives its process a fifth of a CPU, or waits for memory, that is no fault of the text.
PATIENCE = 5.0

#: Seconds between looks at a text whose time by the clock is up, and whose CPU time is not.
LOOK_AGAIN = 0.02

# A fork of a process that has the imports and nothing else takes milliseconds, shares its memory,
# and inherits neither threads nor connections of the parent.
_context = get_context("forkserver")
_context.set_forkserver_preload(["splitflap_renderer.process.warm"])


#: Seconds that a read or write may wait within a message: a process that is stopped in the middle
#: of one must not hold up the others.
STALLED_AFTER = 2.0


class ChildGone(Exception):
    """The process has closed its end of the pipe: it has died or is about to."""


@contextmanager
def _no_main() -> Iterator[None]:
    """Hide the program's main module: a child would import it anew, with the broker's library.

    That takes longer than all else of its start, and memory.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _limit_waits(number: int) -> None:
    """Let a read or write of this socket fail with EAGAIN when it has waited too long."""
    seconds = int(STALLED_AFTER)
    limit = struct.pack("@ll", seconds, int((STALLED_AFTER - seconds) * 1e6))
    with socket.socket(fileno=os.dup(number)) as twin:
        twin.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        twin.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


class ChildHandle:
    """A process and the texts that it holds: the first is being rendered, the others wait."""

    def __init__(self, deadline: float, memory_mib: int, options: Options) -> None:
        """Start it. `deadline` is the CPU time (seconds) that a text may take at most.

        Raises:
            OSError, EOFError: the system has no process, memory or file descriptor left.
        """
        self.pipe, pipe = _context.Pipe()
        _limit_waits(self.pipe.fileno())
        self.done_signal, done_signal = _context.Pipe(duplex=False)
        os.set_blocking(self.done_signal.fileno(), False)
        self._process = _context.Process(
            target=child_main.run,
            args=(pipe, done_signal, memory_mib, options),
            name="renderer-child",
            daemon=True,
        )
        try:
            with _no_main():
                self._process.start()
        except BaseException:
            self._close()
            raise
        finally:
            # As long as these ends are open here, the death of the process would go unseen.
            pipe.close()
            done_signal.close()
        self.batch: deque[Text] = deque()
        self.ready = False
        self.answered = 0
        self._patience = PATIENCE * deadline
        self._allowance = deadline
        self._begin()
        self._look_at = self._since + START_DEADLINE

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid or 0

    @property
    def idle(self) -> bool:
        """Whether it can be sent texts."""
        return self.ready and not self.batch

    def send(self, texts: list[Text], allowance: float) -> None:
        """Hand it texts, each with so much CPU time (seconds).

        Only while it is idle, so that it reads.

        Raises:
            ChildGone: it has begun none of them, or does not read.
        """
        try:
            self.pipe.send_bytes(encode_texts([text.request for text in texts]))
        except OSError as error:
            raise ChildGone(self.why_gone()) from error
        self.batch.extend(texts)
        self._allowance = allowance
        self._begin()

    def quiet(self) -> None:
        """Take note of its done_signal."""
        with suppress(OSError):
            os.read(self.done_signal.fileno(), 4096)

    def receive(self) -> Answered | None:
        """The answer to the first text of the trip; None when it said that it is ready.

        Raises:
            ChildGone: there will be no more answers.
        """
        try:
            message = self.pipe.recv_bytes()
            if not self.ready:
                self.ready = True
                return None
            answered: Answered = decode_answer(message)
        except (EOFError, OSError, msgspec.MsgspecError) as error:
            raise ChildGone(self.why_gone()) from error
        self.answered += 1
        return answered

    def next_text(self, answered: Answered | None = None) -> tuple[Text, float]:
        """Take the first text from the trip, with the seconds it took; the next one begins.

        It ended when it was answered; without an answer, now.
        """
        before = self._since
        self._begin(answered)
        return self.batch.popleft(), self._since - before

    def left(self) -> float | None:
        """Seconds until `overdue` is to be asked; None while it has nothing to do."""
        return None if self.idle else self._look_at - time.monotonic()

    def overdue(self) -> bool:
        """Whether its present text, or its start, has had all its time."""
        now = time.monotonic()
        if now < self._look_at or not self.ready:
            return now >= self._look_at
        left = self._allowance - (self._cpu() - self._cpu_since)
        if left <= 0 or self.starved:
            return True
        self._look_at = now + max(LOOK_AGAIN, left)
        return False

    @property
    def starved(self) -> bool:
        """Whether its present text has had all its time by the clock."""
        return time.monotonic() - self._since >= self._patience

    def _begin(self, answered: Answered | None = None) -> None:
        """A text begins now, or began with the answer to the one before it."""
        self._since = answered.clock if answered else time.monotonic()
        self._cpu_since = answered.cpu if answered else self._cpu()
        self._look_at = self._since + self._allowance

    def _cpu(self) -> float:
        """CPU seconds of the process so far; 0 where it has none any more.

        Linux has a clock for each process (clock_getcpuclockid(3)), which stands still while the
        process waits for a CPU.
        """
        with suppress(OSError):
            return time.clock_gettime(~self.pid << 3 | 2)
        return 0.0

    def kill(self) -> None:
        """End it, whatever it does, and wait a moment for its end."""
        self._close()
        self._process.kill()
        self._process.join(REAP_TIMEOUT)

    def _close(self) -> None:
        self.pipe.close()
        self.done_signal.close()

    def why_gone(self) -> str:
        """How it ended: its exit status or the signal's name."""
        self._process.join(REAP_TIMEOUT)
        code = self._process.exitcode
        if code is None:
            return "the process closed its pipe, or does not go on with a message"
        if code >= 0:
            return f"the process ended with status {code}"
        try:
            return f"the process was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"the process was ended by signal {-code}"
