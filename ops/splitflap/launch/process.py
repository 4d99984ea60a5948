"""One service's process, as its launcher sees it.

It gets a session of its own, so that the terminal's Ctrl-C goes to the launcher alone, and what it
leaves behind (workers, children) can be ended with it. It dies with the launcher, however that
ends: the kernel sends SIGKILL, which the services are made for.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

#: PR_SET_PDEATHSIG of prctl(2).
PR_SET_PDEATHSIG = 1

#: Seconds until a process that was sent SIGKILL counts as one that nothing ends.
KILL_TIMEOUT = 5.0

#: Bytes read from a process's output at a time: all that a pipe holds.
CHUNK = 65_536

#: Longest line, in bytes; what is longer is passed on in pieces.
MAX_LINE = 1 << 20


class CannotStart(Exception):
    """The program does not exist, or the system has no process left; the message says so."""


class Process:
    """A running program and its output, standard error included."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        """Start it; only from the main thread, whose end the kernel takes for the launcher's.

        Raises:
            CannotStart: says why.
        """
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - the Procfile's own commands
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_tie_to(os.getpid()),  # noqa: PLW1509 - the launcher has no threads
            )
        except OSError as error:
            raise CannotStart(f"{command[0]}: {error.strerror}") from error
        assert self._popen.stdout is not None  # noqa: S101 - for mypy: it is a pipe
        self._pipe = self._popen.stdout
        os.set_blocking(self._pipe.fileno(), False)
        self._rest = b""
        #: Whether nothing more can come, although it may still run.
        self.silent = False

    @property
    def pid(self) -> int:
        """Its id."""
        return self._popen.pid

    def fileno(self) -> int:
        """Its output, for a selector."""
        return self._pipe.fileno()

    def ended(self) -> int | None:
        """Its exit status once it has ended: negative for a signal, None while it runs."""
        return self._popen.poll()

    def lines(self) -> list[bytes]:
        """The lines that it has written since, as far as they are whole; never blocks."""
        data = self._rest + self._read()
        *whole, self._rest = data.split(b"\n")
        if len(self._rest) > MAX_LINE:
            whole, self._rest = [*whole, self._rest], b""
        return whole

    def terminate(self) -> None:
        """Ask it to stop. Its own processes are its own business."""
        self._popen.terminate()

    def kill(self) -> None:
        """End it and all that it started, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> list[bytes]:
        """End what is left of its session, and reap it; gives the last lines."""
        self.kill()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(KILL_TIMEOUT)
        last = self.lines()
        self._pipe.close()
        return [*last, self._rest] if self._rest else last

    def _read(self) -> bytes:
        try:
            data = os.read(self.fileno(), CHUNK)
        except BlockingIOError:
            return b""
        self.silent = not data
        return data


def said(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def _tie_to(launcher: int) -> Callable[[], None] | None:
    """What runs in a new process so that it dies with its launcher; only Linux can do it."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != launcher:  # it has died before it could be tied to
            os._exit(1)

    return tie
