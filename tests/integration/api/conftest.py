"""Both databases, migrated and empty, and rigs on them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
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
    """One database for all tests: to create one for each would take longer than the tests."""
    return postgres_server.create_database("api")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """An empty database; None is SQLite in a folder."""
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue("postgres_database")
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


@pytest.fixture
def empty_store(database_url: str | None, tmp_path: Path) -> Iterator[Store]:
    """A database without a schema."""
    store = Store(database_url, str(tmp_path), 10)
    yield store
    store.close()


@pytest.fixture
def make_rig(empty_store: Store, database_url: str | None, tmp_path: Path) -> Iterator[MakeRig]:
    """Makes rigs on one database with its schema, each with connections of its own."""
    migrate(empty_store)
    made: list[Rig] = []

    def make(*, started: bool = True, **settings: object) -> Rig:
        made.append(Rig(Store(database_url, str(tmp_path), 10), **settings))  # type: ignore[arg-type]  # the rig's own
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
