"""Whether accepted work outgrows finished work, judged on a real database."""

import time
from typing import Any, get_args, get_type_hints

import pytest
from splitflap_api.domain.jobs.kinds import JOB_KINDS
from splitflap_api.overload import backlog as module
from splitflap_api.overload.backlog import (
    UNCONFIRMED_LIMIT,
    Backlog,
    Limits,
)
from splitflap_api.settings import ApiSettings
from splitflap_api.store.bulk import insert_rows
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import jobs
from splitflap_core.contracts import Kind
from sqlalchemy.exc import TimeoutError as PoolTimeout
from uuid_utils import uuid7

from tests.support import wait_until

LIMITS = Limits(unfinished=30, unpublished=3600)
RENDERS = JOB_KINDS["render"].backlog
SCRAPES = JOB_KINDS["scrape"].backlog


class Jobs:
    """A table of jobs, and the backlog over it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.unconfirmed = 0.0
        self.backlog = Backlog(store, LIMITS, lambda: self.unconfirmed)

    def add(
        self,
        kind: Kind,
        count: int,
        *,
        dispatched: float | None,
        due: float | None = None,
        since: float | None = None,
    ) -> None:
        """Insert jobs. All times are seconds before now; None is never.

        `dispatched`: the first time in the present wait; `due`: again; `since`: a retry's wait.
        """

        def ago(seconds: float | None) -> int | None:
            return None if seconds is None else int((time.time() - seconds) * 1000)

        rows = [
            {
                "id": str(uuid7()),
                "kind": kind,
                "payload": "{}",
                "attempt": 1,
                "created_at": ago(4000),
                "waiting_since": ago(since),
                "first_dispatched_at": ago(dispatched),
                "due_at": ago(due),
                "dispatched_at": ago(dispatched) if due is None else None,
            }
            for _ in range(count)
        ]
        with self.store.write() as tx:
            insert_rows(tx, jobs, rows)

    def why(self) -> str:
        """The reason to refuse work after a judgement; empty for none."""
        self.backlog.run_once()
        overload = self.backlog.overload()
        return overload.why if overload else ""


@pytest.fixture
def waiting(store: Store) -> Jobs:
    """The backlog of an empty table."""
    return Jobs(store)


def test_an_empty_table_is_no_backlog(waiting: Jobs) -> None:
    """All work is accepted."""
    assert waiting.why() == ""


def test_a_few_stuck_jobs_are_no_backlog(waiting: Jobs) -> None:
    """One more than the tolerated number is a backlog. Clients then get the seconds to wait."""
    waiting.add("render", RENDERS.tolerated, dispatched=300)
    assert waiting.why() == ""
    waiting.add("render", 1, dispatched=40)
    assert "waiting to be rendered" in waiting.why()
    overload = waiting.backlog.overload()
    assert overload is not None
    assert 10 <= overload.retry_after <= 12


def test_the_setting_names_the_tolerated_jobs() -> None:
    """A client of an idle service would wait for 503 in vain."""
    (_, meta) = get_args(get_type_hints(ApiSettings, include_extras=True)["max_unfinished_age"])
    assert f"more than {RENDERS.tolerated} wait longer" in meta.description
    assert f"{SCRAPES.tolerated} of them longer" in meta.description


def test_many_young_jobs_are_no_backlog(waiting: Jobs) -> None:
    """Young jobs may end within a second."""
    waiting.add("render", 2000, dispatched=5)
    assert waiting.why() == ""


def test_the_pressure_is_the_share_of_the_limit(waiting: Jobs) -> None:
    """Replays of dead letters wait from a third on. A few stuck jobs are no pressure."""
    waiting.add("render", RENDERS.tolerated, dispatched=300)
    waiting.backlog.run_once()
    assert waiting.backlog.pressure == 0.0
    # Not at a bound: the store's clock may be some milliseconds slow.
    waiting.add("render", 1, dispatched=LIMITS.unfinished * 0.6)
    waiting.backlog.run_once()
    assert 0.5 < waiting.backlog.pressure < 0.7


def test_scrapes_may_wait_longer_than_renders(waiting: Jobs) -> None:
    """Slow sites close the service to posts only after 20 times the limit of renders."""
    waiting.add("scrape", SCRAPES.tolerated + 1, dispatched=LIMITS.unfinished * 3)
    assert waiting.why() == ""
    waiting.add("scrape", SCRAPES.tolerated + 1, dispatched=LIMITS.unfinished * SCRAPES.ages + 5)
    waiting.add("render", 1, dispatched=1)
    with waiting.store.write() as tx:
        tx.exec_driver_sql("UPDATE jobs SET first_dispatched_at = first_dispatched_at - 600000")
    assert "waiting for previews" in waiting.why()


def test_work_is_accepted_for_an_hour_without_a_broker(waiting: Jobs) -> None:
    """Retries count from when they are due."""
    waiting.add("render", 10, dispatched=None, due=1800, since=1800)
    waiting.add("scrape", 10, dispatched=None, due=-60, since=-60)
    assert waiting.why() == ""
    waiting.add("render", 1, dispatched=None, due=3700)
    assert "unpublished" in waiting.why()


def test_a_broker_that_refuses_messages_resets_no_age(waiting: Jobs) -> None:
    """Each try to publish makes the job due a little later. Its wait goes on."""
    waiting.add("render", 1, dispatched=None, due=-5, since=3700)
    assert "unpublished" in waiting.why()


def test_a_republished_job_keeps_its_age(waiting: Jobs) -> None:
    """A lost message is published again, and the job has still waited since the first one."""
    waiting.add("render", RENDERS.tolerated + 1, dispatched=40, due=-5)
    assert "waiting to be rendered" in waiting.why()


def test_a_slow_broker_is_a_backlog(waiting: Jobs) -> None:
    """Work is refused before the reconciler publishes unconfirmed jobs a second time."""
    waiting.unconfirmed = UNCONFIRMED_LIMIT + 0.1
    assert "slow" in waiting.why()
    waiting.unconfirmed = 0.5
    assert waiting.why() == ""


def test_judging_goes_on_after_a_failure(waiting: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a new judgement, an old one would refuse all work forever."""
    monkeypatch.setattr(module, "POLL_EVERY", 0.02)
    errors = [PoolTimeout("no connection"), RuntimeError("a bug")]
    read = waiting.store.read

    def failing() -> Any:
        if errors:
            raise errors.pop()
        return read()

    monkeypatch.setattr(waiting.store, "read", failing)
    waiting.add("render", RENDERS.tolerated + 1, dispatched=300)
    waiting.backlog.start()
    try:
        wait_until(lambda: waiting.backlog.overload() is not None, "a judgement", 20)
        assert errors == []
    finally:
        waiting.backlog.stop(20)


def test_a_backlog_without_judgements_is_unhealthy(
    waiting: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The health check names the loop."""
    assert waiting.backlog.complaint() is None
    later = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert "backlog: no progress for 61 s" in str(waiting.backlog.complaint())


def test_a_silent_database_is_reported_until_it_answers(
    waiting: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For readiness: each judgement is an answer."""
    monkeypatch.setattr(module, "SILENT_AFTER", 0.1)
    wait_until(waiting.backlog.silence, "silence")
    assert waiting.why() == ""
    assert waiting.backlog.silence() is None
