"""All services of one installation as processes, on a back end of their own."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import free_port

from . import described
from .client import Client
from .processes import START_STOP_TIMEOUT, SpawnedService, program

#: The bootstrap key, with every scope.
ADMIN = "system-test-key-with-every-scope"

#: Settings of every stack. Times are shorter than the defaults, so that tests wait less.
SETTINGS = {
    "SPLITFLAP_BOOTSTRAP_KEY": ADMIN,
    "SPLITFLAP_SCRAPER_ALLOW_NETS": "127.0.0.0/8",
    "SPLITFLAP_PREVIEW_WAIT": "4",
    "SPLITFLAP_BODY_DEADLINE": "2",
    "SPLITFLAP_STOP_GRACE": "10",
}

WORKERS = ("renderer", "scraper")


@dataclass(frozen=True)
class StackBackend:
    """The database and the broker of one stack."""

    #: `embedded` (SQLite and a folder of messages) or `servers` (PostgreSQL and RabbitMQ).
    name: str
    #: The settings that select them.
    environ: Mapping[str, str]
    #: An AMQP URL, or the path of the embedded broker's folder.
    broker: str

    @property
    def is_embedded(self) -> bool:
        """Whether it is SQLite and a folder of messages."""
        return self.name == "embedded"


@dataclass
class Stack:
    """Services by name: `api`, `api-2`, `renderer`, `scraper`."""

    backend: StackBackend
    folder: Path
    environ: dict[str, str]
    services: dict[str, SpawnedService] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def apis(self) -> list[str]:
        """The names of the APIs."""
        return list(self.ports)

    def add_api(self) -> str:
        """Add an API on a port of its own, and return its name. `start` starts it."""
        name = f"api-{len(self.ports) + 1}" if self.ports else "api"
        port = self.ports[name] = free_port()
        self._add(name, [program("splitflap-api"), "serve"], SPLITFLAP_PORT=str(port))
        return name

    def add_worker(self, name: str) -> None:
        """Add a renderer or a scraper. A second one has a number: `renderer-2`."""
        self._add(name, [program(f"splitflap-{name.partition('-')[0]}")])

    def _add(self, name: str, command: list[str], **environ: str) -> None:
        environ = {**self.environ, **environ}
        self.services[name] = SpawnedService(name, command, environ, self.folder)

    def start(self, *names: str) -> None:
        """Start the named services, or all, at the same time, and wait until they are ready."""
        chosen = [self.services[name] for name in names or self.services]
        for service in chosen:
            service.start()
        for service in chosen:
            service.wait_ready()

    def kill(self, name: str) -> None:
        """Send SIGKILL to all processes of a service."""
        self.services[name].kill()

    def start_ended(self) -> None:
        """Start every service that has ended."""
        ended = [name for name, service in self.services.items() if not service.is_running]
        if ended:
            self.start(*ended)

    def migrate(self) -> None:
        """Create or upgrade the database's schema."""
        self.run("splitflap-api", "migrate").check_returncode()

    def run(self, name: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a console script to its end."""
        return subprocess.run(
            [program(name), *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=START_STOP_TIMEOUT,
            cwd=self.folder,
            env={"HOME": str(self.folder), **self.environ, **environ},
        )

    def url(self, api: str = "api") -> str:
        """The URL of an API."""
        return f"http://127.0.0.1:{self.ports[api]}"

    def client(self, api: str = "api", key: str | None = ADMIN) -> Client:
        """A client of one API. Use one client per thread."""
        return Client(self.url(api), key)

    def clients(self) -> list[Client]:
        """One client for each API."""
        return [self.client(api) for api in self.apis]

    def close(self) -> None:
        """End all services at the same time: their grace periods do not add up."""
        for service in self.services.values():
            if service.is_running:
                service.terminate()
        for service in self.services.values():
            service.close()

    def logs(self) -> Iterator[tuple[str, str]]:
        """A title and the end of the log, for each service."""
        for name, service in self.services.items():
            yield f"{self.backend.name} {name}", service.tail()


@contextmanager
def running(
    backend: StackBackend,
    folder: Path,
    apis: int | None = None,
    workers: tuple[str, ...] = WORKERS,
    **settings: str,
) -> Iterator[Stack]:
    """A stack that runs while the block does.

    Args:
        backend: its database and broker, used by no other stack.
        folder: for logs.
        apis: number of APIs; by default one on the embedded back end, two on servers.
        workers: names of the workers.
        settings: more settings, without their prefix: `TASK_RETENTION="1.5"`.
    """
    environ = {**SETTINGS, **backend.environ, **{f"SPLITFLAP_{k}": v for k, v in settings.items()}}
    stack = Stack(backend, folder, environ)
    for _ in range(apis or (1 if backend.is_embedded else 2)):
        stack.add_api()
    for worker in workers:
        stack.add_worker(worker)
    try:
        if not backend.is_embedded:
            stack.migrate()
        stack.start()
        for api in stack.apis:
            described.learn(stack.url(api))
        yield stack
    finally:
        stack.close()
