"""A database that is stopped by SIGSTOP: only its kernel still answers on the network."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from splitflap_api.store.engine import Store
from splitflap_api.store.migrate import migrate

from tests.servers.postgres import Postgres
from tests.support import descendants, wait_until

from .rig import PATIENCE, serving

pytestmark = pytest.mark.servers

#: Seconds for an answer of the database. A loop counts as stuck after three times as long, which
#: must be more than the 5 s for a connection.
ANSWER = 3.0


@contextmanager
def frozen(server: Postgres) -> Iterator[None]:
    """Stop all processes of the server within the block."""
    pids = [server.pid, *descendants(server.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_a_frozen_database_turns_readiness_red_and_not_liveness(
    tmp_path: Path, postgres_server: Postgres
) -> None:
    """A restart of the API would not help. It serves again after the freeze."""
    url = postgres_server.create_database("frozen")
    store = Store(url, "", 1)
    migrate(store)
    store.close()
    url = url.replace("+psycopg", "")
    with serving(tmp_path, PATIENCE, PATIENCE, ANSWER, SPLITFLAP_DATABASE_URL=url) as server:
        assert server.health_of("readyz").text == "ok\n"
        with frozen(postgres_server):
            wait_until(lambda: not server.health_of("readyz").ok, "a red readiness")
            assert "database: no answer for" in server.health_of("readyz").text
            end = time.monotonic() + 4 * ANSWER
            while time.monotonic() < end:
                assert server.health_of("healthz").text == "ok\n"
                time.sleep(ANSWER / 4)
        wait_until(lambda: server.health_of("readyz").ok, "a green readiness")
        wait_until(server.answers, "an answer")
