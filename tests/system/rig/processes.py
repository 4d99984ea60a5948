"""One service as a process: started, watched through its health port, stopped by its process id."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import requests

from tests.servers.process import tail
from tests.support import descendants, free_port, gone, wait_until

#: Seconds until a started service must be ready, and until it must have ended after SIGTERM.
START_STOP_TIMEOUT = 40.0

#: Environment variables passed on to each service.
INHERITED = ("PATH", "LANG", "PYTHONPATH")

#: Seconds for one request to a health port.
HEALTH_TIMEOUT = 5.0


def program(name: str) -> str:
    """The path of a console script in this environment."""
    return str(Path(sys.executable).parent / name)


class SpawnedService:
    """A service's process, with its settings, its log and its health port."""

    def __init__(
        self, name: str, command: list[str], environ: Mapping[str, str], folder: Path
    ) -> None:
        self.name = name
        self.health_port = free_port()
        self.log = folder / f"{name}.log"
        #: The whole environment of the next start.
        self.environ = {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            "HOME": str(folder),
            **environ,
            "SPLITFLAP_HEALTH_PORT": str(self.health_port),
        }
        self._command = command
        self._folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and return at once.

        Call this from the main thread: the process dies with the thread that started it.
        """
        dies_with_us = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [*dies_with_us, *self._command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
                env=self.environ,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The id of the process that was started: the parent of all others of this service."""
        return self._started().pid

    @property
    def is_running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def is_ready(self) -> bool:
        """Whether the health port reports ready. Fails if the process has ended."""
        status = self._started().poll()
        assert status is None, f"{self.name} ended with {status}\n{self.tail()}"
        with contextlib.suppress(requests.RequestException):
            return self.health("readyz").ok
        return False

    def wait_ready(self) -> None:
        """Wait until the health port reports ready."""
        wait_until(
            self.is_ready, lambda: f"{self.name} to be ready\n{self.tail()}", START_STOP_TIMEOUT
        )

    def health(self, page: str, accept: str = "*/*") -> requests.Response:
        """GET a page of the health port."""
        url = f"http://127.0.0.1:{self.health_port}/{page}"
        return requests.get(url, headers={"Accept": accept}, timeout=HEALTH_TIMEOUT)

    def kill(self) -> None:
        """Send SIGKILL to all of its processes, as a power failure would end them."""
        process = self._started()
        family = descendants(process.pid)
        os.killpg(process.pid, signal.SIGKILL)
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(START_STOP_TIMEOUT)
        wait_until(lambda: all(map(gone, family)), f"the end of {family}", START_STOP_TIMEOUT)

    def kill_parent(self) -> None:
        """Send SIGKILL to the parent process only. Its children have to end by themselves."""
        process = self._started()
        process.kill()
        process.wait(START_STOP_TIMEOUT)

    def terminate(self) -> None:
        """Send SIGTERM and return at once."""
        self._started().terminate()

    def wait(self, timeout: float = START_STOP_TIMEOUT) -> int:
        """Wait for the end of the process, and return its exit status."""
        return self._started().wait(timeout)

    def close(self) -> None:
        """End the process: with SIGTERM, and with SIGKILL if that takes too long."""
        if self.process is None or not self.is_running:
            return
        self.process.terminate()
        try:
            self.process.wait(START_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.kill()

    def tail(self, characters: int = 4000) -> str:
        """The end of its log."""
        return tail(self.log, characters)

    def _started(self) -> subprocess.Popen[bytes]:
        assert self.process, f"{self.name} was not started"
        return self.process
