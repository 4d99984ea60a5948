"""How long accounts with held jobs wait, on both databases."""

import pytest
from splitflap_api.domain.fair.kind_states import read_states
from splitflap_api.domain.fair.waits import expected_waits, waiting_since
from splitflap_api.store.schema import jobs
from sqlalchemy import update

from tests.unit.api.rig import Rig

from .floods import capacity, finish, flood, held, now_of, share

pytestmark = pytest.mark.servers


def expected(rig: Rig, tolerated: int = 10) -> dict[str, float]:
    """The expected waits of renders, with a limit of 30 s."""
    with rig.store.read() as tx:
        now = rig.store.now(tx)
        return expected_waits(tx, read_states(tx, now)["render"], tolerated, 30_000, now)


def test_the_expected_wait_of_an_account_follows_its_part_of_the_slots(rig: Rig) -> None:
    """It has half of them beside another account, so its jobs pass half as fast."""
    capacity(rig)
    flood(rig, "noisy", 100)
    share(rig, "other", used=100_000)
    flood(rig, "other", 100)
    waits = expected(rig)
    assert waits["noisy"] == pytest.approx(held(rig)["noisy"] * 200.0)


def test_an_account_that_others_leave_room_for_waits_less(rig: Rig) -> None:
    """It has had all of the slots lately."""
    capacity(rig)
    flood(rig, "noisy", 100)
    share(rig, "noisy", used=10_000)
    share(rig, "other", used=100_000)
    flood(rig, "other", 1)
    waits = expected(rig)
    assert waits["noisy"] == pytest.approx(held(rig)["noisy"] * 100.0, rel=0.1)


def test_no_account_waits_longer_than_all_work_takes(rig: Rig) -> None:
    """A thousand accounts with one job each take no part of the slots for long."""
    capacity(rig)
    flood(rig, "noisy", 80)
    for number in range(50):
        flood(rig, f"one {number}", 1)
    waits = expected(rig)
    assert waits == {"noisy": pytest.approx(sum(held(rig).values()) * 100.0)}


def test_a_few_long_jobs_are_counted_beyond_the_tolerated_ones(rig: Rig) -> None:
    """A limit of few jobs must not be below the tolerated number."""
    capacity(rig, mean=3_000.0)
    flood(rig, "noisy", 80)
    waits = expected(rig, tolerated=50)
    assert waits["noisy"] > 30_000


def test_the_wait_of_a_released_job_begins_with_its_release(rig: Rig) -> None:
    """After an hour of holding it must not look like work that the broker did not take."""
    capacity(rig)
    flood(rig, "noisy", 40)
    with rig.store.write() as tx:
        tx.execute(update(jobs).values(created_at=0))
    finish(rig)
    before = now_of(rig)
    rows = rig.fair.release()
    assert min(row["waiting_since"] for row in rows) >= before


def test_released_jobs_hide_no_older_held_ones(rig: Rig) -> None:
    """Their wait has begun anew. The account's held jobs are old."""
    capacity(rig)
    flood(rig, "import", 60, low=True)
    now = now_of(rig)
    with rig.store.write() as tx:
        tx.execute(update(jobs).values(created_at=0))
        released_now = {"waiting_since": now, "first_dispatched_at": now, "due_at": None}
        tx.execute(update(jobs).where(jobs.c.held.is_(False)).values(released_now))
    with rig.store.read() as tx:
        assert waiting_since(tx, "render", 5, now, low=True) == {"import": 0}
