"""All services of one installation, on a back end of its own."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import free_port

from .client import Client
from .processes import PATIENCE, SpawnedService, program

#: The first key, with every scope.
ADMIN = "system-test-key-with-every-scope"

#: Short where the default would make a test wait, the default elsewhere.
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
    """A database and a broker that one stack uses alone."""

    name: str
    environ: Mapping[str, str]
    #: Where messages can be put into its queues.
    broker_url: str

    @property
    def is_embedded(self) -> bool:
        """SQLite and files, or PostgreSQL and RabbitMQ."""
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
        """One API more, on a port of its own; its name."""
        name = f"api-{len(self.ports) + 1}" if self.ports else "api"
        port = self.ports[name] = free_port()
        self._add(name, [program("splitflap-api"), "serve"], SPLITFLAP_PORT=str(port))
        return name

    def add_worker(self, name: str) -> None:
        """A renderer or a scraper; further ones have a number: `renderer-2`."""
        self._add(name, [program(f"splitflap-{name.partition('-')[0]}")])

    def _add(self, name: str, command: list[str], **environ: str) -> None:
        self.services[name] = SpawnedService(
            name, command, {**self.environ, **environ}, self.folder
        )

    def start(self, *names: str) -> None:
        """Start some, or all, at the same time, and wait until they are ready."""
        chosen = [self.services[name] for name in names or self.services]
        for service in chosen:
            service.start()
        for service in chosen:
            service.wait_ready()

    def kill(self, name: str) -> None:
        """SIGKILL for one."""
        self.services[name].kill()

    def revive(self) -> None:
        """Start whatever does not run."""
        dead = [name for name, service in self.services.items() if not service.runs]
        if dead:
            self.start(*dead)

    def migrate(self) -> None:
        """Bring the database's schema up to the release."""
        self.run("splitflap-api", "migrate").check_returncode()

    def run(self, name: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a console script to its end."""
        return subprocess.run(
            [program(name), *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            cwd=self.folder,
            env={"HOME": str(self.folder), **self.environ, **environ},
        )

    def url(self, api: str = "api") -> str:
        """Where an API is."""
        return f"http://127.0.0.1:{self.ports[api]}"

    def client(self, api: str = "api", key: str | None = ADMIN) -> Client:
        """A client of one API; for one thread."""
        return Client(self.url(api), key)

    def clients(self) -> list[Client]:
        """A client of each API."""
        return [self.client(api) for api in self.apis]

    def close(self) -> None:
        """End all that runs: together, so that their graces do not add up."""
        for service in self.services.values():
            if service.runs:
                service.terminate()
        for service in self.services.values():
            service.close()

    def logs(self) -> Iterator[tuple[str, str]]:
        """The end of each log."""
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
    """A stack that runs inside the block; one API on files, two on servers unless told."""
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
        yield stack
    finally:
        stack.close()
