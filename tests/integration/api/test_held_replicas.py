"""Held jobs of several replicas, on both databases: each job goes once, and no charge is lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from splitflap_api.domain.fair.routes import Route
from splitflap_api.domain.fair.shares import JobOwner
from splitflap_api.domain.jobs.locks import lock_jobs
from splitflap_api.store.schema import jobs
from splitflap_api.transactions.fair import IS_MINE
from splitflap_core.outcomes import Failed
from sqlalchemy import update

from tests.unit.api.rig import Rig, outcome_of

from .conftest import MakeRig
from .floods import ALWAYS, capacity, finish, flood, held

pytestmark = pytest.mark.servers


def test_two_replicas_release_no_job_twice(make_rig: MakeRig) -> None:
    """Their releases take turns, or one of them does nothing."""
    first, second = make_rig(), make_rig()
    capacity(first)
    flood(first, "noisy", 60)
    finish(first)
    ids = [row["id"] for rig in (first, second, first) for row in rig.fair.release()]
    assert len(ids) == len(set(ids)) == 21


def test_a_replica_does_not_wait_for_the_release_of_another_one(make_rig: MakeRig) -> None:
    """It goes on with its own work. SQLite has one writer, and one replica."""
    first, second = make_rig(), make_rig()
    capacity(first)
    flood(first, "noisy", 60)
    finish(first)
    if first.store.is_sqlite:
        pytest.skip("SQLite has one replica")
    with first.store.write() as tx:
        assert tx.execute(IS_MINE).scalar_one()
        assert second.fair.release() == []
    assert len(second.fair.release()) == 21


def test_a_release_does_not_wait_for_jobs_that_others_change(make_rig: MakeRig) -> None:
    """A request cancels them at this moment. Others go in their place."""
    rig = make_rig()
    capacity(rig)
    flood(rig, "noisy", 80)
    finish(rig)
    if rig.store.is_sqlite:
        pytest.skip("SQLite has one writer")
    busy = [row["id"] for row in rig.rows("jobs")][:5]
    with rig.store.write() as tx:
        lock_jobs(tx, busy)
        ids = {row["id"] for row in rig.fair.release()}
    assert len(ids) == 21
    assert not ids & set(busy)


def test_an_older_replica_leaves_held_jobs_alone(rig: Rig) -> None:
    """It knows due jobs only."""
    capacity(rig)
    flood(rig, "noisy", 30)
    with rig.store.write() as tx:
        tx.execute(update(jobs).where(jobs.c.held.is_(False)).values(due_at=0))
    rig.reconcile()
    assert held(rig)["noisy"] >= 9
    assert rig.router.route("render", JobOwner("quiet")) is not Route.HELD


def test_a_charge_leaves_the_turns_alone(rig: Rig) -> None:
    """A release of another replica may have written them meanwhile."""
    capacity(rig)
    flood(rig, "noisy", 40)
    finish(rig)
    rig.fair.release()
    before = rig.row("capacities", kind="render")["last_turn"]
    assert before == "noisy"
    rig.fair.charge(ALWAYS)
    assert rig.row("capacities", kind="render")["last_turn"] == before


def test_charges_and_releases_of_two_replicas_lose_nothing(make_rig: MakeRig) -> None:
    """They lock shares in one order. Both write the first row of an account."""
    first, second = make_rig(), make_rig()
    capacity(first)
    for account in "abcdefgh":
        flood(first, account, 6)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            for row in first.rows("jobs", held=False):
                one = (first, second)[hash(row["id"]) % 2]
                one.apply(outcome_of(row, Failed("broken", "x"), took=0.1))
            charges = [pool.submit(each.fair.charge, ALWAYS) for each in (first, second)]
            releases = [pool.submit(each.fair.release) for each in (first, second)]
            for charge in charges:
                charge.result()
            for each in releases:
                each.result()
    for rig in (first, second):
        rig.fair.charge(ALWAYS)
    done = 48 - first.count("jobs")
    assert sum(row["jobs"] for row in first.rows("shares")) == pytest.approx(done, rel=0.2)
