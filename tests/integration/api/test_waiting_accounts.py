"""The accounts that wait longest, and why they are held."""

import pytest
from splitflap_api.contract.status_models import WaitingAccount
from splitflap_api.domain.fair import bounds
from splitflap_api.domain.fair.shares import MANY_OVERDUE, SHARE_KEPT
from splitflap_api.domain.operator import waiting_accounts
from splitflap_api.domain.operator.waiting_accounts import read_waiting_accounts
from splitflap_api.domain.previews import RenderText
from splitflap_api.store import schema
from sqlalchemy import insert, update

from tests.unit.api.rig import Rig

MINUTE = 60_000
NOW = 1_000 * MINUTE


def hold(rig: Rig, account: str, since: int, *, low: bool = False) -> None:
    """Hold a text of an account since a time."""
    job = rig.job(rig.accept(RenderText("x", low=low), account))
    of_job = update(schema.jobs).where(schema.jobs.c.id == job["id"])
    with rig.store.write() as tx:
        tx.execute(of_job.values(held=True, due_at=None, created_at=since))


def share(rig: Rig, account: str, **values: object) -> None:
    """Write the share of an account."""
    row = {"kind": "render", "account": account, "low": False, "deficit": 0.0, "mean": 100.0}
    row |= {"used": 2_000.0, "jobs": 20.0, "overdue": 0, "overdue_at": None, "updated_at": NOW}
    with rig.store.write() as tx:
        tx.execute(insert(schema.shares).values({**row, **values}))


def read(rig: Rig) -> list[WaitingAccount]:
    """The accounts that wait."""
    with rig.store.read() as tx:
        return read_waiting_accounts(tx, NOW).items


def test_accounts_are_sorted_by_their_oldest_wait(rig: Rig) -> None:
    """Each has its number of held jobs, its recent use and the mean time of its jobs."""
    hold(rig, "a", NOW - MINUTE)
    hold(rig, "b", NOW - 2 * MINUTE)
    hold(rig, "b", NOW - MINUTE)
    share(rig, "b")
    assert read(rig) == [
        WaitingAccount("b", "render", 2, 120.0, 2.0, 0.1, "share"),
        WaitingAccount("a", "render", 1, 60.0, 0.0, None, "share"),
    ]


def test_an_account_alone_waits_for_the_window(rig: Rig) -> None:
    """Jobs of others at the workers change the reason."""
    hold(rig, "a", NOW)
    assert [each.why for each in read(rig)] == ["window"]
    rig.post(account="b")
    assert [each.why for each in read(rig)] == ["share"]


def test_low_jobs_yield(rig: Rig) -> None:
    """The reason is `low` only if all held jobs of the account are low."""
    hold(rig, "a", NOW, low=True)
    hold(rig, "b", NOW, low=True)
    hold(rig, "b", NOW)
    assert [(each.account, each.why) for each in read(rig)] == [("a", "low"), ("b", "window")]


def test_many_overdue_texts_hold_an_account(rig: Rig) -> None:
    """They are forgotten after a while."""
    hold(rig, "a", NOW)
    share(rig, "a", overdue=MANY_OVERDUE, overdue_at=NOW)
    assert [each.why for each in read(rig)] == ["overdue_texts"]
    rig.change(schema.shares, overdue_at=NOW - SHARE_KEPT)
    assert [each.why for each in read(rig)] == ["window"]


def test_overdue_texts_of_both_urgencies_hold_an_account(rig: Rig) -> None:
    """Its low jobs wait for this too."""
    hold(rig, "a", NOW, low=True)
    share(rig, "a", overdue=MANY_OVERDUE - 1, overdue_at=NOW)
    assert [each.why for each in read(rig)] == ["low"]
    share(rig, "a", low=True, overdue=1, overdue_at=NOW)
    assert [each.why for each in read(rig)] == ["overdue_texts"]


def test_a_response_is_bounded(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has ten accounts, and an account's jobs are counted up to a limit."""
    monkeypatch.setattr(bounds, "SHOWN_JOBS_OF_ACCOUNT", 2)
    for number in range(waiting_accounts.TOP + 2):
        hold(rig, f"account-{number:02}", NOW + number)
    for _ in range(4):
        hold(rig, "account-00", NOW)
    found = read(rig)
    assert [each.account for each in found] == [f"account-{number:02}" for number in range(10)]
    assert found[0].held == 2
