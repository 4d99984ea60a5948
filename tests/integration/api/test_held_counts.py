"""Held jobs and their accounts are counted, at a cost that the number of jobs does not decide."""

import pytest
from splitflap_api.domain.fair import bounds
from splitflap_api.domain.jobs import counts
from splitflap_api.domain.jobs.counts import JobCounts, job_counts
from splitflap_api.domain.previews import FetchPreview, RenderText
from splitflap_api.store import schema
from sqlalchemy import text, update

from tests.unit.api.rig import Rig

MINUTE = 60_000


def hold(rig: Rig, **values: object) -> None:
    """Hold all jobs, as those of an account that has had its share."""
    rig.change(schema.jobs, held=True, due_at=None, **values)


def counted(rig: Rig) -> JobCounts:
    """The counts now."""
    with rig.store.read() as tx:
        return job_counts(tx)


def test_held_jobs_are_counted_by_their_urgency(rig: Rig) -> None:
    """They are not unpublished: an alert on that state means that the broker is away."""
    for account in ("a", "a", "b"):
        rig.accept(RenderText("x"), account)
    for account in ("a", "c"):
        rig.accept(RenderText("x", low=True), account)
    rig.accept(FetchPreview("http://a/"), "a")
    hold(rig, created_at=MINUTE)
    rig.post()
    [posted] = rig.rows(schema.jobs, held=False)
    found = counted(rig)
    assert found.jobs == {
        ("render", "unpublished"): (1, posted["created_at"]),
        ("render", "held"): (3, MINUTE),
        ("render", "held_low"): (2, MINUTE),
        ("scrape", "held"): (1, MINUTE),
    }
    assert found.accounts == {"render": 3, "scrape": 1}


def test_a_held_retry_waits_since_its_due_time(rig: Rig) -> None:
    """Another account's first job is then the oldest."""
    for account in ("a", "b"):
        rig.accept(RenderText("x"), account)
    hold(rig, created_at=2 * MINUTE)
    with rig.store.write() as tx:
        of_a = update(schema.jobs).where(schema.jobs.c.account == "a")
        tx.execute(of_a.values(created_at=MINUTE, waiting_since=3 * MINUTE))
    assert counted(rig).jobs == {("render", "held"): (2, 2 * MINUTE)}


def test_counts_of_held_jobs_are_bounded(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds hold for each kind and urgency."""
    monkeypatch.setattr(bounds, "SHOWN_JOBS", 4)
    monkeypatch.setattr(bounds, "SHOWN_ACCOUNTS", 2)
    for number in range(9):
        rig.accept(RenderText("x"), f"account-{number % 3}")
    hold(rig, created_at=MINUTE)
    assert counted(rig) == JobCounts({("render", "held"): (4, MINUTE)}, {"render": 2})


def test_accounts_are_found_without_reading_all_their_jobs(rig: Rig) -> None:
    """Each step of the scan is a search in the index of held jobs."""
    if not rig.store.is_sqlite:
        pytest.skip("PostgreSQL chooses its plan by the size of the table")
    with rig.store.read() as tx:
        wanted = {"kind": "render", "after": "", "most": 1}
        plan = tx.execute(text(f"EXPLAIN QUERY PLAN {counts._HELD}"), wanted)
        steps = [row.detail for row in plan]
    searches = [step for step in steps if "jobs_held" in step]
    index = "INDEX jobs_held (kind=? AND low=? AND account>?)"
    assert f"SEARCH jobs USING {index}" in searches
    assert all(step.startswith("SEARCH") for step in searches)
    assert not any("SCAN jobs" in step for step in steps)


def test_the_metrics_show_held_jobs_and_their_accounts(rig: Rig) -> None:
    """No metric names an account."""
    rig.accept(RenderText("x"), "a")
    hold(rig)
    rig.reconcile()
    waiting = rig.metrics.gauge("splitflap_jobs_waiting")
    accounts = rig.metrics.gauge("splitflap_accounts_waiting")
    # Private: prometheus_client has no public way to read one gauge.
    assert waiting.labels("render", "held")._value.get() == 1
    assert waiting.labels("render", "unpublished")._value.get() == 0
    assert accounts.labels("render")._value.get() == 1
    assert accounts.labels("scrape")._value.get() == 0
