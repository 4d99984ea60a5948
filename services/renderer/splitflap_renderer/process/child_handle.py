"""One rendering process, from the parent's side.

The states of a process: starting -> idle <-> busy -> gone. READY ends the start, a batch makes it
busy, the last answer makes it idle. It is gone when it has died or its parent has killed it.
"""

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
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from types import ModuleType

import msgspec

from splitflap_renderer.options import Options
from splitflap_renderer.process import child_main
from splitflap_renderer.process.child_main import TimedAnswer, decode_answer, encode_texts
from splitflap_renderer.process.lanes import Text

#: Seconds until a new process must be ready. The first one waits for the fork server, whose imports
#: and parsers take 0.6 s of CPU. Each further one takes a hundredth of that.
START_DEADLINE = 30.0

#: Seconds to wait for the exit status of a killed process.
REAP_TIMEOUT = 1.0

#: Wall-clock time after which a process must have got some CPU, as a multiple of the deadline.
WALL_CLOCK_FACTOR = 5.0

#: The part of a CPU that it must have got in that time. A process with less is stopped, or waits
#: for memory; the text is not the cause. A process with more goes on, up to its deadline in CPU
#: time: on a busy machine, another attempt would get no more.
LEAST_PART = 0.02

#: Shortest time in seconds between two checks of a text's CPU time.
CHECK_INTERVAL = 0.02

#: Seconds that a read or write may wait within one message. A process that stops in the middle of a
#: message must not block the parent longer.
STALLED_AFTER = 2.0

# The fork server has the imports and nothing else. A fork of it takes milliseconds, shares its
# memory, and inherits neither threads nor connections of the parent.
_context = get_context("forkserver")
_context.set_forkserver_preload(["splitflap_renderer.process.preload"])


class ChildGone(Exception):
    """The process has closed its end of the pipe: it has died or is about to."""


@contextmanager
def _hidden_main() -> Iterator[None]:
    """Hide the program's main module, which a child would import again with the broker's library.

    That import takes longer than the rest of the start, and needs memory.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _limit_waits(number: int) -> None:
    """Make a read or write of this socket fail with EAGAIN after STALLED_AFTER seconds."""
    seconds = int(STALLED_AFTER)
    limit = struct.pack("@ll", seconds, int((STALLED_AFTER - seconds) * 1e6))
    with socket.socket(fileno=os.dup(number)) as duplicate:
        duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def _spawn(memory_mib: int, options: Options) -> tuple[ForkServerProcess, Connection, Connection]:
    """Start a process; return it with the parent's ends of its pipe and its done signal."""
    pipe, child_pipe = _context.Pipe()
    _limit_waits(pipe.fileno())
    done_signal, child_done_signal = _context.Pipe(duplex=False)
    os.set_blocking(done_signal.fileno(), False)
    process = _context.Process(
        target=child_main.run,
        args=(child_pipe, child_done_signal, memory_mib, options),
        name="renderer-child",
        daemon=True,
    )
    try:
        with _hidden_main():
            process.start()
    except BaseException:
        pipe.close()
        done_signal.close()
        raise
    finally:
        # The parent notices the end of the process only if these ends are closed here.
        child_pipe.close()
        child_done_signal.close()
    return process, pipe, done_signal


class ChildHandle:
    """A process and its batch: the first text is being rendered, the others wait."""

    def __init__(
        self, deadline: float, memory_mib: int, options: Options, *, express: bool = False
    ) -> None:
        """Start the process. `deadline` is the CPU time of a text, in seconds.

        Raises:
            OSError, EOFError: the system lacks processes, memory or file descriptors.
        """
        self._process, self.pipe, self.done_signal = _spawn(memory_mib, options)
        #: Whether it renders express texts only.
        self.express = express
        self.batch: deque[Text] = deque()
        self.ready = False
        self.answered = 0
        self._wall_clock_limit = WALL_CLOCK_FACTOR * deadline
        self._allowance = deadline
        #: Whether its present text has got too little CPU.
        self.starved = False
        #: The time since which it must get some CPU, and its CPU time then.
        self._window_at = self._window_cpu = 0.0
        self._begin_text()
        self._check_at = self._since + START_DEADLINE

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid or 0

    @property
    def idle(self) -> bool:
        """Whether it can take a batch."""
        return self.ready and not self.batch

    @property
    def on_slow_text(self) -> bool:
        """Whether its present text is a slow one."""
        return bool(self.batch) and self.batch[0].slow

    def send(self, texts: list[Text], allowance: float) -> None:
        """Hand an idle process a batch, with `allowance` CPU seconds for each text.

        Raises:
            ChildGone: the process has begun none of the texts, or has stopped reading.
        """
        # Before the message: the process may answer before this thread runs again.
        self._allowance = allowance
        self._begin_text()
        try:
            self.pipe.send_bytes(encode_texts([text.request for text in texts]))
        except OSError as error:
            raise ChildGone(self._end_reason()) from error
        self.batch.extend(texts)

    def clear_done_signal(self) -> None:
        """Read the bytes of the done signal."""
        with suppress(OSError):
            os.read(self.done_signal.fileno(), 4096)

    def receive(self) -> TimedAnswer | None:
        """Read the answer to the first text of the batch, or None for READY.

        Raises:
            ChildGone: the pipe is closed; no answer will follow.
        """
        try:
            message = self.pipe.recv_bytes()
            if not self.ready:
                self.ready = True
                return None
            answered: TimedAnswer = decode_answer(message)
        except (EOFError, OSError, msgspec.MsgspecError) as error:
            raise ChildGone(self._end_reason()) from error
        self.answered += 1
        return answered

    def end_text(self, answered: TimedAnswer | None = None) -> tuple[Text, float]:
        """Take the first text out of the batch, with the seconds it took. The next text begins.

        The text ended at the time of its answer, or now if there is no answer.
        """
        before = self._since
        self._begin_text(answered)
        return self.batch.popleft(), self._since - before

    def take_rest(self) -> list[Text]:
        """Take the texts that it has not begun out of the batch."""
        rest = list(self.batch)[1:]
        while len(self.batch) > 1:
            self.batch.pop()
        return rest

    def seconds_to_check(self) -> float | None:
        """Seconds until `overdue` must be checked; None while the process is idle."""
        return None if self.idle else self._check_at - time.monotonic()

    def overdue(self) -> bool:
        """Whether its present text, or its start, has used all of its time."""
        now = time.monotonic()
        if now < self._check_at or not self.ready:
            return now >= self._check_at
        cpu = self._cpu()
        left = self._allowance - (cpu - self._cpu_since)
        if left <= 0:
            return True
        self._end_window(now, cpu)
        self._check_at = now + max(CHECK_INTERVAL, left)
        return self.starved

    def kill(self) -> None:
        """Kill the process and wait for its end, REAP_TIMEOUT at most."""
        self.pipe.close()
        self.done_signal.close()
        self._process.kill()
        self._process.join(REAP_TIMEOUT)

    def _begin_text(self, answered: TimedAnswer | None = None) -> None:
        """Note the start of a text: now, or at the time of the last answer."""
        self._since = answered.clock if answered else time.monotonic()
        self._cpu_since = answered.cpu if answered else self._cpu()
        self._window_at, self._window_cpu = self._since, self._cpu_since
        self.starved = False
        self._check_at = self._since + self._allowance

    def _end_window(self, now: float, cpu: float) -> None:
        """Decide at the end of each window whether it is starved."""
        if now - self._window_at >= self._wall_clock_limit:
            self.starved = cpu - self._window_cpu < LEAST_PART * self._wall_clock_limit
            self._window_at, self._window_cpu = now, cpu

    def _cpu(self) -> float:
        """CPU seconds of the process so far; 0 once it is gone.

        Linux has a clock for each process (clock_getcpuclockid(3)). It stands still while the
        process waits for a CPU.
        """
        with suppress(OSError):
            return time.clock_gettime(~self.pid << 3 | 2)
        return 0.0

    def _end_reason(self) -> str:
        """The exit status of the process or the name of the signal that ended it."""
        self._process.join(REAP_TIMEOUT)
        code = self._process.exitcode
        if code is None:
            return "the process closed its pipe, or stalled within a message"
        if code >= 0:
            return f"the process ended with status {code}"
        try:
            return f"the process was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"the process was ended by signal {-code}"
