"""One installation on either back end, of this tree or of another one."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool
from uuid_utils import uuid7

from benchmarks import ROOT
from benchmarks.harness.bench import KEY, Bench
from benchmarks.harness.waiting import wait_until
from tests.support import free_port
from tests.system.rig.processes import SpawnedService

BACKENDS = ("servers", "embedded")

#: Seconds until `splitflap up` serves.
START_TIMEOUT = 60.0

SETTINGS = {
    "SPLITFLAP_BOOTSTRAP_KEY": KEY,
    "SPLITFLAP_LOG_LEVEL": "WARNING",
    "SPLITFLAP_SCRAPER_ALLOW_NETS": "127.0.0.0/8",
}

_NEW_KEY = text(
    "INSERT INTO keys (id, account, name, hash, scopes, created_at) "
    "VALUES (:id, :account, '', :hash, 'read write', :now)"
)

_FINISHED = text(
    "SELECT count(*), max(updated_at) FROM posts WHERE account LIKE :account "
    "AND state IN ('complete', 'failed') AND updated_at BETWEEN :since AND :until"
)


@dataclass(frozen=True)
class Installation:
    """Running services, the port of their API, and their database."""

    port: int
    services: tuple[SpawnedService, ...]
    database: str

    def new_keys(self, accounts: Sequence[str]) -> list[str]:
        """Make a key for each account, in one transaction."""
        secrets = [f"sf_fairness_key_of_{account}" for account in accounts]
        rows = [
            {
                "id": _new_id(self.database),
                "account": account,
                "hash": _hash(secret),
                "now": now_ms(),
            }
            for account, secret in zip(accounts, secrets, strict=True)
        ]
        with self._connected() as connection:
            connection.execute(_NEW_KEY, rows)
        return secrets

    def finished(self, account: str, since_ms: int, until_ms: int) -> tuple[int, int]:
        """The number of posts that accounts finished in a time, and when the last one was."""
        values = {"account": account, "since": since_ms, "until": until_ms}
        with self._connected() as connection:
            count, last = connection.execute(_FINISHED, values).one()
        return int(count), int(last or 0)

    def wait_finished(
        self, account: str, count: int, since_ms: int, timeout: float
    ) -> float | None:
        """Seconds since a time until accounts have finished so many posts; None if they do not."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            found, last = self.finished(account, since_ms, now_ms())
            if found >= count:
                return (last - since_ms) / 1000
            time.sleep(0.2)
        return None

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with create_engine(self.database, poolclass=NullPool).begin() as connection:
            yield connection


@contextmanager
def installed(it: Bench, backend: str, tree: Path = ROOT) -> Iterator[Installation]:
    """An installation of a tree with the default settings, serving.

    `servers` has a process of each service, as in production. `embedded` is `splitflap up`.
    """
    with ExitStack() as exits:
        yield _on_servers(it, exits, tree) if backend == "servers" else _up(it, exits, tree)


def now_ms() -> int:
    """The time in milliseconds, as the database has it."""
    return int(time.time() * 1000)


def _on_servers(it: Bench, exits: ExitStack, tree: Path) -> Installation:
    port = free_port()
    name = f"fairness{time.time_ns()}"
    environ = {
        **SETTINGS,
        "SPLITFLAP_DATABASE_URL": it.postgres.create_database(name),
        "SPLITFLAP_BROKER_URL": it.rabbitmq.add_vhost(name),
        "SPLITFLAP_PORT": str(port),
    }
    migration = _start(it, exits, "migrate", [_program(tree, "splitflap-api"), "migrate"], environ)
    assert migration.wait() == 0, migration.tail()
    services = tuple(
        _start(it, exits, name, [_program(tree, f"splitflap-{name}"), *arguments], environ)
        for name, *arguments in (("api", "serve"), ("renderer",), ("scraper",))
    )
    for each in services:
        each.wait_ready()
    database = environ["SPLITFLAP_DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
    return Installation(port, services, database)


def _up(it: Bench, exits: ExitStack, tree: Path) -> Installation:
    port = free_port()
    data = it.folder / f"data-{port}"
    environ = {**SETTINGS, "SPLITFLAP_DATA_DIR": str(data), "SPLITFLAP_PORT": str(port)}
    del environ["SPLITFLAP_LOG_LEVEL"]
    up = _start(it, exits, f"up-{port}", [_program(tree, "splitflap"), "up"], environ)
    serves = "is serving at"
    wait_until(lambda: not up.is_running or serves in up.tail(), "the start", START_TIMEOUT)
    assert up.is_running, up.tail()
    return Installation(port, (up,), f"sqlite:///{data / 'splitflap.db'}")


def _start(
    it: Bench, exits: ExitStack, name: str, command: list[str], environ: dict[str, str]
) -> SpawnedService:
    service = SpawnedService(name, command, environ, it.folder)
    service.start()
    exits.callback(service.close)
    return service


def _program(tree: Path, name: str) -> str:
    return str(tree / ".venv" / "bin" / name)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _new_id(database: str) -> str:
    """An id as the database's column has it."""
    new = uuid7()
    return str(new) if database.startswith("postgresql") else new.hex
