"""Held jobs on both databases: releases, charges and retries."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from splitflap_api.domain.fair import release
from splitflap_api.domain.fair.kind_states import EXPRESS_TEXT_KEPT
from splitflap_api.domain.fair.routes import Route
from splitflap_api.domain.fair.shares import MANY_OVERDUE, JobOwner
from splitflap_api.domain.jobs.locks import lock_jobs
from splitflap_api.loops.marker import Marker, Publishing
from splitflap_api.store.schema import jobs
from splitflap_api.transactions.fair import IS_MINE
from splitflap_core.contracts import Kind
from splitflap_core.outcomes import Failed, RetryLater
from sqlalchemy import update

from tests.unit.api.rig import Rig, outcome_of

from .conftest import MakeRig
from .floods import capacity, finish, flood, held, later, now_of, released, share

pytestmark = pytest.mark.servers

ALWAYS: dict[Kind, bool | None] = {"render": True, "scrape": True}


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


def test_low_jobs_wait_for_normal_ones_without_starving(rig: Rig) -> None:
    """They get a tenth of the time."""
    capacity(rig)
    flood(rig, "import", 60, low=True)
    flood(rig, "noisy", 300)
    got: Counter[str] = Counter()
    for _ in range(12):
        finish(rig)
        rig.fair.charge(ALWAYS)
        later(rig, 2.1)
        got += released(rig)
    assert got["import"] >= 0.08 * got["noisy"]
    assert got["import"] <= 0.2 * got["noisy"]


def import_beside_long_jobs(rig: Rig) -> None:
    """Hold low jobs and normal ones. Each takes two seconds, and there are two slots."""
    capacity(rig, slots=2, mean=2_000.0)
    share(rig, "import", mean=2_000.0, low=True)
    share(rig, "noisy", mean=2_000.0)
    flood(rig, "noisy", 60)
    flood(rig, "import", 20, low=True)


def test_long_low_jobs_get_a_tenth_too(rig: Rig) -> None:
    """Two slots finish a job of two seconds each second. A low one is paid for in full."""
    import_beside_long_jobs(rig)
    got: Counter[str] = Counter()
    for _ in range(40):
        finish(rig, 1, took=2.0, slots=2)
        rig.fair.charge(ALWAYS)
        for _ in range(2):
            later(rig, 0.5)
            got += released(rig)
    assert got["import"] >= 0.08 * got["noisy"]
    assert got["import"] <= 0.2 * got["noisy"]


@pytest.mark.parametrize("guess", [None, 500.0, 10_000.0])
def test_low_jobs_get_a_tenth_whatever_their_mean_is(rig: Rig, guess: float | None) -> None:
    """They take two seconds each. The low credit is charged for this, and not for the guess."""
    capacity(rig, slots=2, mean=50.0)
    share(rig, "noisy", mean=2_000.0, used=200.0)
    if guess:
        share(rig, "import", mean=guess, low=True)
    flood(rig, "noisy", 200)
    flood(rig, "import", 60, low=True)
    for _ in range(80):
        finish(rig, 1, took=2.0, slots=2)
        rig.fair.charge(ALWAYS)
        for _ in range(2):
            later(rig, 0.5)
            released(rig)
    low, normal = 60 - len(rig.rows("jobs", low=True)), 200 - len(rig.rows("jobs", low=False))
    assert low + normal == 80
    assert 6 <= low <= 12


def test_low_jobs_that_could_only_wait_get_their_guess_back(rig: Rig) -> None:
    """They used a tenth of a second of the two that the low credit has paid."""
    import_beside_long_jobs(rig)
    released(rig)
    later(rig, 0.5)
    assert released(rig)["import"] == 1
    (low,) = (row for row in rig.rows("jobs", low=True) if not row["held"])
    rig.apply(outcome_of(low, RetryLater(60.0, "deadline", "waited"), took=0.1, slots=2))
    rig.fair.charge(ALWAYS)
    later(rig, 0.5)
    assert released(rig)["import"] == 1


def test_replicas_share_the_low_credit(make_rig: MakeRig) -> None:
    """Otherwise low jobs get a tenth of each replica that releases."""
    first, second = make_rig(), make_rig()
    import_beside_long_jobs(first)
    got: Counter[str] = Counter()
    for _ in range(20):
        finish(first, 1, took=2.0, slots=2)
        first.fair.charge(ALWAYS)
        for rig in (first, second):
            later(first, 0.5)
            got += released(rig)
    assert got["import"] <= 3


def test_low_jobs_alone_use_half_of_the_window(rig: Rig) -> None:
    """A normal job finds a short queue."""
    capacity(rig)
    flood(rig, "import", 40, low=True)
    assert held(rig)["import"] > 25
    finish(rig)
    assert 9 <= released(rig)["import"] <= 11


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


def test_an_older_replica_leaves_held_jobs_alone(rig: Rig) -> None:
    """It knows due jobs only."""
    capacity(rig)
    flood(rig, "noisy", 30)
    with rig.store.write() as tx:
        tx.execute(update(jobs).where(jobs.c.held.is_(False)).values(due_at=0))
    rig.reconcile()
    assert held(rig)["noisy"] >= 9
    assert rig.router.route("render", JobOwner("quiet")) is not Route.HELD


def test_unknown_jobs_are_released_few_at_a_time(rig: Rig) -> None:
    """They may take a thousand times as long as those of others."""
    capacity(rig, slots=2, mean=5.0)
    flood(rig, "new", 200)
    finish(rig)
    assert 0 < released(rig)["new"] <= 36


def test_low_jobs_get_a_tenth_also_beside_normal_ones_that_nobody_holds(rig: Rig) -> None:
    """Normal jobs keep more than half of the window busy."""
    capacity(rig)
    flood(rig, "busy", 15)
    flood(rig, "import", 10, low=True)
    got: Counter[str] = Counter()
    for _ in range(10):
        later(rig, 1.0)
        got += released(rig)
    assert got["import"] >= 5


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
