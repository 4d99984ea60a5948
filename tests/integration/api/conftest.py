"""Both databases, migrated and empty, and rigs on them."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from splitflap_api.store.embedded import DATABASE_FILE
from splitflap_api.store.engine import Store
from splitflap_api.store.migrate import migrate

from tests.servers.postgres import Postgres
from tests.support.peer import embedded_broker
from tests.unit.api.rig import Rig

from .consumer import Consumer
from .waiting import Clock

#: Makes rigs on one database: replicas.
MakeRig = Callable[..., Rig]

#: Longest stop of a rig, in seconds.
STOP = 5.0


@pytest.fixture(scope="session")
def postgres_database(postgres_server: Postgres) -> str:
    """A database that each test empties, or replaces by a copy."""
    return postgres_server.create_database("api")


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Postgres) -> str:
    """The name of a database with the present schema, for copies: a migration takes far longer."""
    with closing(Store(postgres_server.create_database("migrated"), "", 1)) as store:
        migrate(store)
    return "migrated"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of such a database."""
    folder = tmp_path_factory.mktemp("migrated")
    with closing(Store(None, str(folder), 1)) as store:
        migrate(store)
    return folder / DATABASE_FILE


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """The database of a test; None is SQLite in a folder."""
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue("postgres_database")
    return url


@pytest.fixture
def empty_store(database_url: str | None, tmp_path: Path) -> Iterator[Store]:
    """A database without a schema."""
    if database_url:
        with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
    store = Store(database_url, str(tmp_path), 10)
    yield store
    store.close()


@pytest.fixture
def migrated_url(
    request: pytest.FixtureRequest, database_url: str | None, tmp_path: Path
) -> str | None:
    """A database with its schema and no rows; None is SQLite in the test's folder."""
    if database_url is None:
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / DATABASE_FILE)
        return None
    template = request.getfixturevalue("postgres_template")
    server: Postgres = request.getfixturevalue("postgres_server")
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP DATABASE api WITH (FORCE)")
        connection.execute(f"CREATE DATABASE api TEMPLATE {template}")
    return database_url


@pytest.fixture
def make_rig(migrated_url: str | None, tmp_path: Path) -> Iterator[MakeRig]:
    """Makes rigs on one database with its schema, each with connections of its own."""
    made: list[Rig] = []

    def make(*, started: bool = True, **settings: object) -> Rig:
        made.append(Rig(Store(migrated_url, str(tmp_path), 10), **settings))  # type: ignore[arg-type]  # the rig's own
        if started:
            made[-1].acceptor.start()
        return made[-1]

    yield make
    for rig in made:
        rig.acceptor.stop(STOP)
        rig.store.close()


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    """A started rig."""
    return make_rig()


@pytest.fixture
def consumer(rig: Rig, tmp_path: Path) -> Iterator[Consumer]:
    """A consumer, stopped with the test."""
    made = Consumer(rig, embedded_broker(tmp_path / "broker"))
    yield made
    made.stop()


@pytest.fixture
def clock(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the rig."""
    return Clock(rig, monkeypatch)
