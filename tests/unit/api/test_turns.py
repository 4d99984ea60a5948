"""Long changes of SQLite let others run."""

import time

import pytest
from splitflap_api.domain.jobs.dead_letters import count, drop, insert_message
from splitflap_api.store import turns
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import dead_letters
from sqlalchemy import select


def test_others_run_while_a_hundred_dead_letters_are_dropped(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter may have two megabytes, and SQLite deletes it in this thread."""
    with store.write() as tx:
        for _ in range(100):
            insert_message(tx, "results", "unreadable", b"x", store.now(tx))
    left: list[int] = []
    with store.write() as tx:
        ids = list(tx.execute(select(dead_letters.c.id)).scalars())
        monkeypatch.setattr(time, "sleep", lambda _seconds: left.append(count(tx)))
        assert drop(tx, ids) == sorted(ids)
    assert left == list(range(100 - turns.CHANGED, 0, -turns.CHANGED))


def test_deleted_pages_of_sqlite_are_not_overwritten(store: Store) -> None:
    """Debian's default writes each deleted page once more."""
    with store.read() as tx:
        assert tx.exec_driver_sql("PRAGMA secure_delete").scalar() == 2
