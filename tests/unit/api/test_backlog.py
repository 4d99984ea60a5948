"""The backlog: old accepted work refuses new work, judged on a real database."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from splitflap_api.loops.loop import STUCK_AFTER
from splitflap_api.overload import backlog
from splitflap_api.overload.backlog import (
    SCRAPE_FACTOR,
    TOLERATED,
    UNCONFIRMED_LIMIT,
    Backlog,
    Limits,
)
from splitflap_api.store.bulk import insert_rows
from splitflap_api.store.engine import Store
from splitflap_api.store.migrate import migrate
from splitflap_api.store.schema import jobs
from splitflap_core.contracts import Kind
from sqlalchemy.exc import TimeoutError as PoolTimeout
from uuid_utils import uuid7

from tests.support import wait_until

LIMITS = Limits(unfinished=30, unpublished=3600)


class Rig:
    """A backlog on a database of jobs."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(None, str(folder), 4)
        migrate(self.store)
        self.unconfirmed = 0.0
        self.backlog = Backlog(self.store, LIMITS, lambda: self.unconfirmed)

    def add(self, kind: Kind, count: int, *, dispatched: float | None, due: float = 0) -> None:
        """Jobs that were dispatched so many seconds ago, or never, and are due then."""
        now = int(time.time() * 1000)
        rows = [
            {
                "id": str(uuid7()),
                "kind": kind,
                "payload": "{}",
                "attempt": 1,
                "created_at": now,
                "due_at": now + int(due * 1000),
                "dispatched_at": None if dispatched is None else now - int(dispatched * 1000),
            }
            for _ in range(count)
        ]
        with self.store.write() as tx:
            insert_rows(tx, jobs, rows)

    def why(self) -> str:
        """What it says after a look; empty for nothing."""
        self.backlog.run_once()
        overload = self.backlog.overload()
        return overload.why if overload else ""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A rig on a database of its own."""
    rig = Rig(tmp_path)
    yield rig
    rig.store.close()


def test_an_empty_table_is_no_backlog(rig: Rig) -> None:
    """Without jobs, new work is admitted."""
    assert rig.why() == ""


def test_a_few_stuck_jobs_are_no_backlog(rig: Rig) -> None:
    """One job more than tolerated makes a backlog, with a Retry-After."""
    rig.add("render", TOLERATED["render"], dispatched=300)
    assert rig.why() == ""
    rig.add("render", 1, dispatched=40)
    assert "waiting to be rendered" in rig.why()
    overload = rig.backlog.overload()
    assert overload is not None
    assert 10 <= overload.retry_after <= 12


def test_many_young_jobs_are_no_backlog(rig: Rig) -> None:
    """The number of jobs alone is no reason."""
    rig.add("render", 2000, dispatched=5)
    assert rig.why() == ""


def test_scrapes_may_wait_longer(rig: Rig) -> None:
    """Slow sites refuse new posts only after SCRAPE_FACTOR times the limit."""
    rig.add("scrape", TOLERATED["scrape"] + 1, dispatched=LIMITS.unfinished * 3)
    assert rig.why() == ""
    rig.add("scrape", TOLERATED["scrape"] + 1, dispatched=LIMITS.unfinished * SCRAPE_FACTOR + 5)
    rig.add("render", 1, dispatched=1)
    with rig.store.write() as tx:
        tx.exec_driver_sql("UPDATE jobs SET dispatched_at = dispatched_at - 600000")
    assert "waiting for previews" in rig.why()


def test_an_unavailable_broker_makes_a_backlog_after_an_hour(rig: Rig) -> None:
    """The age of a retry counts from its due time."""
    rig.add("render", 10, dispatched=None, due=-1800)
    rig.add("scrape", 10, dispatched=None, due=600)
    assert rig.why() == ""
    rig.add("render", 1, dispatched=None, due=-3700)
    assert "unpublished" in rig.why()


def test_a_slow_broker_makes_a_backlog(rig: Rig) -> None:
    """New work is refused before the reconciler would publish a job twice."""
    rig.unconfirmed = UNCONFIRMED_LIMIT + 0.1
    assert "slow" in rig.why()
    rig.unconfirmed = 0.5
    assert rig.why() == ""


def test_a_failed_query_is_not_the_last(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict keeps following the database."""
    monkeypatch.setattr(backlog, "POLL_EVERY", 0.02)
    errors = [PoolTimeout("no connection"), RuntimeError("a bug")]
    run_once = rig.backlog.run_once

    def failing() -> None:
        if errors:
            raise errors.pop()
        run_once()

    monkeypatch.setattr(rig.backlog, "run_once", failing)
    rig.add("render", TOLERATED["render"] + 1, dispatched=300)
    rig.backlog.start()
    try:
        wait_until(lambda: rig.backlog.overload() is not None, "a look", 20)
        assert errors == []
    finally:
        rig.backlog.stop(20)


def test_a_stuck_backlog_is_unhealthy(rig: Rig) -> None:
    """The health check fails after a minute without a query."""
    assert rig.backlog.alive() is None
    # Private: the test moves the time of the last query instead of waiting a minute.
    rig.backlog._last_run -= STUCK_AFTER + 1
    assert "backlog: no look for 61 s" in str(rig.backlog.alive())
