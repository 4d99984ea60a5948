"""The accounts whose held jobs have waited longest, and why they are held."""

from collections.abc import Iterable
from typing import Any

from splitflap_core.contracts import Kind
from splitflap_core.kinds import KINDS
from sqlalchemy import Connection, bindparam, select, text

from splitflap_api.contract import status_models
from splitflap_api.domain.fair import bounds
from splitflap_api.domain.fair.accounts import HELD_LOW, HELD_NORMAL, each_account, first_wait
from splitflap_api.domain.fair.held import count_held_of
from splitflap_api.domain.fair.share_rows import read_shares
from splitflap_api.domain.fair.shares import Share, ShareKey, has_many_overdue
from splitflap_api.store.schema import IS_RELEASED, jobs

#: Accounts in a response.
TOP = 10


def read_waiting_accounts(tx: Connection, now: int) -> status_models.WaitingAccounts:
    """The accounts with the oldest held jobs at `now` (milliseconds since 1970), oldest first."""
    wanted = {"after": "", "most": bounds.SHOWN_ACCOUNTS, "top": TOP}
    found = [
        (row["since"], row["account"], kind, row)
        for kind in KINDS
        for row in tx.execute(_OLDEST, {**wanted, "kind": kind}).mappings()
    ]
    oldest = sorted(found, key=lambda each: each[:3])[:TOP]
    return status_models.WaitingAccounts([_shape(tx, kind, row, now) for _, _, kind, row in oldest])


def _shape(tx: Connection, kind: Kind, row: Any, now: int) -> status_models.WaitingAccount:
    account = row["account"]
    key = ShareKey(kind, account, low=not row["has_normal"])
    both = [read_shares(tx, kind, [account], low=low).get(account) for low in (False, True)]
    share = both[key.low]
    most = {account: bounds.SHOWN_JOBS_OF_ACCOUNT}
    return status_models.WaitingAccount(
        account=account,
        kind=kind,
        held=sum(count_held_of(tx, kind, most, low=low)[account] for low in (False, True)),
        oldest_seconds=max(0, now - row["since"]) / 1000,
        used_seconds=share.used_lately(now) / 1000 if share else 0.0,
        mean_seconds=share.mean / 1000 if share else None,
        why=_why(tx, key, both, now, others_wait=row["accounts"] > 1),
    )


def _why(
    tx: Connection, key: ShareKey, both: Iterable[Share | None], now: int, *, others_wait: bool
) -> status_models.WhyHeld:
    if has_many_overdue(both, now):
        return "overdue_texts"
    if key.low:
        return "low"
    others = {"kind": key.kind, "account": key.account}
    return "share" if others_wait or tx.execute(_OTHERS, others).scalar_one() else "window"


_OLDEST = text(
    f"""
    {each_account(HELD_NORMAL, HELD_LOW)},
    waits (account, normal, low) AS (
        SELECT account, {first_wait(HELD_NORMAL)}, {first_wait(HELD_LOW)} FROM accounts
    )
    SELECT account, normal IS NOT NULL AS has_normal, count(normal) OVER () AS accounts,
        CASE WHEN normal IS NULL OR low < normal THEN low ELSE normal END AS since
    FROM waits ORDER BY since, account LIMIT :top
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
