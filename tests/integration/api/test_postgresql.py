"""Connections to PostgreSQL: the limit of the wait for an answer."""

import os
import signal

import pytest
from splitflap_api.store import postgresql
from splitflap_api.store.engine import Store, is_outage
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

pytestmark = pytest.mark.servers


def test_a_frozen_connection_is_given_up(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statement fails as in an outage. The pool replaces its only connection."""
    store = Store(postgres_database, "", 1)
    with store.read() as tx:
        pid = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
    os.kill(pid, signal.SIGSTOP)
    try:
        monkeypatch.setattr(postgresql, "ANSWER_TIMEOUT", 0.3)
        with (
            pytest.raises(OperationalError, match="no answer within") as late,
            store.write() as tx,
        ):
            tx.execute(text("SELECT 1"))
        assert is_outage(late.value)
        with store.write() as tx:
            assert tx.execute(text("SELECT pg_backend_pid()")).scalar_one() != pid
    finally:
        os.kill(pid, signal.SIGCONT)
        store.close()


def test_a_failed_statement_keeps_its_connection(postgres_database: str) -> None:
    """The server's own limit answers in time."""
    store = Store(postgres_database, "", 1)
    with store.read() as tx:
        pid = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
    slow = text("SET LOCAL statement_timeout = 50; SELECT pg_sleep(5)")
    with pytest.raises(OperationalError, match="statement timeout"), store.write() as tx:
        tx.execute(slow)
    with store.read() as tx:
        assert tx.execute(text("SELECT pg_backend_pid()")).scalar_one() == pid
    store.close()
