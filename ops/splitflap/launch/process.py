"""One service: its current process, and the delay before the next start.

The process has a session of its own. So the terminal's Ctrl-C reaches only the launcher, and the
launcher can end the process together with its children. The kernel sends SIGKILL to the process
when the launcher dies.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

#: PR_SET_PDEATHSIG of prctl(2).
PR_SET_PDEATHSIG = 1

#: Seconds that a killed process gets to be reaped.
KILL_TIMEOUT = 5.0

#: Bytes per read of a process's output: the capacity of a pipe.
CHUNK = 65_536

#: Longest line of output, in bytes; longer lines are passed on in pieces.
MAX_LINE = 1 << 20

#: Delay of the second start in a row, in seconds; each further delay doubles. The first is 0.
FIRST_DELAY = 0.2

#: Longest delay, in seconds.
MAX_DELAY = 5.0

#: Seconds of uptime after which the backoff starts anew.
STEADY_AFTER = 30.0


class CannotStart(Exception):
    """The program is missing or cannot be executed, or the system has no process left."""

    def __init__(self, program: str, error: OSError) -> None:
        self.program_is_missing = isinstance(error, FileNotFoundError | PermissionError)
        advice = "; correct its line in the Procfile" if self.program_is_missing else ""
        super().__init__(f"cannot be started: {program}: {error.strerror}{advice}")


class Backoff:
    """Delays between starts; they grow with each death in a row."""

    def __init__(self) -> None:
        self._deaths = 0

    def delay(self, uptime: float) -> float:
        """The delay in seconds after a process with this uptime in seconds has died."""
        self._deaths = 1 if uptime >= STEADY_AFTER else self._deaths + 1
        if self._deaths == 1:
            return 0.0
        # The exponent is bounded, since a service may die for days.
        return float(min(MAX_DELAY, FIRST_DELAY * 2 ** min(self._deaths - 2, 10)))


class Process:
    """A running program with its output, standard error included."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        """Start the program. Call this in the main thread: the kernel watches the calling thread.

        Raises:
            CannotStart: names the program and the reason.
        """
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - the Procfile's own commands
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - the launcher has one thread
            )
        except OSError as error:
            raise CannotStart(command[0], error) from error
        assert self._popen.stdout is not None  # noqa: S101 - for mypy: it is a pipe
        self._pipe = self._popen.stdout
        os.set_blocking(self._pipe.fileno(), False)
        self._partial_line = b""
        #: Whether the output has ended; the process may still run.
        self.output_ended = False

    @property
    def pid(self) -> int:
        """The process id, also the id of its process group."""
        return self._popen.pid

    def fileno(self) -> int:
        """The pipe of its output, for a selector."""
        return self._pipe.fileno()

    def status(self) -> int | None:
        """The exit status, negative for a signal; None while the process runs."""
        return self._popen.poll()

    def lines(self) -> list[bytes]:
        """The complete lines since the last call; does not block."""
        data = self._partial_line + self._read()
        *lines, self._partial_line = data.split(b"\n")
        if len(self._partial_line) > MAX_LINE:
            lines, self._partial_line = [*lines, self._partial_line], b""
        return lines

    def terminate(self) -> None:
        """Send SIGTERM to the process, but not to its children."""
        self._popen.terminate()

    def kill(self) -> None:
        """Send SIGKILL to the process and its children."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> list[bytes]:
        """Kill the process and its children, reap it, and return the last lines."""
        self.kill()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(KILL_TIMEOUT)
        lines = self.lines()
        self._pipe.close()
        return [*lines, self._partial_line] if self._partial_line else lines

    def _read(self) -> bytes:
        try:
            data = os.read(self.fileno(), CHUNK)
        except BlockingIOError:
            return b""
        self.output_ended = not data
        return data


class ServiceProcess:
    """A line of the Procfile, and its process while one runs."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        self.name = name
        self.process: Process | None = None
        #: How the previous process ended, in words.
        self.last_end: str | None = None
        self._command = command
        self._environment = environment
        self._backoff = Backoff()
        self._started_at = 0.0
        self._due_at = 0.0

    def due_in(self) -> float:
        """Seconds until the next start."""
        return max(0.0, self._due_at - time.monotonic())

    def start(self) -> Process:
        """Start a process.

        Raises:
            CannotStart: names the program and the reason.
        """
        self._started_at = time.monotonic()
        self.process = Process(self._command, self._environment)
        return self.process

    def ended(self, how: str) -> float:
        """Record the end of the process; returns the seconds until the next start."""
        self.process = None
        self.last_end = how
        now = time.monotonic()
        delay = self._backoff.delay(now - self._started_at)
        self._due_at = now + delay
        return delay


def in_words(status: int) -> str:
    """An exit status as a phrase that follows the service's name."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def _die_with(launcher: int) -> Callable[[], None] | None:
    """A function for the new process: it makes Linux kill the process after the launcher's end."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != launcher:  # the launcher died before prctl
            os._exit(1)

    return ask_kernel
