"""The harness: real servers, and services as processes on databases of their own."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import requests

from benchmarks import ROOT
from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMq
from tests.support import descendants, free_port
from tests.system.rig.processes import SpawnedService, program

from .processes import cpu_seconds
from .waiting import wait_until

#: The bootstrap key, with every scope.
KEY = "sf_benchmark_key_0123456789"

#: A post of 200 bytes of JSON, without links.
POST = b'{"text":"' + b"x" * 189 + b'"}'


@dataclass(frozen=True)
class RunningApi:
    """An API process and its port."""

    service: SpawnedService
    port: int

    @property
    def pid(self) -> int:
        """The id of gunicorn's worker, forked by the arbiter. It does the work."""
        return min(descendants(self.service.pid))

    def cpu(self) -> float:
        """CPU seconds of the worker."""
        return cpu_seconds(self.pid)

    def metric(self, series: str) -> float:
        """A sample from the health port; 0 if the series does not exist yet."""
        for line in self.service.health("metrics").text.splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return 0.0


class Bench:
    """Starts servers at once, and services on request."""

    def __init__(self, stack: ExitStack, *, servers: bool = True, **postgres: str) -> None:
        """`postgres` are settings of PostgreSQL beside those of tests."""
        self._stack = stack
        self._count = 0
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if servers:
            self.postgres = stack.enter_context(Postgres(None, **postgres))
            self.rabbitmq = stack.enter_context(RabbitMq())

    def backend(self) -> dict[str, str]:
        """The settings of a new database with its schema, and of a new virtual host."""
        self._count += 1
        name = f"bench{self._count}"
        environ = {
            "SPLITFLAP_DATABASE_URL": self.postgres.create_database(name),
            "SPLITFLAP_BROKER_URL": self.rabbitmq.add_vhost(name),
        }
        command = [program("splitflap-api"), "migrate"]
        migration = SpawnedService("migrate", command, environ, self.folder)
        migration.start()
        assert migration.wait() == 0, migration.tail()
        return environ

    @contextmanager
    def api(
        self, environ: Mapping[str, str], command: Sequence[str] | None = None
    ) -> Iterator[RunningApi]:
        """One API process, ready."""
        port = free_port()
        more = {"SPLITFLAP_PORT": str(port), "SPLITFLAP_BOOTSTRAP_KEY": KEY}
        command = command or [program("splitflap-api"), "serve"]
        with self._run("api", command, {**environ, **more}) as service:
            yield RunningApi(service, port)

    @contextmanager
    def bare_api(self) -> Iterator[RunningApi]:
        """The API without a database and a broker (benchmarks/api/bare_api.py)."""
        path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(ROOT))))
        environ = {"SPLITFLAP_DATA_DIR": str(self.folder / "bare"), "PYTHONPATH": path}
        with self.api(environ, [sys.executable, "-m", "benchmarks.api.bare_api"]) as api:
            yield api

    @contextmanager
    def renderer(self, environ: Mapping[str, str]) -> Iterator[SpawnedService]:
        """One renderer, ready. SPLITFLAP_PROCESSES has its default unless it is set."""
        with self._run("renderer", [program("splitflap-renderer")], environ) as service:
            yield service

    @contextmanager
    def up(self, settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[RunningApi]:
        """`splitflap up` on new embedded data, serving. The process is the launcher."""
        self._count += 1
        port = free_port()
        environ = {
            "SPLITFLAP_DATA_DIR": str(self.folder / f"data-{self._count}"),
            "SPLITFLAP_PORT": str(port),
            "SPLITFLAP_BOOTSTRAP_KEY": KEY,
            **settings,
        }
        command = [program("splitflap"), "up"]
        up = SpawnedService(f"up-{self._count}", command, environ, self.folder)
        up.start()
        try:
            wait_until(lambda: not up.is_running or "is serving at" in up.tail(), "the start", 60)
            assert up.is_running, up.tail()
            yield RunningApi(up, port)
        finally:
            up.close()

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
def bench(*, servers: bool = True, **postgres: str) -> Iterator[Bench]:
    """A bench. Its servers and services end with the block."""
    with ExitStack() as stack:
        yield Bench(stack, servers=servers, **postgres)


def create_post(api: RunningApi, text: str, **headers: str) -> requests.Response:
    """Send one post, and return the first response."""
    return requests.post(
        f"http://127.0.0.1:{api.port}/v1/posts",
        json={"text": text},
        headers={"Authorization": f"Bearer {KEY}", **headers},
        timeout=60,
    )
