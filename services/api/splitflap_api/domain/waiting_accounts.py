"""The accounts whose held jobs have waited longest, and why they are held."""

from typing import Any

from sqlalchemy import Connection, bindparam, select, text

from splitflap_api.contract import status_models
from splitflap_api.domain.fair.shares import Share
from splitflap_api.domain.jobs.counts import FIRST_OF_EACH_ACCOUNT, MOST_ACCOUNTS, held_of
from splitflap_api.store.schema import IS_RELEASED, jobs, shares

#: Accounts in a response.
TOP = 10

#: Held jobs of an account that are counted, normal and low ones each.
MOST_OF_ACCOUNT = 1_000


def read_waiting_accounts(tx: Connection, now: int) -> status_models.WaitingAccounts:
    """The accounts with the oldest held jobs at `now` (milliseconds since 1970), oldest first."""
    wanted = {"most_accounts": MOST_ACCOUNTS, "top": TOP}
    rows = [dict(row) for row in tx.execute(_OLDEST, wanted).mappings()]
    return status_models.WaitingAccounts([_shape(tx, row, now) for row in rows])


def _shape(tx: Connection, row: dict[str, Any], now: int) -> status_models.WaitingAccount:
    of = {"kind": row["kind"], "account": row["account"]}
    low = not row["normal"]
    found = tx.execute(select(shares).filter_by(**of, low=low)).mappings().first()
    share = Share.of(found) if found else None
    held = sum(held_of(tx, MOST_OF_ACCOUNT, **of, low=lane) for lane in (False, True))
    return status_models.WaitingAccount(
        account=row["account"],
        kind=row["kind"],
        held=held,
        oldest_seconds=max(0, now - row["since"]) / 1000,
        used_seconds=share.used_lately(now) / 1000 if share else 0.0,
        mean_seconds=share.mean / 1000 if share else None,
        why=_why(tx, row, share, now),
    )


def _why(
    tx: Connection, row: dict[str, Any], share: Share | None, now: int
) -> status_models.WhyHeld:
    if not row["normal"]:
        return "low"
    if share and share.has_many_overdue(now):
        return "overdue_texts"
    others = {"kind": row["kind"], "account": row["account"]}
    has_others = row["accounts"] > 1 or tx.execute(_OTHERS, others).scalar_one()
    return "share" if has_others else "window"


_OLDEST = text(
    f"""
    {FIRST_OF_EACH_ACCOUNT},
    held (kind, account, since, normal) AS (
        SELECT kind, account, min(since), max(CASE WHEN low THEN 0 ELSE 1 END)
        FROM waiting GROUP BY kind, account
    )
    SELECT kind, account, since, normal,
        sum(normal) OVER (PARTITION BY kind) AS accounts
    FROM held ORDER BY since, account LIMIT :top
    """  # noqa: S608 - constants
)
#: Whether the workers have jobs of another account.
_OTHERS = select(
    select(jobs.c.id)
    .where(
        IS_RELEASED,
        jobs.c.kind == bindparam("kind"),
        jobs.c.account != bindparam("account"),
    )
    .exists()
)
