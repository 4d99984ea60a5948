"""The world that a nemesis breaks: servers, services, and the network between them."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import kombu
import msgspec

from tests.servers.postgres import Postgres
from tests.servers.proxy import Proxy
from tests.servers.rabbitmq import RabbitMq
from tests.servers.server import Server, listens
from tests.support import free_port, wait_until
from tests.system.rig.client import Client
from tests.system.rig.processes import START_STOP_TIMEOUT, SpawnedService, program
from tests.system.rig.site import Site
from tests.system.rig.stack import ADMIN, SETTINGS

from .completions import Completions

#: One process for each renderer, since two renderers share the cores with everything else. The
#: deadlines are far above the need of any text or body here, so that a busy machine meets them.
#: Responses and events outlive the day that one nemesis lets pass. A webhook is tried often, and
#: a lost try soon counts as lost, so that a row soon has all webhooks.
FAULT_SETTINGS = {
    "SPLITFLAP_TASK_RETENTION": "864000",
    "SPLITFLAP_EVENT_RETENTION": "864000",
    "SPLITFLAP_PROCESSES": "1",
    "SPLITFLAP_RENDER_DEADLINE": "15",
    "SPLITFLAP_BODY_DEADLINE": "10",
    "SPLITFLAP_WEBHOOK_TIMEOUT": "2",
    "SPLITFLAP_WEBHOOK_BACKOFF": "0.05",
    "SPLITFLAP_WEBHOOK_LEASE": "6",
}

#: Seconds that a nemesis waits for the next completed post.
RESUME_TIMEOUT = 60.0

#: Two replicas of each service on servers. The embedded back end has one of each.
REPLICAS = ("api", "api-2", "renderer", "renderer-2", "scraper", "scraper-2")


@dataclass
class Tally:
    """Counts of one row: kills, and times until work resumed."""

    kills: int = 0
    #: `worker` or `server`, its name, and the seconds from its return to the next completed post.
    resumed: list[tuple[str, str, float]] = field(default_factory=list)


@dataclass
class World:
    """All running servers, services and proxies, and the counts of the present row.

    It is the `Deployment` of the clients.
    """

    folder: Path
    environ: dict[str, str]
    completions: Completions
    site: Site
    servers: dict[str, Server] = field(default_factory=dict)
    services: dict[str, SpawnedService] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    #: Proxy by service and server: ("renderer", "broker").
    proxies: dict[tuple[str, str], Proxy] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    #: The broker's folder, or the AMQP URL of its virtual host.
    broker: str = ""

    def of(self, kind: str) -> list[str]:
        """The replicas of a kind: `api`, `renderer` or `scraper`."""
        return [name for name in self.services if name.partition("-")[0] == kind]

    def some(self, kind: str, rng: Random) -> list[str]:
        """One replica of a kind, or all of them in 30 % of the calls."""
        names = self.of(kind)
        return names if rng.random() < 0.3 else [rng.choice(names)]

    def url(self, api: str) -> str:
        """The URL of an API."""
        return f"http://127.0.0.1:{self.ports[api]}"

    def client(self, api: str) -> Client:
        """A client of one API with every scope. Use one client per thread."""
        return Client(self.url(api), ADMIN)

    @property
    def apis(self) -> list[str]:
        """The names of the APIs."""
        return list(self.ports)

    def kill(self, pid: int) -> None:
        """Send SIGKILL to a process."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.tally.kills += 1

    def kill_service(self, name: str, *, whole: bool) -> None:
        """Send SIGKILL to all processes of a service, or only to its parent (not `whole`).

        The children of a killed parent have to end by themselves.
        """
        service = self.services[name]
        self.tally.kills += 1
        if whole:
            service.kill()
            return
        service.kill_parent()

    def kill_server(self, name: str) -> None:
        """Send SIGKILL to all processes of a server."""
        self.tally.kills += 1
        self.servers[name].kill()

    def start(self, *names: str) -> None:
        """Start services as a supervisor does, and wait until they are ready."""
        for name in names:
            self.services[name].start()
        for name in names:
            self._until_ready(self.services[name])

    def metric(self, service: str, name: str) -> float:
        """The highest value of a metric of a service."""
        page = self.services[service].health("metrics").text
        lines = [line for line in page.splitlines() if line.startswith(f"{name}{{")]
        return max((float(line.rpartition(" ")[2]) for line in lines), default=0.0)

    def queued_jobs(self, kind: str) -> list[str]:
        """The job of each message that waits in a queue. No worker may be running."""
        bodies = _on_disk(Path(self.broker), kind) if not self.servers else _at(self.broker, kind)
        return [msgspec.json.decode(body, type=_Queued).id for body in bodies]

    def measure_resume(self, kind: str, what: str) -> None:
        """Measure the seconds from now, after a return, to the next completed post."""
        seconds = self.completions.seconds_after(time.time(), RESUME_TIMEOUT)
        self.tally.resumed.append((kind, what, seconds))

    def repair(self) -> None:
        """Repair all proxies, start ended servers and services, and wait until all are ready."""
        for proxy in self.proxies.values():
            proxy.mend()
        for server in self.servers.values():
            if not listens(server.port):
                server.start()
        for service in self.services.values():
            if not service.is_running:
                service.start()
        for service in self.services.values():
            self._until_ready(service)

    def _until_ready(self, service: SpawnedService) -> None:
        """Wait until a service is ready, and start it again after each early end.

        The start fails at first if a remaining child of a killed parent still holds the port.
        """

        def is_ready() -> bool:
            if not service.is_running:
                service.start()
            with contextlib.suppress(AssertionError):
                return service.is_ready()
            return False

        wait_until(
            is_ready, lambda: f"{service.name} to be ready\n{service.tail()}", START_STOP_TIMEOUT
        )


@contextmanager
def on_servers(folder: Path, postgres: Postgres, rabbitmq: RabbitMq) -> Iterator[World]:
    """Two replicas of each service on PostgreSQL and RabbitMQ, with a proxy for each connection."""
    name = f"faults{time.time_ns()}"
    database, _ = postgres.create_database(name), rabbitmq.add_vhost(name)
    with ExitStack() as exits:
        world = World(
            folder,
            {**SETTINGS, **FAULT_SETTINGS},
            Completions(database),
            exits.enter_context(Site()),
            {"broker": rabbitmq, "database": postgres},
            broker=rabbitmq.vhost_url(name),
        )
        for each in REPLICAS:
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
    """One replica of each service on SQLite and the embedded broker, in the folder `data`."""
    with ExitStack() as exits:
        environ = {**SETTINGS, **FAULT_SETTINGS, "SPLITFLAP_DATA_DIR": str(data)}
        completions = Completions(f"sqlite:///{data / 'splitflap.db'}")
        site = exits.enter_context(Site())
        world = World(folder, environ, completions, site, broker=str(data / "broker"))
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


class _Queued(msgspec.Struct):
    id: str


def _on_disk(broker: Path, kind: str) -> list[bytes]:
    """The messages in a queue of the embedded broker. A file has a line of headers first."""
    files = [each for each in (broker / kind).iterdir() if not each.name.startswith(".")]
    return [each.read_bytes().partition(b"\n")[2] for each in files]


def _at(url: str, kind: str) -> list[bytes]:
    """The messages in a queue of RabbitMQ. Its broker gives them back to the queue."""
    bodies = []
    with kombu.Connection(url) as connection:
        queue = kombu.Queue(kind, channel=connection.default_channel)
        while message := queue.get():
            bodies.append(message.body.encode() if isinstance(message.body, str) else message.body)
    return bodies


def _migrate(world: World, database: str) -> None:
    environ = {**world.environ, "SPLITFLAP_DATABASE_URL": database}
    command = [program("splitflap-api"), "migrate"]
    migration = SpawnedService("migration", command, environ, world.folder)
    migration.start()
    status = migration.wait()
    assert status == 0, migration.tail()
