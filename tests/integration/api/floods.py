"""Accounts with much work, on a rig: capacities, shares, floods, and the work of workers."""

from collections import Counter

from splitflap_api.domain.fair.shares import NO_ACCOUNT
from splitflap_api.domain.previews import RenderText
from splitflap_api.store.schema import capacities, shares
from splitflap_core.contracts import Kind
from splitflap_core.outcomes import Failed
from sqlalchemy import insert, update

from tests.unit.api.rig import Rig, outcome_of

#: All charges are written, and the slots and the mean of each kind too.
ALWAYS: dict[Kind, bool | None] = {"render": True, "scrape": True}


def capacity(rig: Rig, kind: str = "render", slots: int = 1, mean: float = 100.0) -> None:
    """Let the workers of a kind have these slots, and this mean time of a job."""
    values = {"kind": kind, "slots": slots, "mean": mean, "express": True}
    values["updated_at"] = now_of(rig)
    with rig.store.write() as tx:
        tx.execute(insert(capacities), [values])
    rig.fair.refresh()


def share(rig: Rig, account: str, kind: str = "render", **columns: object) -> None:
    """Give an account this share."""
    now = now_of(rig)
    values = {
        "deficit": 0,
        "mean": 100,
        "used": 0,
        "jobs": 1e6,
        "overdue": 0,
        "overdue_at": now,
        "updated_at": now,
    }
    with rig.store.write() as tx:
        row = {"kind": kind, "account": account, "low": False, **values, **columns}
        tx.execute(insert(shares), [row])
    rig.fair.refresh()


def now_of(rig: Rig) -> int:
    """The database's clock."""
    with rig.store.read() as tx:
        return rig.store.now(tx)


def later(rig: Rig, seconds: float) -> None:
    """Let this time pass since the last release, for the low credit."""
    with rig.store.write() as tx:
        of_all = shares.c.account == NO_ACCOUNT
        earlier = shares.c.updated_at - int(seconds * 1000)
        tx.execute(update(shares).where(of_all).values(updated_at=earlier))


def flood(rig: Rig, account: str, count: int, *, low: bool = False) -> None:
    """Accept renders of an account."""
    for _ in range(count):
        rig.accept(RenderText("hello", low=low), account)


def held(rig: Rig) -> Counter[str]:
    """The held jobs of each account."""
    return Counter(row["account"] for row in rig.rows("jobs") if row["held"])


def released(rig: Rig) -> Counter[str]:
    """Run a release. Returns its jobs, by account."""
    return Counter(row["account"] for row in rig.fair.release())


def finish(rig: Rig, most: int | None = None, *, took: float = 0.1, slots: int = 1) -> None:
    """Let workers finish the jobs that are not held: all of them, or the first ones."""
    rows = [row for row in rig.rows("jobs") if not row["held"]]
    rows.sort(key=lambda row: (row["waiting_since"] or 0, row["id"]))
    for row in rows[:most]:
        rig.apply(outcome_of(row, Failed("broken", "x"), took=took, slots=slots))
