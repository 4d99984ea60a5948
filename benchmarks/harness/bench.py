"""What the benchmarks have in common: servers, services as processes, and what these use."""

import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import requests

from tests import support
from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMq
from tests.servers.server import descendants
from tests.support import free_port
from tests.system.rig.processes import SpawnedService, program

#: The first key, with every scope.
KEY = "sf_benchmark_key_0123456789"

#: A post of 200 bytes of JSON, without links.
POST = b'{"text":"' + b"x" * 189 + b'"}'

_ROOT = Path(__file__).parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


@dataclass(frozen=True)
class Running:
    """A service that runs."""

    service: SpawnedService
    port: int

    @property
    def pid(self) -> int:
        """The process that does the work: the API's worker, which gunicorn's arbiter has forked."""
        assert self.service.process
        return min(descendants(self.service.process.pid))

    def cpu(self) -> float:
        """CPU seconds that this process has used."""
        return cpu_seconds(self.pid)

    def metric(self, series: str) -> float:
        """A sample as the health port shows it; 0 where there is none yet."""
        for line in self.service.health("metrics").text.splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return 0.0


class Bench:
    """Real servers, and services on databases and virtual hosts of their own."""

    def __init__(self, stack: ExitStack, *, servers: bool = True) -> None:
        self._stack = stack
        self._count = 0
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if servers:
            self.postgres = stack.enter_context(Postgres())
            self.rabbitmq = stack.enter_context(RabbitMq())

    def backend(self) -> dict[str, str]:
        """Settings of a new database with its schema, and of a new virtual host."""
        self._count += 1
        name = f"bench{self._count}"
        environ = {
            "SPLITFLAP_DATABASE_URL": self.postgres.create_database(name),
            "SPLITFLAP_BROKER_URL": self.rabbitmq.add_vhost(name),
        }
        migration = SpawnedService(
            "migrate", [program("splitflap-api"), "migrate"], environ, self.folder
        )
        migration.start()
        assert migration.wait() == 0, migration.tail()
        return environ

    @contextmanager
    def api(
        self, environ: Mapping[str, str], command: Sequence[str] | None = None
    ) -> Iterator[Running]:
        """One API process, ready."""
        port = free_port()
        more = {"SPLITFLAP_PORT": str(port), "SPLITFLAP_BOOTSTRAP_KEY": KEY}
        command = command or [program("splitflap-api"), "serve"]
        with self._run("api", command, {**environ, **more}) as service:
            yield Running(service, port)

    @contextmanager
    def bare_api(self) -> Iterator[Running]:
        """The API with nothing behind it."""
        path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(_ROOT))))
        environ = {"SPLITFLAP_DATA_DIR": str(self.folder / "bare"), "PYTHONPATH": path}
        with self.api(environ, [sys.executable, "-m", "benchmarks.api.bare_api"]) as api:
            yield api

    @contextmanager
    def renderer(self, environ: Mapping[str, str]) -> Iterator[SpawnedService]:
        """One renderer with as many processes as it chooses, ready."""
        with self._run("renderer", [program("splitflap-renderer")], environ) as service:
            yield service

    @contextmanager
    def _run(
        self, name: str, command: Sequence[str], environ: Mapping[str, str]
    ) -> Iterator[SpawnedService]:
        quiet = {"SPLITFLAP_LOG_LEVEL": "WARNING", **environ}
        service = SpawnedService(name, list(command), quiet, self.folder)
        service.start()
        try:
            service.wait_ready()
            yield service
        finally:
            service.close()


@contextmanager
def bench(*, servers: bool = True) -> Iterator[Bench]:
    """A bench whose servers and services end with the block."""
    with ExitStack() as stack:
        yield Bench(stack, servers=servers)


def cpu_seconds(pid: int) -> float:
    """CPU seconds, of user and system, that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def family_cpu_seconds(pid: int) -> float:
    """CPU seconds that a process and all below it have used."""
    return sum(map(cpu_seconds, {pid} | descendants(pid)))


def rss_kib(pid: int) -> int:
    """Memory that a process holds now, in KiB."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE_KIB


def database_url(environ: Mapping[str, str]) -> str:
    """Of a back end, for psycopg."""
    return environ["SPLITFLAP_DATABASE_URL"].replace("+psycopg", "")


def query(environ: Mapping[str, str], statement: str, *values: Any) -> Any:
    """The one row that a statement gives, asked over a connection of its own."""
    with psycopg.connect(database_url(environ)) as connection:
        return connection.execute(statement.encode(), values).fetchone()


def wait_until(condition: Callable[[], bool], what: str, timeout: float) -> None:
    """As in the tests, but with five checks a second, to disturb a measurement little."""
    support.wait_until(condition, what, timeout, interval=0.2)


def wait_drained(environ: Mapping[str, str], timeout: float) -> None:
    """Return once no task runs any more.

    Raises:
        WaitTimeout: some do after `timeout` seconds.
    """
    statement = "SELECT count(*) FROM tasks WHERE state = 'running'"
    wait_until(lambda: query(environ, statement)[0] == 0, "the last task", timeout)


def allow_many_files() -> None:
    """Raise this process's limit of open files, and that of whom it starts, to the highest."""
    highest = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, highest))


def post(api: Running, text: str, **headers: str) -> requests.Response:
    """Make one post."""
    return requests.post(
        f"http://127.0.0.1:{api.port}/v1/posts",
        json={"text": text},
        headers={"Authorization": f"Bearer {KEY}", **headers},
        timeout=60,
    )
