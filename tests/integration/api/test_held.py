"""Held jobs on both databases: releases, charges and retries."""

from collections import Counter

import pytest
from splitflap_api.domain.fair import release
from splitflap_api.domain.fair.kind_states import EXPRESS_TEXT_KEPT
from splitflap_api.domain.fair.shares import MANY_OVERDUE
from splitflap_api.loops.marker import Marker, Publishing
from splitflap_api.store.schema import jobs
from splitflap_core.outcomes import Failed, RetryLater
from sqlalchemy import update

from tests.unit.api.rig import Rig, outcome_of

from .floods import ALWAYS, capacity, finish, flood, held, now_of, released, share

pytestmark = pytest.mark.servers


def test_jobs_beyond_the_window_are_held(rig: Rig) -> None:
    """Two seconds of work go to the broker, and no message of the others exists."""
    capacity(rig)
    flood(rig, "noisy", 40)
    assert [row["express"] for row in rig.published].count(False) == 21
    assert held(rig)["noisy"] == 40 - len(rig.published)
    assert {row["due_at"] for row in rig.rows("jobs") if row["held"]} == {None}


def test_a_release_fills_the_window_and_no_more(rig: Rig) -> None:
    """Finished jobs make room for held ones."""
    capacity(rig)
    flood(rig, "noisy", 60)
    assert released(rig) == {}
    finish(rig)
    assert released(rig) == {"noisy": 21}
    assert released(rig) == {}


def test_released_jobs_are_published_and_due_if_unconfirmed(rig: Rig) -> None:
    """From then on the job is like any other."""
    capacity(rig)
    flood(rig, "noisy", 30)
    finish(rig)
    rows = rig.fair.release()
    assert rows
    for row in rows:
        assert rig.row("jobs", id=row["id"]) == row
        assert row["due_at"] > now_of(rig)
        assert not row["held"]


def test_a_release_shares_the_room_among_accounts(rig: Rig) -> None:
    """A new account's first job goes in the next release."""
    capacity(rig)
    flood(rig, "noisy", 100)
    share(rig, "second", used=100_000)
    share(rig, "third", used=100_000)
    flood(rig, "second", 40)
    flood(rig, "third", 3)
    finish(rig)
    assert released(rig) == {"noisy": 7, "second": 7, "third": 3}


def test_time_counts_and_not_the_number_of_jobs(rig: Rig) -> None:
    """The texts of one account take four times as long."""
    capacity(rig)
    share(rig, "heavy", mean=200.0, used=100_000)
    share(rig, "light", mean=50.0, used=100_000)
    flood(rig, "noisy", 30)
    flood(rig, "heavy", 40)
    flood(rig, "light", 100)
    finish(rig)
    got = released(rig)
    assert abs(got["heavy"] * 200 - got["light"] * 50) <= 300


def test_charges_change_the_next_rounds(rig: Rig) -> None:
    """An account whose jobs took far longer than their mean waits for the others."""
    capacity(rig)
    flood(rig, "a", 30)
    finish(rig, took=2.0)
    rig.fair.charge(ALWAYS)
    share(rig, "b", used=100_000)
    flood(rig, "b", 30)
    assert released(rig)["b"] > 0
    assert rig.row("shares", account="a")["mean"] > 1_000


def test_the_slots_and_the_mean_of_a_kind_come_from_outcomes(rig: Rig) -> None:
    """Each outcome tells the slots of its worker."""
    rig.post()
    rig.apply(outcome_of(rig.row("jobs"), Failed("broken", "x"), took=0.4, slots=4))
    rig.fair.charge({"render": False, "scrape": None})
    row = rig.row("capacities", kind="render")
    assert (row["slots"], row["express"]) == (4, False)
    assert row["mean"] > 5


def test_jobs_that_could_only_wait_lower_no_mean(rig: Rig) -> None:
    """Otherwise the window takes more of them, and more come back."""
    capacity(rig, mean=2_000.0)
    share(rig, "slow", mean=2_000.0)
    flood(rig, "slow", 3)
    for row in rig.rows("jobs", held=False):
        rig.apply(outcome_of(row, RetryLater(10.0, "deadline", "waited"), took=0.25))
    rig.fair.charge(ALWAYS)
    assert rig.row("shares")["mean"] == rig.row("capacities", kind="render")["mean"] == 2_000.0
    assert rig.row("shares")["used"] > 0


def test_a_quiet_account_goes_express_beside_a_flood(rig: Rig) -> None:
    """Its message goes to the other queue after its commit."""
    capacity(rig)
    flood(rig, "noisy", 40)
    rig.post(account="quiet")
    assert [row["express"] for row in rig.published if row["account"] == "quiet"] == [True]


def test_slow_texts_do_not_close_the_express_queue(rig: Rig) -> None:
    """Renderers move them to their slow lane, so after a while they count there no more."""
    capacity(rig)
    flood(rig, "noisy", 40)
    for number in range(20):
        rig.post(account=f"slow-{number}")
    assert held(rig)["slow-19"] == 1
    confirmed_at = now_of(rig) - EXPRESS_TEXT_KEPT - 1
    with rig.store.write() as tx:
        express = update(jobs).where(jobs.c.express, jobs.c.account != "noisy")
        tx.execute(express.values(dispatched_at=confirmed_at, due_at=None))
    rig.fair.refresh()
    rig.post(account="quiet")
    assert [row["express"] for row in rig.published if row["account"] == "quiet"] == [True]


def test_held_jobs_of_a_sparse_account_go_express(rig: Rig) -> None:
    """They were held because the express queue was full. They wait for no round of others."""
    capacity(rig)
    share(rig, "quiet", mean=5)
    share(rig, "slow", mean=2_000, used=100)
    flood(rig, "noisy", 40)
    for number in range(20):
        rig.post(account=f"new-{number}")
    flood(rig, "slow", 5)
    rig.post(account="quiet")
    assert held(rig)["quiet"] == held(rig)["new-19"] == 1
    assert released(rig) == {}
    for express in rig.rows("jobs", express=True):
        rig.apply(outcome_of(express, Failed("broken", "x")))
    (row,) = rig.fair.release()
    assert (row["account"], row["express"]) == ("quiet", True)


def test_many_overdue_texts_have_one_job_under_way(rig: Rig) -> None:
    """The others of this account wait, also while the workers are idle."""
    capacity(rig)
    share(rig, "overdue", overdue=MANY_OVERDUE)
    flood(rig, "overdue", 5)
    assert held(rig) == {"overdue": 5}
    assert released(rig) == {"overdue": 1}
    assert released(rig) == {}
    finish(rig)
    assert released(rig) == {"overdue": 1}


def test_overdue_normal_and_low_texts_count_together(rig: Rig) -> None:
    """Such an account has one job under way, and not one of each."""
    capacity(rig)
    share(rig, "overdue", overdue=MANY_OVERDUE - 1)
    share(rig, "overdue", overdue=1, low=True)
    flood(rig, "overdue", 2)
    flood(rig, "overdue", 2, low=True)
    assert held(rig) == {"overdue": 4}
    for _ in range(4):
        assert released(rig) == {"overdue": 1}
        assert released(rig) == {}
        finish(rig)
    assert held(rig) == {}


def test_texts_that_use_up_their_deadline_are_counted(rig: Rig) -> None:
    """After some of them the account's next texts are held."""
    capacity(rig)
    flood(rig, "overdue", MANY_OVERDUE)
    for row in rig.rows("jobs"):
        rig.apply(outcome_of(row, Failed("deadline", "x"), took=2.0))
    rig.fair.charge(ALWAYS)
    rig.fair.refresh()
    flood(rig, "overdue", 1)
    assert held(rig) == {"overdue": 1}


def test_a_due_retry_is_held_while_others_are(rig: Rig) -> None:
    """It waits for its account's turn like a new job."""
    capacity(rig)
    flood(rig, "noisy", 40)
    first = rig.published[0]
    rig.apply(outcome_of(rig.row("jobs", id=first["id"]), RetryLater(0.0, "x", "waited")))
    rig.change(jobs, waiting_since=None)
    before = len(rig.published)
    rig.reconcile()
    assert rig.row("jobs", id=first["id"])["held"]
    assert len(rig.published) == before


@pytest.mark.parametrize("after", [60.0, 3.0])
def test_a_retry_that_is_not_due_takes_no_room(rig: Rig, after: float) -> None:
    """A site may ask for a minute, or for less than the time of a confirm."""
    capacity(rig)
    flood(rig, "noisy", 40)
    for row in rig.published:
        job = rig.row("jobs", id=row["id"])
        rig.apply(outcome_of(job, RetryLater(after, "x", "waited")))
    assert released(rig)["noisy"] > 10


def test_all_accounts_have_their_turn_if_a_release_is_too_short_for_them(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next release begins after the account that had the last turn."""
    monkeypatch.setattr(release, "MOST_TURNS", 2)
    capacity(rig)
    for account in "abcde":
        share(rig, account, used=100_000)
    flood(rig, "noisy", 30)
    for account in "abcde":
        flood(rig, account, 40)
    seen: set[str] = set()
    for _ in range(8):
        finish(rig)
        seen |= set(released(rig))
    assert seen >= set("abcde")


def test_a_late_confirm_does_not_mark_a_held_job(rig: Rig) -> None:
    """The job was not confirmed in time, and waits for its turn now. Its mark would stop it."""
    capacity(rig)
    flood(rig, "noisy", 30)
    late = rig.published[0]
    marker = Marker(rig.store)
    marker.begin(Publishing.of(late))
    with rig.store.write() as tx:
        row = jobs.c.id == late["id"]
        tx.execute(update(jobs).where(row).values(due_at=0))
    rig.reconcile()
    assert rig.row("jobs", id=late["id"])["held"]
    marker.settled(Publishing.of(late), sent=True)
    marker.run_once()
    assert rig.row("jobs", id=late["id"])["dispatched_at"] is None


def test_old_shares_are_forgotten(rig: Rig) -> None:
    """An account without a recent use needs no row."""
    share(rig, "old", updated_at=0)
    share(rig, "new")
    rig.fair.forget_old()
    assert [row["account"] for row in rig.rows("shares")] == ["new"]


def test_charges_survive_a_failed_write(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next write has them."""
    flood(rig, "a", 1)
    finish(rig)
    with monkeypatch.context() as patch:
        patch.setattr("splitflap_api.transactions.fair.charge_shares", None)
        with pytest.raises(TypeError):
            rig.fair.charge(ALWAYS)
    rig.fair.charge(ALWAYS)
    assert rig.row("shares")["account"] == "a"


def test_unknown_jobs_are_released_few_at_a_time(rig: Rig) -> None:
    """They may take a thousand times as long as those of others."""
    capacity(rig, slots=2, mean=5.0)
    flood(rig, "new", 200)
    finish(rig)
    assert 0 < released(rig)["new"] <= 36


def test_accounts_with_all_their_jobs_under_way_stop_no_other(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next release begins after them."""
    monkeypatch.setattr(release, "MOST_TURNS", 2)
    capacity(rig)
    for account in "abc":
        share(rig, account, overdue=MANY_OVERDUE)
        flood(rig, account, 3)
    released(rig)
    share(rig, "z", overdue=MANY_OVERDUE)
    flood(rig, "z", 1)
    got: Counter[str] = Counter()
    for _ in range(4):
        got += released(rig)
    assert got["z"] == 1


def test_a_mean_of_nothing_stops_no_release(rig: Rig) -> None:
    """A worker that was broken into may say so."""
    capacity(rig, mean=0.0)
    flood(rig, "noisy", 100)
    finish(rig)
    assert released(rig)["noisy"] > 0
