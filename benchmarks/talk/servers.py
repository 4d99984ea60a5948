"""The servers: one table, and how to start one of them.

Each line says how a server gets its processes and its slots. A slot serves one request at a time:
a thread, a green thread, or a process that has neither.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import requests

from benchmarks import ROOT
from benchmarks.harness.processes import cpu_seconds_with_ended_children, pss_mib
from tests.support import descendants, free_port, wait_until
from tests.system.rig.processes import SpawnedService

from . import commands
from .commands import APP, Command, Shape

#: A kind of slot.
GREEN = "green thread"

#: Seconds for a server to answer, and for all of its processes to rest.
START_TIMEOUT = 60.0


class Missing(LookupError):
    """A server cannot be run here. The message has the reason."""


@dataclass(frozen=True)
class Server:
    """One line of the table."""

    name: str
    #: The distribution on PyPI.
    package: str
    command: Command
    #: What a slot is: thread, process, green thread.
    slot: str
    environ: Mapping[str, str] = field(default_factory=dict)

    def version(self) -> str:
        """The installed version.

        Raises:
            Missing: it is not installed, with the reason.
        """
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            raise Missing(f"{self.package} is not installed: {_remedy(self.package)}") from None

    def with_options(self, *options: str) -> "Server":
        """The same server with more options on its command line."""
        return replace(self, command=lambda it: [*self.command(it), *options])


def _remedy(package: str) -> str:
    if package == "uwsgi" and not shutil.which("gcc"):
        return "it is built from source and there is no gcc (Debian: gcc, python3-dev)"
    return "run make talk"


_GEVENT = ("--gevent", "{slots}")
_PATCHED = (*_GEVENT, "--gevent-monkey-patch")

#: This socket keeps connections. With gevent, it ends the worker: libev finds a closed descriptor.
_KEEPS = "--http11-socket"

TABLE = {
    each.name: each
    for each in (
        Server("flask run, no threads", "flask", commands.flask("--without-threads"), "process"),
        Server("flask run", "flask", commands.flask("--with-threads"), "thread"),
        Server("gunicorn sync", "gunicorn", commands.gunicorn("sync"), "process"),
        Server("gunicorn gthread", "gunicorn", commands.gunicorn("gthread", "--threads"), "thread"),
        Server(
            "gunicorn gevent", "gevent", commands.gunicorn("gevent", "--worker-connections"), GREEN
        ),
        Server("gunicorn eventlet", "eventlet", commands.eventlet, GREEN),
        Server("uwsgi", "uwsgi", commands.uwsgi(), "process"),
        Server("uwsgi threads", "uwsgi", commands.uwsgi("--threads", "{slots}"), "thread"),
        Server("uwsgi gevent", "uwsgi", commands.uwsgi(*_PATCHED), GREEN),
        Server("uwsgi gevent, not patched", "uwsgi", commands.uwsgi(*_GEVENT), GREEN),
        Server("uwsgi gevent, HTTP/1.1", "uwsgi", commands.uwsgi(*_PATCHED, socket=_KEEPS), GREEN),
        Server("waitress", "waitress", commands.waitress, "thread"),
        Server("granian", "granian", commands.granian, "thread"),
        Server("uvicorn with a2wsgi", "uvicorn", commands.uvicorn, "thread"),
        Server("cheroot", "cheroot", commands.cheroot, "thread"),
    )
}


@dataclass(frozen=True)
class Running:
    """A started server."""

    server: Server
    service: SpawnedService
    port: int
    slots: int
    processes: int
    #: Memory (KiB) after the first requests, and before any load.
    at_rest: list[float] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def pids(self) -> list[int]:
        """All of its processes."""
        return [self.service.pid, *descendants(self.service.pid)]

    def rests(self) -> bool:
        """Whether no process computes. One of many answers early, while others still import."""
        if self.processes == 1:
            return True
        pids = self.pids()
        return len(pids) >= self.processes and not any(map(_computes, pids))

    def cpu_seconds(self) -> float:
        """CPU seconds of its processes so far."""
        return sum(map(cpu_seconds_with_ended_children, self.pids()))

    def pss_kib(self) -> float:
        """Memory of its processes; pages shared by several count once."""
        return sum(map(pss_mib, self.pids())) * 1024

    def gained_kib(self) -> float:
        """Memory of its processes beyond that at rest. The first call measures the latter."""
        if not self.at_rest:
            self.at_rest.append(self.pss_kib())
        return self.pss_kib() - self.at_rest[0]


@contextmanager
def serving(
    server: Server | str,
    folder: Path,
    environ: Mapping[str, str],
    *,
    slots: int = 1,
    processes: int = 1,
    app: str = APP,
) -> Iterator[Running]:
    """One server, answering /ping. `environ` has the sizes of the application.

    Raises:
        Missing: it is not installed, or it does not start.
    """
    server = TABLE[server] if isinstance(server, str) else server
    server.version()
    port = free_port()
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(ROOT))))
    command = server.command(Shape(port, slots, processes, app))
    # The port keeps the logs of two servers with one name apart.
    name = f"{re.sub(r'[^a-z]+', '-', server.name)}-{port}"
    own = {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "TALK_SLOTS": str(slots)}
    more = {**own, **server.environ, **environ}
    service = SpawnedService(name, command, more, folder)
    service.start()
    running = Running(server, service, port, slots, processes)
    try:
        try:
            wait_until(lambda: _answers(running), "an answer", START_TIMEOUT)
            wait_until(running.rests, "all processes", START_TIMEOUT, interval=0.2)
        except AssertionError as error:
            raise Missing(f"{server.name} does not start: {_last(service)}") from error
        yield running
    finally:
        if service.is_running:
            service.kill()  # some take seconds to stop


def _computes(pid: int) -> bool:
    """Whether a process runs, wants to run, or waits for a disk."""
    with suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        return stat.rpartition(")")[2].split()[0] in "RD"
    return True


def _last(service: SpawnedService) -> str:
    """The last line that a service has printed."""
    return (service.tail().strip() or "it prints nothing").splitlines()[-1]


def _answers(running: Running) -> bool:
    assert running.service.is_running, running.service.tail()
    try:
        return requests.get(f"{running.url}/ping", timeout=5).text == "pong\n"
    except requests.RequestException:
        return False
