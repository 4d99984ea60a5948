"""What the servers have in common: start, stop, kill, restart, by their own process ids."""

import contextlib
import os
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support import free_port, wait_until

from .process import PATIENCE, Home, ServerFailed, tail


class Server(ABC):
    """One server with its own folder and port. Data survives everything but `close`."""

    #: The signals that end it, the mildest first; each is given PATIENCE.
    END: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGKILL)

    def __init__(self, name: str) -> None:
        self.port = free_port()
        self._name = name
        # Debian names the user like the server.
        self._home = Home(name, name)
        self.log = self._home.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of its main process."""
        assert self._process, f"{self._name} was not started"
        return self._process.pid

    def start(self) -> Self:
        """Start, and return once it takes connections.

        Raises:
            ServerFailed: it ended, or does not answer.
        """
        self._process = self._launch()
        wait_until(self._has_started, lambda: f"{self._name}'s start\n{tail(self.log)}")
        return self

    def stop(self) -> None:
        """An orderly end: connections are closed, what is to be written is written."""
        if self._process:
            end(self._process, *self.END)

    def kill(self) -> None:
        """As a power failure would: SIGKILL for all its processes."""
        if self._process:
            kill_all(self._process)

    def restart(self) -> None:
        """Stop if it runs, and start on the same port with the same data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop for good, and delete the data."""
        self.stop()
        self._home.remove()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def _launch(self) -> subprocess.Popen[bytes]:
        """Start the main process, without waiting for it to be ready."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether clients can connect."""

    def _has_started(self) -> bool:
        assert self._process, f"{self._name} was not started"
        if (status := self._process.poll()) is not None:
            raise ServerFailed(f"{self._name} ended with {status}\n{tail(self.log)}")
        return self._is_ready()


def end(process: subprocess.Popen[bytes], *signals: signal.Signals) -> None:
    """Send the signals one after the other, with patience, until the process has ended."""
    for number in signals:
        if process.poll() is not None:
            return
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL a process and all below it, and wait for their end.

    It is stopped first, so that it starts no more of them while they are listed.
    """
    if process.poll() is None:
        process.send_signal(signal.SIGSTOP)
    pids = descendants(process.pid)
    process.kill()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait(PATIENCE)
    wait_until(lambda: all(map(gone, pids)), f"the end of {pids}")


def listens(port: int) -> bool:
    """Whether a loopback port takes connections."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def descendants(pid: int) -> set[int]:
    """The ids of all processes below one."""
    found: set[int] = set()
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, path.read_text(encoding="ascii").split()):
                found |= {child} | descendants(child)
    return found


def gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] in {"Z", "X"}
