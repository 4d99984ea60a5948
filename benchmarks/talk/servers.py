"""The servers: one table, and how to start one of them.

Each line says how a server gets its processes and its slots. A slot serves one request at a time:
a thread, a green thread, or a process that has neither.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import requests

from benchmarks import ROOT
from benchmarks.harness.processes import cpu_seconds_with_ended_children, pss_mib
from tests.support import descendants, free_port, wait_until
from tests.system.rig.processes import SpawnedService, program

#: The application, as servers name it.
APP = "benchmarks.talk.app:app"

#: Connections that may wait, for servers with such a setting.
BACKLOG = 2048

#: Seconds for a server to answer, and for all of its processes to rest.
START_TIMEOUT = 60.0


class Missing(LookupError):
    """A server cannot be run here. The message has the reason."""


@dataclass(frozen=True)
class Shape:
    """A server's size, and what it serves."""

    port: int
    slots: int
    processes: int
    app: str


Command = Callable[[Shape], list[str]]


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
    #: Whether it keeps connections open, and an idle one holds up nothing.
    keeps_alive: bool = True

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


def _flask(*options: str) -> Command:
    def command(it: Shape) -> list[str]:
        where = ["--host", "127.0.0.1", "--port", str(it.port), *options]
        return [program("flask"), "--app", it.app, "run", "--no-reload", *where]

    return command


def _gunicorn(kind: str, slots: str = "") -> Command:
    """`slots` is the option that takes their number."""

    def command(it: Shape) -> list[str]:
        size = [slots, str(it.slots)] if slots else []
        where = ["--bind", f"127.0.0.1:{it.port}", "--backlog", str(BACKLOG), "--no-control-socket"]
        workers = ["--workers", str(it.processes), "--worker-class", kind, *size]
        return [program("gunicorn"), *where, *workers, "--timeout", "60", it.app]

    return command


def _eventlet(it: Shape) -> list[str]:
    module = "benchmarks.talk.apps.eventlet_worker"
    return [sys.executable, "-m", module, str(it.port), str(it.slots), it.app]


def _uwsgi(*options: str, socket: str = "--http-socket") -> Command:
    """`{slots}` in an option is their number."""

    def command(it: Shape) -> list[str]:
        where = [socket, f"127.0.0.1:{it.port}", "--listen", "128", "--die-on-term"]
        workers = ["--master", "--need-app", "--processes", str(it.processes), "--disable-logging"]
        more = [option.format(slots=it.slots) for option in options]
        return [program("uwsgi"), *where, *workers, *more, "--module", it.app]

    return command


def _waitress(it: Shape) -> list[str]:
    where = f"127.0.0.1:{it.port}"
    return [program("waitress-serve"), "--listen", where, "--threads", str(it.slots), it.app]


def _granian(it: Shape) -> list[str]:
    where = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(it.port)]
    size = ["--workers", str(it.processes), "--blocking-threads", str(it.slots)]
    return [program("granian"), *where, *size, "--backlog", str(BACKLOG), it.app]


def _uvicorn(it: Shape) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(it.port), "--backlog", str(BACKLOG)]
    size = ["--workers", str(it.processes)] if it.processes > 1 else []
    app = "benchmarks.talk.apps.asgi:asgi" if it.app == APP else it.app
    return [program("uvicorn"), *where, *size, "--no-access-log", app]


def _cheroot(it: Shape) -> list[str]:
    where = ["--bind", f"127.0.0.1:{it.port}", "--threads", str(it.slots)]
    where += ["--request-queue-size", str(BACKLOG)]
    return [sys.executable, "-m", "cheroot", *where, it.app]


TABLE = {
    each.name: each
    for each in (
        Server(
            "flask run, no threads",
            "flask",
            _flask("--without-threads"),
            "process",
            keeps_alive=False,
        ),
        Server("flask run", "flask", _flask("--with-threads"), "thread", keeps_alive=False),
        Server("gunicorn sync", "gunicorn", _gunicorn("sync"), "process", keeps_alive=False),
        Server("gunicorn gthread", "gunicorn", _gunicorn("gthread", "--threads"), "thread"),
        Server(
            "gunicorn gevent",
            "gevent",
            _gunicorn("gevent", "--worker-connections"),
            "green thread",
        ),
        Server("gunicorn eventlet", "eventlet", _eventlet, "green thread"),
        Server("uwsgi", "uwsgi", _uwsgi(), "process", keeps_alive=False),
        Server(
            "uwsgi threads",
            "uwsgi",
            _uwsgi("--threads", "{slots}"),
            "thread",
            keeps_alive=False,
        ),
        Server(
            "uwsgi gevent",
            "uwsgi",
            _uwsgi("--gevent", "{slots}", "--gevent-monkey-patch"),
            "green thread",
            keeps_alive=False,
        ),
        Server(
            "uwsgi gevent, not patched",
            "uwsgi",
            _uwsgi("--gevent", "{slots}"),
            "green thread",
            keeps_alive=False,
        ),
        Server(
            "uwsgi gevent, HTTP/1.1",
            "uwsgi",
            # With gevent, this socket ends the worker: libev finds a closed descriptor.
            _uwsgi("--gevent", "{slots}", "--gevent-monkey-patch", socket="--http11-socket"),
            "green thread",
        ),
        Server("waitress", "waitress", _waitress, "thread"),
        Server("granian", "granian", _granian, "thread"),
        Server("uvicorn with a2wsgi", "uvicorn", _uvicorn, "thread"),
        Server("cheroot", "cheroot", _cheroot, "thread"),
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
        Missing: it is not installed.
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
        wait_until(
            lambda: _answers(running),
            lambda: f"{server.name} to answer\n{service.tail()}",
            START_TIMEOUT,
        )
        wait_until(
            running.rests,
            f"all processes of {server.name} to be ready",
            START_TIMEOUT,
            interval=0.2,
        )
        yield running
    finally:
        service.close()


def _computes(pid: int) -> bool:
    """Whether a process runs, wants to run, or waits for a disk."""
    with suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        return stat.rpartition(")")[2].split()[0] in "RD"
    return True


def _answers(running: Running) -> bool:
    assert running.service.is_running, running.service.tail()
    try:
        return requests.get(f"{running.url}/ping", timeout=5).text == "pong\n"
    except requests.RequestException:
        return False
