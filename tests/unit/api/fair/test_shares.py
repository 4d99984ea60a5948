"""Shares and the ledger of charges."""

import msgspec
import pytest
from splitflap_api.domain.fair.ledger import MOST_TOOK, Ledger
from splitflap_api.domain.fair.shares import (
    DEBT_KEPT,
    DECAY,
    MANY_OVERDUE,
    MOST_DEBT,
    SHARE_KEPT,
    Charge,
    Share,
    ShareKey,
    has_many_overdue,
)
from splitflap_core.contracts import JobOutcome, encode
from splitflap_core.outcomes import Done, Failed, Report, RetryLater

NOW = 1_000_000
DONE = Done(msgspec.Raw(encode({})))


def outcome(took: float, report: Report = DONE, worker: str = "w", slots: int = 2) -> JobOutcome:
    """An outcome of a render."""
    return JobOutcome("j", "render", 1, report, took, worker, slots=slots)


JOB = {"kind": "render", "account": "a", "low": False}
KEY = ShareKey("render", "a", False)


def test_a_charge_pays_for_the_part_beyond_the_mean() -> None:
    """The turn has paid the mean."""
    share = Share.new(10.0, NOW).charged(Charge(2, 50.0), NOW)
    assert share.deficit == -30.0
    assert share.mean == 25.0
    assert 25.0 < share.charged(Charge(1, 50.0), NOW).mean < 50.0
    assert share.used == 50.0


def test_a_debt_has_a_bound_and_an_end() -> None:
    """A first guess may be wrong by seconds."""
    share = Share.new(5.0, NOW).charged(Charge(40, 80_000.0), NOW)
    assert share.present_deficit(NOW) == -MOST_DEBT
    assert share.present_deficit(NOW + DEBT_KEPT + 1) == 0.0


def test_a_use_decays() -> None:
    """After this time less than two fifths are left."""
    share = Share.new(5.0, NOW).charged(Charge(1, 100.0), NOW)
    assert share.used_lately(NOW + int(DECAY)) == pytest.approx(36.79, abs=0.01)


def test_many_overdue_texts_are_remembered_for_a_while() -> None:
    """After that the account begins anew."""
    share = Share.new(5.0, NOW).charged(Charge(MANY_OVERDUE, 6_000.0, overdue=MANY_OVERDUE), NOW)
    assert has_many_overdue([share], NOW)
    later = NOW + SHARE_KEPT
    assert not has_many_overdue([share], later)
    assert share.charged(Charge(1, 2.0, overdue=1), later).overdue == 1


def test_overdue_texts_are_forgotten_if_the_clock_is_set_back() -> None:
    """Otherwise the account would have one text under way until the clock has caught up."""
    share = Share.new(5.0, NOW).charged(Charge(MANY_OVERDUE, 6_000.0, overdue=MANY_OVERDUE), NOW)
    before = NOW - SHARE_KEPT
    assert not has_many_overdue([share], before)
    assert share.charged(Charge(1, 2.0, overdue=1), before).overdue == 1


def test_the_ledger_adds_the_attempts_of_an_account() -> None:
    """A text that used up its deadline is overdue."""
    ledger = Ledger()
    ledger.note(JOB, outcome(0.5))
    ledger.note(JOB, outcome(2.0, Failed("deadline")))
    assert ledger.take() == {KEY: Charge(2, 2_500.0, 1)}
    assert ledger.take() == {}


def test_charges_that_could_not_be_written_stay() -> None:
    """They join the newer ones."""
    ledger = Ledger()
    ledger.note(JOB, outcome(0.5))
    taken = ledger.take()
    ledger.note(JOB, outcome(0.25))
    ledger.give_back(taken)
    assert ledger.take() == {KEY: Charge(2, 750.0)}


def test_jobs_without_an_account_are_charged_to_none() -> None:
    """An older replica has made them, or an admin."""
    ledger = Ledger()
    ledger.note({**JOB, "account": ""}, outcome(0.5))
    assert ledger.take() == {}


def test_good_jobs_make_up_for_an_overdue_text() -> None:
    """Three of many thousands must not throttle an account."""
    share = Share.new(5.0, NOW).charged(Charge(MANY_OVERDUE, 6_000.0, MANY_OVERDUE), NOW)
    assert not has_many_overdue([share.charged(Charge(200, 1_000.0), NOW)], NOW)


def test_a_report_without_work_is_no_charge() -> None:
    """The job came back before a worker began it. It would lower the mean."""
    ledger = Ledger()
    ledger.note(JOB, outcome(0.0))
    assert ledger.take() == {}


def test_a_frozen_worker_charges_a_bounded_time() -> None:
    """It may have been stopped for an hour."""
    ledger = Ledger()
    ledger.note(JOB, outcome(3_600.0))
    assert ledger.take() == {KEY: Charge(1, MOST_TOOK * 1000)}


def test_a_job_that_could_only_wait_is_charged_and_no_sample_of_the_mean() -> None:
    """A text that finds the slow lane full comes back early. It says nothing about its length."""
    ledger = Ledger()
    ledger.note(JOB, outcome(2.0))
    ledger.note(JOB, outcome(0.25, RetryLater(10.0, "deadline", "waited")))
    charge = ledger.take()[KEY]
    assert charge == Charge(1, 2_000.0, waits=1, waited=250.0)
    share = Share.new(2_000.0, NOW).charged(charge, NOW)
    assert (share.mean, share.jobs, share.used) == (2_000.0, 1, 2_250.0)
    assert share.deficit == 1_750.0


def test_an_attempt_that_failed_is_a_sample_of_the_mean() -> None:
    """A site that never answers takes a slot until the time-out, again and again."""
    ledger = Ledger()
    ledger.note(JOB, outcome(20.0, RetryLater(10.0, "timeout")))
    assert ledger.take()[KEY] == Charge(1, 20_000.0)


def test_waits_alone_leave_the_guess_of_a_mean() -> None:
    """Nobody has measured a job yet."""
    share = Share.new(50.0, NOW).charged(Charge(waits=2, waited=500.0), NOW)
    assert share.mean == 50.0
    assert not share.is_measured
    assert share.deficit == -400.0
