"""What a nemesis can break: servers, services by name, and the network between them."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.servers.postgres import Postgres
from tests.servers.proxy import Proxy
from tests.servers.rabbitmq import RabbitMq
from tests.servers.server import Server, gone
from tests.support import free_port, wait_until
from tests.system.rig.client import Client
from tests.system.rig.processes import START_STOP_TIMEOUT, SpawnedService, program
from tests.system.rig.site import Site
from tests.system.rig.stack import ADMIN, SETTINGS

from .completions import Completions

#: One process a renderer, as two renderers share the cores with everything else. The deadlines are
#: far above what any text or body here takes, so that a busy machine fails none of them.
FAULT_SETTINGS = {
    "SPLITFLAP_PROCESSES": "1",
    "SPLITFLAP_RENDER_DEADLINE": "15",
    "SPLITFLAP_BODY_DEADLINE": "10",
}

#: Seconds that a nemesis waits for the next finished task.
RESUME_PATIENCE = 60.0

#: Replicas of each service on servers; the embedded back end has one of each.
NAMES = ("api", "api-2", "renderer", "renderer-2", "scraper", "scraper-2")


@dataclass
class Tally:
    """What the nemeses have done to one row of the table."""

    kills: int = 0
    #: Seconds from the readiness of a returned `worker` or `server` to the next finished task.
    resumed: list[tuple[str, str, float]] = field(default_factory=list)


@dataclass
class World:
    """Everything that runs, and the books' view of it."""

    folder: Path
    environ: dict[str, str]
    finished: Completions
    site: Site
    servers: dict[str, Server] = field(default_factory=dict)
    services: dict[str, SpawnedService] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    #: By service and server: ("renderer", "broker").
    proxies: dict[tuple[str, str], Proxy] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)

    def of(self, kind: str) -> list[str]:
        """The replicas of a kind: `api`, `renderer`, `scraper`."""
        return [name for name in self.services if name.partition("-")[0] == kind]

    def some(self, kind: str, dice: Random) -> list[str]:
        """One replica of a kind, or now and then all of them."""
        names = self.of(kind)
        return names if dice.random() < 0.3 else [dice.choice(names)]

    def url(self, api: str) -> str:
        """Where an API is."""
        return f"http://127.0.0.1:{self.ports[api]}"

    def client(self, api: str) -> Client:
        """A client of one API with every scope; for one thread."""
        return Client(self.url(api), ADMIN)

    @property
    def apis(self) -> list[str]:
        """The names of the APIs."""
        return list(self.ports)

    def kill(self, pid: int) -> None:
        """SIGKILL, counted."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.tally.kills += 1

    def kill_service(self, name: str, *, whole: bool) -> None:
        """SIGKILL a service: with all of its processes at once, or only the one that leads.

        What is left of it then has to end by itself.
        """
        service = self.services[name]
        self.tally.kills += 1
        if whole:
            service.kill()
            return
        service.kill_parent()

    def kill_server(self, name: str) -> None:
        """SIGKILL a server with all of its processes."""
        self.tally.kills += 1
        self.servers[name].kill()

    def start(self, *names: str) -> None:
        """Start services again, as a supervisor does, and wait until they are ready."""
        for name in names:
            self.services[name].start()
        for name in names:
            self._until_ready(self.services[name])

    def note_resumed(self, kind: str, what: str, ready_at: float | None = None) -> None:
        """Measure how long after its return (or now) the next task is finished."""
        ready_at = time.time() if ready_at is None else ready_at
        seconds = self.finished.seconds_after(ready_at, RESUME_PATIENCE)
        self.tally.resumed.append((kind, what, seconds))

    def all_well(self) -> None:
        """Mend and start whatever is still broken, and wait until everything is ready."""
        for proxy in self.proxies.values():
            proxy.mend()
        for server in self.servers.values():
            if server._process is None or server._process.poll() is not None:
                server.start()
        for service in self.services.values():
            if not service.is_running:
                service.start()
        for service in self.services.values():
            self._until_ready(service)

    def _until_ready(self, service: SpawnedService) -> None:
        """A supervisor starts it again where what is left of a killed one still has its port."""

        def is_ready() -> bool:
            if not service.is_running:
                service.start()
            with contextlib.suppress(AssertionError):
                return service.is_ready()
            return False

        wait_until(
            is_ready, lambda: f"{service.name} to be ready\n{service.tail()}", START_STOP_TIMEOUT
        )


def ended(pids: set[int], patience: float = START_STOP_TIMEOUT) -> None:
    """Wait for the end of processes that have to end by themselves."""
    wait_until(lambda: all(map(gone, pids)), f"the end of {pids}", patience)


@contextmanager
def on_servers(folder: Path, postgres: Postgres, rabbitmq: RabbitMq) -> Iterator[World]:
    """Two of each service on PostgreSQL and RabbitMQ, a proxy for each connection."""
    name = f"faults{time.time_ns()}"
    database, _ = postgres.create_database(name), rabbitmq.add_vhost(name)
    with ExitStack() as exits:
        world = World(
            folder,
            {**SETTINGS, **FAULT_SETTINGS},
            Completions(database),
            exits.enter_context(Site()),
            {"broker": rabbitmq, "database": postgres},
        )
        for each in NAMES:
            broker = world.proxies[each, "broker"] = exits.enter_context(Proxy(rabbitmq.port))
            urls = {"SPLITFLAP_BROKER_URL": rabbitmq.vhost_url(name, broker.port)}
            if each.startswith("api"):
                proxy = world.proxies[each, "database"] = exits.enter_context(Proxy(postgres.port))
                urls["SPLITFLAP_DATABASE_URL"] = database.replace(
                    f":{postgres.port}/", f":{proxy.port}/"
                )
            _add(world, each, urls)
        _migrate(world, database)
        yield from _running(world, exits)


@contextmanager
def on_files(folder: Path, data: Path) -> Iterator[World]:
    """One of each service on SQLite and the embedded broker, in the folder `data`."""
    with ExitStack() as exits:
        environ = {**SETTINGS, **FAULT_SETTINGS, "SPLITFLAP_DATA_DIR": str(data)}
        finished = Completions(f"sqlite:///{data / 'splitflap.db'}")
        world = World(folder, environ, finished, exits.enter_context(Site()))
        for each in ("api", "renderer", "scraper"):
            _add(world, each, {})
        yield from _running(world, exits)


def _running(world: World, exits: ExitStack) -> Iterator[World]:
    for service in world.services.values():
        exits.callback(service.close)
        service.start()
    for service in world.services.values():
        service.wait_ready()
    yield world
    for service in world.services.values():
        if service.is_running:
            service.terminate()


def _add(world: World, name: str, urls: dict[str, str]) -> None:
    kind = name.partition("-")[0]
    command = [program(f"splitflap-{kind}")]
    environ = {**world.environ, **urls}
    if kind == "api":
        world.ports[name] = free_port()
        command.append("serve")
        environ["SPLITFLAP_PORT"] = str(world.ports[name])
    world.services[name] = SpawnedService(name, command, environ, world.folder)


def _migrate(world: World, database: str) -> None:
    environ = {**world.environ, "SPLITFLAP_DATABASE_URL": database}
    command = [program("splitflap-api"), "migrate"]
    migration = SpawnedService("migration", command, environ, world.folder)
    migration.start()
    status = migration.wait()
    assert status == 0, migration.tail()
