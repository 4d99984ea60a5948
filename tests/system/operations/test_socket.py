"""A database by its socket, as a proxy in a sidecar opens it: no host, no password."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.servers.fixtures import or_skip
from tests.servers.postgres import USER, Postgres
from tests.support import wait_until
from tests.system.rig.stack import Stack, StackBackend, running

pytestmark = pytest.mark.servers


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A PostgreSQL with a database, which the test restarts."""
    with or_skip(Postgres) as postgres:
        postgres.create_database("splitflap")
        yield postgres


@pytest.fixture
def stack(server: Postgres, tmp_path: Path) -> Iterator[Stack]:
    """An API and a renderer, migrated by the same URL."""
    environ = {
        "SPLITFLAP_DATABASE_URL": server.socket_url("splitflap"),
        "SPLITFLAP_DATA_DIR": str(tmp_path / "data"),
        "PGUSER": USER,
    }
    backend = StackBackend("servers", environ, str(tmp_path / "data" / "broker"))
    with running(backend, tmp_path, apis=1, workers=("renderer",)) as started:
        yield started


def addresses(server: Postgres) -> set[str | None]:
    """The addresses of all clients of the database. A client by the socket has none."""
    with psycopg.connect(server.url.replace("+psycopg", "")) as connection:
        rows = connection.execute(
            "SELECT client_addr::text FROM pg_stat_activity WHERE datname = 'splitflap'"
        )
        return {address for (address,) in rows}


def test_the_api_works_by_the_socket_of_its_database(server: Postgres, stack: Stack) -> None:
    """The migration does too. The API connects again after a restart of the server."""
    client = stack.client()
    assert "<strong>first</strong>" in client.create_post("**first**")["html"]
    assert addresses(server) == {None}
    server.restart()
    wait_until(lambda: client.submit("again").status_code == 202, "a post after the restart", 30)
    assert "<strong>second</strong>" in client.create_post("**second**")["html"]
    assert addresses(server) == {None}
