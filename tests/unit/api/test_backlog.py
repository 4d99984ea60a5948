"""Which accounts' work waits too long, judged on a real database."""

import time
from typing import Any, get_args, get_type_hints

import pytest
from splitflap_api.domain.fair.held import COUNTED_IN_TURN
from splitflap_api.domain.fair.kind_state import KindState
from splitflap_api.domain.fair.kind_states import read_states
from splitflap_api.domain.fair.waits import CHUNK, waiting_since
from splitflap_api.domain.jobs.kinds import JOB_KINDS
from splitflap_api.overload import backlog as module
from splitflap_api.overload.account_backlogs import AccountBacklogs
from splitflap_api.overload.backlog import (
    LOW_AGES,
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
        self.broker_is_up = True
        self.accounts = AccountBacklogs()
        self.backlog = Backlog(
            store,
            LIMITS,
            lambda: self.unconfirmed,
            lambda: self.broker_is_up,
            self.states,
            self.accounts,
        )

    def states(self) -> dict[Kind, KindState]:
        """The states as the publisher reads them."""
        with self.store.read() as tx:
            return read_states(tx, self.store.now(tx))

    def add(
        self,
        kind: Kind,
        count: int,
        *,
        dispatched: float | None = None,
        due: float | None = None,
        since: float | None = None,
        created: float = 4000,
        account: str = "noisy",
        held: bool = False,
        low: bool = False,
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
                "account": account,
                "held": held,
                "low": low,
                "created_at": ago(created),
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
        """The reason to refuse everybody's work after a judgement; empty for none."""
        self.backlog.run_once()
        unpublished = self.backlog.unpublished()
        return unpublished.why if unpublished else ""

    def refusal(self, account: str = "noisy", *, low: bool = False) -> str:
        """The reason to refuse an account's work after a judgement; empty for none."""
        self.backlog.run_once()
        backlog = self.accounts.of(account, low=low)
        return backlog.problem().detail if backlog and backlog.exceeds_limit else ""


@pytest.fixture
def waiting(store: Store) -> Jobs:
    """The backlog of an empty table."""
    return Jobs(store)


def test_an_empty_table_is_no_backlog(waiting: Jobs) -> None:
    """All work is accepted."""
    assert waiting.why() == waiting.refusal() == ""


@pytest.mark.parametrize("held", [True, False])
def test_a_few_stuck_jobs_are_no_backlog(waiting: Jobs, held: bool) -> None:
    """One more than the tolerated number is a backlog. Clients then get the seconds to wait."""
    dispatched = None if held else 1.0
    waiting.add("render", RENDERS.tolerated, dispatched=dispatched, held=held, created=300)
    assert waiting.refusal() == ""
    waiting.add("render", 1, dispatched=dispatched, held=held, created=40)
    assert "waiting to be rendered" in waiting.refusal()
    backlog = waiting.accounts.of("noisy", low=False)
    assert backlog is not None
    assert 10 <= backlog.retry_after <= 12


def test_held_and_released_jobs_count_together(waiting: Jobs) -> None:
    """An account's jobs wait in the database and at the broker."""
    waiting.add("render", RENDERS.tolerated, held=True, created=60)
    waiting.add("render", 1, dispatched=1, created=60)
    assert "waiting to be rendered" in waiting.refusal()


def test_a_backlog_refuses_its_account_only(waiting: Jobs) -> None:
    """The work of every other account is accepted."""
    waiting.add("render", 500, held=True, created=300)
    waiting.add("render", 1, held=True, created=300, account="quiet")
    assert waiting.refusal("noisy")
    assert waiting.refusal("quiet") == waiting.refusal("absent") == waiting.why() == ""


def test_each_of_many_accounts_is_judged(waiting: Jobs) -> None:
    """The query reads some accounts at a time."""
    names = {f"account {number:04}" for number in range(2 * CHUNK + 1)}
    for name in names:
        waiting.add("render", 2, held=True, created=60, account=name)
    with waiting.store.read() as tx:
        now = waiting.store.now(tx)
        assert set(waiting_since(tx, "render", 1, now, low=False)) == names
        assert waiting_since(tx, "render", 2, now, low=False) == {}
        assert waiting_since(tx, "scrape", 1, now, low=False) == {}


def test_others_run_while_many_accounts_are_judged(
    waiting: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite reads in this thread. All accounts in one turn would hold every request."""
    accounts = 2 * CHUNK + 1
    for number in range(accounts):
        waiting.add("render", 1, held=True, created=60, account=f"account {number:04}")
    turns: list[float] = []
    monkeypatch.setattr(time, "sleep", turns.append)
    waiting.backlog.run_once()
    assert turns.count(0) >= accounts // CHUNK + accounts // COUNTED_IN_TURN


def test_low_jobs_may_wait_longer_and_refuse_low_requests_only(waiting: Jobs) -> None:
    """An import of many posts is no overload, and its account still posts."""
    many = RENDERS.tolerated + 1
    waiting.add("render", many, held=True, low=True, created=LIMITS.unfinished * LOW_AGES - 60)
    assert waiting.refusal(low=True) == ""
    with waiting.store.write() as tx:
        tx.exec_driver_sql("UPDATE jobs SET created_at = created_at - 120000")
    assert waiting.refusal(low=True)
    assert waiting.refusal() == ""


def test_an_old_backlog_refuses_low_requests_too(waiting: Jobs) -> None:
    """They would wait behind it."""
    waiting.add("render", RENDERS.tolerated + 1, held=True, created=60)
    assert waiting.refusal(low=True)


def test_waits_count_from_the_return_of_the_broker(
    waiting: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work is accepted for an hour without a broker. Then it is no sign of slow workers."""
    monkeypatch.setattr(module, "BROKER_AWAY", -1)
    waiting.add("render", RENDERS.tolerated + 1, held=True, created=300)
    waiting.broker_is_up = False
    assert waiting.refusal() == ""
    waiting.broker_is_up = True
    assert waiting.refusal() == ""
    monkeypatch.setattr(module, "BROKER_AWAY", 10)
    assert waiting.refusal() == ""
    waiting = Jobs(waiting.store)
    assert waiting.refusal()


def test_the_setting_names_the_tolerated_jobs() -> None:
    """A client of an idle service would wait for 503 in vain."""
    (_, meta) = get_args(get_type_hints(ApiSettings, include_extras=True)["max_unfinished_age"])
    assert f"more than {RENDERS.tolerated} wait longer" in meta.description
    assert f"{SCRAPES.tolerated} of them longer" in meta.description


def test_many_young_jobs_are_no_backlog(waiting: Jobs) -> None:
    """Young jobs may end within a second."""
    waiting.add("render", 2000, dispatched=5, created=5)
    assert waiting.refusal() == ""


def test_the_pressure_is_the_wait_divided_by_its_limit(waiting: Jobs) -> None:
    """Replays of dead letters wait from a third on. A few stuck jobs are no pressure."""
    waiting.add("render", RENDERS.tolerated, dispatched=300)
    waiting.backlog.run_once()
    assert waiting.backlog.pressure == 0.0
    # Not at a bound: the store's clock may be some milliseconds slow.
    waiting.add("render", 1, dispatched=1, created=LIMITS.unfinished * 0.6)
    waiting.backlog.run_once()
    assert 0.5 < waiting.backlog.pressure < 0.7


def test_scrapes_may_wait_longer_than_renders(waiting: Jobs) -> None:
    """Slow sites close the service to an account's posts only after 20 times as long."""
    waiting.add("scrape", SCRAPES.tolerated + 1, dispatched=1, created=LIMITS.unfinished * 3)
    assert waiting.refusal() == ""
    with waiting.store.write() as tx:
        tx.exec_driver_sql("UPDATE jobs SET created_at = created_at - 600000")
    assert "waiting for previews" in waiting.refusal()


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
    waiting.add("render", RENDERS.tolerated + 1, dispatched=40, due=-5, created=40)
    assert "waiting to be rendered" in waiting.refusal()


def test_a_retry_counts_from_its_due_time(waiting: Jobs) -> None:
    """Its job is old, and has waited for the retry's delay."""
    waiting.add("render", RENDERS.tolerated + 1, dispatched=1, since=5)
    assert waiting.refusal() == ""


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
        wait_until(lambda: waiting.accounts.refuses, "a judgement", 20)
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
