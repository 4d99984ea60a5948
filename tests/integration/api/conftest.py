"""Both databases, migrated and empty, and replicas on them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from splitflap_api.store.engine import Store
from splitflap_api.store.migrate import migrate

from tests.servers.postgres import Postgres

from .replica import Replica

MakeReplica = Callable[..., Replica]


@pytest.fixture(scope="session")
def postgres_database(postgres_server: Postgres) -> str:
    """One for all tests: making and fsyncing one for each would take longer than they do."""
    return postgres_server.create_database("api")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """A database with nothing in it; None is SQLite in a folder."""
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
def make_replica(
    empty_store: Store, database_url: str | None, tmp_path: Path
) -> Iterator[MakeReplica]:
    """Replicas on one database, with its schema."""
    migrate(empty_store)
    made: list[Replica] = []

    def make(*, started: bool = True, preview_wait: float = 30.0) -> Replica:
        made.append(Replica(database_url, str(tmp_path), preview_wait))
        if started:
            made[-1].acceptor.start()
        return made[-1]

    yield make
    for replica in made:
        replica.close()


@pytest.fixture
def replica(make_replica: MakeReplica) -> Replica:
    """One replica that accepts."""
    return make_replica()
