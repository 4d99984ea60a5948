"""One service as a process: started, watched through its health port, stopped by its own ids."""

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
from tests.servers.server import descendants, gone
from tests.support import free_port, wait_until

#: Seconds that a service may take until it is ready, and to end after SIGTERM.
PATIENCE = 40.0

#: What a service gets of this process' environment.
KEPT = ("PATH", "LANG", "PYTHONPATH")

#: Seconds for a look at the health port.
LOOK_TIMEOUT = 5.0


def program(name: str) -> str:
    """A console script of this environment."""
    return str(Path(sys.executable).parent / name)


class SpawnedService:
    """A service's process, with its settings, its log and its health port."""

    def __init__(
        self, name: str, command: list[str], environ: Mapping[str, str], folder: Path
    ) -> None:
        self.name = name
        self.health_port = free_port()
        self.log = folder / f"{name}.log"
        self._command = command
        self._environ = {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            "HOME": str(folder),
            **environ,
            "SPLITFLAP_HEALTH_PORT": str(self.health_port),
        }
        self._folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, without waiting. Call from the main thread: it dies with who starts it."""
        dies_with_us = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [*dies_with_us, *self._command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
                env=self._environ,
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        """Return once it says so on its health port."""
        wait_until(self._is_ready, lambda: f"{self.name} to be ready\n{self.tail()}", PATIENCE)

    def health(self, page: str) -> requests.Response:
        """A page of the health port."""
        return requests.get(f"http://127.0.0.1:{self.health_port}/{page}", timeout=LOOK_TIMEOUT)

    def kill(self) -> None:
        """SIGKILL for all of its processes, as a power failure would."""
        process = self._running()
        family = descendants(process.pid)
        os.killpg(process.pid, signal.SIGKILL)
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(PATIENCE)
        wait_until(lambda: all(map(gone, family)), f"the end of {family}", PATIENCE)

    def terminate(self) -> None:
        """SIGTERM, without waiting."""
        self._running().terminate()

    def wait(self, patience: float = PATIENCE) -> int:
        """Its exit status, once it has ended."""
        return self._running().wait(patience)

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def close(self) -> None:
        """End it, mildly if it can be."""
        if self.process is None or not self.runs:
            return
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()

    def tail(self, characters: int = 4000) -> str:
        """The end of its log."""
        return tail(self.log, characters)

    def _running(self) -> subprocess.Popen[bytes]:
        assert self.process, f"{self.name} was not started"
        return self.process

    def _is_ready(self) -> bool:
        status = self._running().poll()
        assert status is None, f"{self.name} ended with {status}\n{self.tail()}"
        with contextlib.suppress(requests.RequestException):
            return self.health("readyz").ok
        return False
