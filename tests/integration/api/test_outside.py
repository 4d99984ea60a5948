"""External databases: with TLS, with a user in libpq's variables, or not yet started."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from splitflap_api.store.engine import Store, is_outage
from splitflap_api.store.migrate import migrate, migrate_with_retries
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.servers.fixtures import or_skip
from tests.servers.postgres import USER, Postgres
from tests.support import wait_until
from tests.support.certificates import make_certificate

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's certificate."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "server.pem", "IP:127.0.0.1")


@pytest.fixture(scope="module")
def tls_server(certificate: Path) -> Iterator[Postgres]:
    """A PostgreSQL with TLS."""
    with or_skip(partial(Postgres, certificate)) as server:
        yield server


@pytest.fixture
def bare_url(tls_server: Postgres, monkeypatch: pytest.MonkeyPatch) -> str:
    """The chart's URL, without user and driver; libpq's variables have the user."""
    monkeypatch.setenv("PGUSER", USER)
    monkeypatch.setenv("PGPASSWORD", "any")
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    parts = urlsplit(tls_server.url)
    return f"postgresql://{parts.hostname}:{parts.port}{parts.path}"


def test_a_server_with_a_private_ca_is_trusted(
    bare_url: str, certificate: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PGSSLROOTCERT names the CA. The connection is encrypted."""
    monkeypatch.setenv("PGSSLROOTCERT", str(certificate))
    store = Store(bare_url, str(tmp_path), 4)
    migrate(store)
    with store.read() as tx:
        ours = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        assert tx.execute(ours).scalar_one() is True
    store.close()


def test_a_server_of_another_ca_is_not_trusted(
    bare_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """This counts as an outage: the operator may repair it without a restart of the API."""
    other = make_certificate(tmp_path / "other.pem", "IP:127.0.0.1")
    monkeypatch.setenv("PGSSLROOTCERT", str(other))
    store = Store(bare_url, str(tmp_path), 4)
    with pytest.raises(OperationalError, match="certificate verify failed") as refused:
        migrate(store)
    assert is_outage(refused.value)
    store.close()


def test_a_migration_waits_for_its_database(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The wait ends after the given number of seconds."""
    with or_skip(Postgres) as server:
        server.stop()
        store = Store(server.url, str(tmp_path), 4)
        with pytest.raises(OperationalError):
            migrate_with_retries(store, 0)
        with ThreadPoolExecutor() as others:
            revision = others.submit(migrate_with_retries, store, 60)
            wait_until(lambda: "the database did not answer" in caplog.text, "the first try")
            server.start()
            assert revision.result(60)
        store.close()
