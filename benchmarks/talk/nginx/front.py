"""One nginx in front of running servers, as an ordinary process on a free port."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from benchmarks.talk.servers import Running, Server
from tests.servers.process import find_binary
from tests.servers.server import listens
from tests.support import free_port, wait_until
from tests.system.rig.processes import SpawnedService

#: The configuration. The page shows this file.
CONFIGURATION = Path(__file__).with_name("nginx.conf")

#: Seconds for a start.
START_TIMEOUT = 30.0

#: A front has no slots of its own.
NGINX = Server("nginx", "nginx", lambda _: [], "none")


@dataclass(frozen=True)
class Front(Running):
    """A running nginx, and the servers behind it. Its CPU and memory are those of all of them."""

    behind: Sequence[Running] = ()

    def pids(self) -> list[int]:
        return [*self.own_pids(), *(pid for each in self.behind for pid in each.pids())]

    def own_pids(self) -> list[int]:
        """The processes of nginx alone."""
        return super().pids()


@contextmanager
def front(
    folder: Path,
    behind: Sequence[Running],
    *,
    static: Path | None = None,
    buffering: bool = True,
) -> Iterator[Front]:
    """An nginx that serves the files of `static` and asks the servers for all else.

    Raises:
        MissingBinary: nginx is not installed.
    """
    binary, port = find_binary("nginx"), free_port()
    home = folder / f"nginx-{port}"
    home.mkdir()
    file = home / "nginx.conf"
    values = {
        "USER": "user root;" if os.geteuid() == 0 else "",
        "HOME": home,
        "PORT": port,
        "STATIC": static or home,
        "BUFFERING": "on" if buffering else "off",
        "SERVERS": "\n        ".join(f"server 127.0.0.1:{each.port};" for each in behind),
    }
    text = Template(CONFIGURATION.read_text("utf-8")).safe_substitute(values)
    file.write_text(text, encoding="utf-8")
    command = [binary, "-c", str(file), "-e", str(home / "error.log")]
    service = SpawnedService(f"nginx-{port}", command, {}, folder)
    service.start()
    slots = sum(each.slots * each.processes for each in behind)
    try:
        wait_until(
            lambda: listens(port), lambda: f"nginx to start\n{service.tail()}", START_TIMEOUT
        )
        yield Front(NGINX, service, port, slots, 1, behind=behind)
    finally:
        service.close()
