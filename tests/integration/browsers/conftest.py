"""The API in a process of its own, on each database, and keys for its tests."""

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
import requests
from splitflap_api.store.engine import Store
from splitflap_api.store.migrate import migrate

from tests.integration.api_server.rig import AUTH, PATIENCE, Server, serving
from tests.servers.postgres import Postgres

from .browser import Browser

#: Makes a key of an account with these scopes. Returns its id and its secret.
MakeKey = Callable[..., tuple[str, str]]

#: Settings of the servers: the origins of two applications.
SETTINGS = {"SPLITFLAP_CORS_ORIGINS": "https://app.example, http://localhost:3000"}

_numbers = itertools.count(1)


@contextmanager
def replica(folder: Path, **settings: str) -> Iterator[Server]:
    """A server with enough time, and without a renderer."""
    more = {"SPLITFLAP_MAX_UNFINISHED_AGE": "3600", "SPLITFLAP_MAX_IN_FLIGHT": "80"}
    with serving(folder, PATIENCE, PATIENCE, None, **more, **settings) as made:
        yield made


@pytest.fixture(scope="session")
def database(postgres_server: Postgres) -> str:
    """A database for these tests, with its schema."""
    url = postgres_server.create_database("browsers")
    store = Store(url, "", 4)
    migrate(store)
    store.close()
    return url


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)]
)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server on each database."""
    more = dict(SETTINGS)
    if request.param == "postgresql":
        more["SPLITFLAP_DATABASE_URL"] = request.getfixturevalue("database")
    with replica(tmp_path_factory.mktemp(request.param), **more) as made:
        yield made


@pytest.fixture
def server_port(server: Server) -> int:
    """The port of the server."""
    return server.port


@pytest.fixture
def make_key(server: Server) -> MakeKey:
    """Makes keys."""

    def make(*scopes: str, account: str = "") -> tuple[str, str]:
        body = {"account": account or f"a{next(_numbers)}", "scopes": scopes or ("read", "write")}
        made = requests.post(f"{server.url}/v1/keys", json=body, headers=AUTH, timeout=PATIENCE)
        assert made.status_code == 201, made.text
        return made.json()["id"], made.json()["key"]

    return make


@pytest.fixture
def key(make_key: MakeKey) -> str:
    """A key of an account of its own, which may read and write."""
    return make_key()[1]


@pytest.fixture
def stranger(server: Server) -> Browser:
    """A browser without a cookie."""
    return Browser(server.port)


@pytest.fixture
def page(server: Server, key: str) -> Browser:
    """A browser with a session of the key."""
    made = Browser(server.port)
    made.log_in(key)
    return made


def revoke(server: Server, key_id: str) -> None:
    """Revoke a key."""
    url = f"{server.url}/v1/keys/{key_id}"
    assert requests.delete(url, headers=AUTH, timeout=PATIENCE).status_code == 204


def expire_all(server: Server) -> None:
    """Let the sessions and tokens of the server's database have ended long ago."""
    if server.database:
        with psycopg.connect(server.database.replace("+psycopg", "")) as connection:
            connection.execute("UPDATE sessions SET expires_at = 1")
    else:
        with closing(sqlite3.connect(server.log.parent / "splitflap.db", PATIENCE)) as connection:
            connection.execute("UPDATE sessions SET expires_at = 1")
            connection.commit()
