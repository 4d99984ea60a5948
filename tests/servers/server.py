"""The common part of all servers: start, stop, kill and restart, by process id."""

import contextlib
import os
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from tests.support import descendants, free_port, gone, wait_until

from .process import PATIENCE, Home, ServerFailed, tail


class Server(ABC):
    """One server with its own folder and port. Only `close` deletes its data."""

    #: The signals of a stop, the mildest first. Each has PATIENCE seconds to take effect.
    END: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGKILL)

    def __init__(self, name: str) -> None:
        self.port = free_port()
        self._name = name
        # Debian's user has the name of the server.
        self._home = Home(name, name)
        self.log = self._home.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the main process."""
        assert self._process, f"{self._name} was not started"
        return self._process.pid

    def start(self) -> Self:
        """Start the server, and wait until it accepts connections.

        Raises:
            ServerFailed: the server ended.
            WaitTimeout: the server does not answer.
        """
        self._process = self._launch()
        wait_until(self._has_started, lambda: f"{self._name}'s start\n{tail(self.log)}")
        return self

    def stop(self) -> None:
        """End the server in its orderly way: it closes connections and writes its data."""
        if self._process:
            end(self._process, *self.END)

    def kill(self) -> None:
        """Send SIGKILL to all processes of the server, like a power failure."""
        if self._process:
            kill_all(self._process)

    def restart(self) -> None:
        """Stop the server, and start it on the same port with the same data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop the server, and delete its data."""
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
        """Start the main process, and return at once."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether clients can connect."""

    def _has_started(self) -> bool:
        assert self._process, f"{self._name} was not started"
        if (status := self._process.poll()) is not None:
            raise ServerFailed(f"{self._name} ended with {status}\n{tail(self.log)}")
        return self._is_ready()


def end(process: subprocess.Popen[bytes], *signals: signal.Signals) -> None:
    """Send the signals in turn, until the process has ended."""
    for number in signals:
        if process.poll() is not None:
            return
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """Send SIGKILL to a process and its descendants, and wait for their end.

    SIGSTOP comes first, so that the process starts no more children.
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
    """Whether a loopback port accepts connections."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
