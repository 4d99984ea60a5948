"""The nginx of services/web, with its own configuration and start script."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from tests.support import free_port, wait_until

from .process import find_binary
from .server import Server, listens

ROOT = Path(__file__).parents[2]

#: The configuration, as the image has it.
CONFIGURATION = ROOT / "services" / "web" / "nginx"


class PageNginx(Server):
    """nginx with a page, in front of an API on loopback."""

    def __init__(self, api_port: int, page: Path, **variables: str) -> None:
        """`variables` are those of services/web/nginx/README.md without `WEB_`, in lower case.

        A `{port}` in them is the port of the page.

        The processes may have another user, so they get copies of the files.

        Raises:
            MissingBinary: nginx is not installed.
        """
        binary = Path(find_binary("nginx"))
        super().__init__("nginx")
        self.health = free_port()
        self._start = self._copy(CONFIGURATION, "configuration") / "start"
        self._environ = {
            "PATH": f"{binary.parent}:/usr/bin:/bin",
            "WEB_API": f"127.0.0.1:{api_port}",
            "WEB_PAGE": str(self._copy(page, "page")),
            "WEB_LISTEN": f"127.0.0.1:{self.port}",
            "WEB_HEALTH": f"127.0.0.1:{self.health}",
            "WEB_HOME": str(self._home.folder / "home"),
            **{
                f"WEB_{name.upper()}": value.replace("{port}", str(self.port))
                for name, value in variables.items()
            },
        }
        # nginx opens its standard output by name, as its own user.
        self._home.write("log", "")

    @property
    def url(self) -> str:
        """The beginning of all URLs."""
        return f"http://127.0.0.1:{self.port}"

    def drain(self) -> None:
        """Send the image's stop signal: nginx refuses new connections, and finishes requests."""
        os.kill(self.pid, signal.SIGQUIT)

    def has_ended(self) -> bool:
        """Whether the main process has ended."""
        return self._process is not None and self._process.poll() is not None

    def lines(self, count: int) -> list[dict[str, Any]]:
        """The access log, as soon as it has so many lines: nginx writes one after its response."""
        wait_until(lambda: len(self._lines()) >= count, lambda: f"{count} lines\n{self.text()}")
        return [json.loads(line) for line in self._lines()]

    def text(self) -> str:
        """The access log and the error log."""
        return self.log.read_text(encoding="utf-8")

    def _lines(self) -> list[str]:
        return [line for line in self.text().splitlines() if line.startswith("{")]

    def _copy(self, source: Path, name: str) -> Path:
        target = self._home.folder / name
        shutil.copytree(source, target)
        self._home.own(target, *target.rglob("*"))
        return target

    def _launch(self) -> subprocess.Popen[bytes]:
        return self._home.start([str(self._start)], self.log, self._environ)

    def _is_ready(self) -> bool:
        return listens(self.port)
