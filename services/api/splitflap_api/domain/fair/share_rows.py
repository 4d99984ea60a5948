"""Reads, locks, writes and deletes the rows of shares."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from splitflap_core.contracts import Kind
from sqlalchemy import Connection, Select, bindparam, delete, or_, select

from splitflap_api.domain.fair.bounds import STATE_ACCOUNTS
from splitflap_api.domain.fair.shares import SHARE_KEPT, Charge, Share, ShareKey
from splitflap_api.store.bulk import among, update_rows, upsert_rows
from splitflap_api.store.schema import shares

#: An account with more recent use (milliseconds) is busy. Its share is read even if it has no job.
MUCH_USE = 100.0


def read_shares(
    tx: Connection, kind: Kind, accounts: Iterable[str], *, low: bool
) -> dict[str, Share]:
    """The existing shares of these accounts."""
    rows = tx.execute(_of(tx, kind, accounts, low=low)).mappings()
    return {row["account"]: Share.of(row) for row in rows}


def read_busy_shares(tx: Connection, now: int) -> dict[ShareKey, Share]:
    """The shares of accounts with much recent use, or with overdue texts."""
    rows = tx.execute(_BUSY, {"_since": now - SHARE_KEPT}).mappings()
    return {ShareKey.of(row): Share.of(row) for row in rows}


def lock_shares(tx: Connection, wanted: Mapping[ShareKey, Share]) -> dict[ShareKey, Share]:
    """The shares of these keys, locked in one order. A missing one is inserted as it is given."""
    found: dict[ShareKey, Share] = {}
    for kind, low in sorted({(key.kind, key.low) for key in wanted}):
        keys = [key for key in wanted if (key.kind, key.low) == (kind, low)]
        found |= _lock_of(tx, kind, keys, low=low)
        if missing := sorted(key for key in keys if key not in found):
            rows = [{**key._asdict(), **wanted[key].row()} for key in missing]
            upsert_rows(tx, shares, ("kind", "account", "low"), rows, update=False)
            found |= _lock_of(tx, kind, missing, low=low)
    return found


def write_shares(tx: Connection, changed: Mapping[ShareKey, Share]) -> None:
    """Write locked shares."""
    rows = [{**key._asdict(), **share.row()} for key, share in changed.items()]
    update_rows(tx, shares, ("kind", "account", "low"), rows)


def charge_shares(
    tx: Connection, charges: Mapping[ShareKey, Charge], means: Mapping[Kind, float], now: int
) -> None:
    """Charge accounts. A new share begins with the mean of its kind."""
    before = lock_shares(tx, {key: Share.new(means[key.kind], now) for key in charges})
    write_shares(tx, {key: before[key].charged(charge, now) for key, charge in charges.items()})


def delete_old_shares(tx: Connection, now: int) -> None:
    """Delete the shares without a recent use."""
    tx.execute(delete(shares).where(shares.c.updated_at < now - SHARE_KEPT))


def _of(tx: Connection, kind: Kind, accounts: Iterable[str], *, low: bool) -> Select[Any]:
    of_kind = (shares.c.kind == kind) & (shares.c.low == low)
    return select(shares).where(of_kind, among(tx, shares.c.account, accounts))


def _lock_of(
    tx: Connection, kind: Kind, keys: Sequence[ShareKey], *, low: bool
) -> dict[ShareKey, Share]:
    wanted = _of(tx, kind, [key.account for key in keys], low=low)
    rows = tx.execute(wanted.order_by(shares.c.account).with_for_update()).mappings()
    return {ShareKey.of(row): Share.of(row) for row in rows}


_BUSY = (
    select(shares)
    .where(
        shares.c.updated_at > bindparam("_since"),
        or_(shares.c.used > MUCH_USE, shares.c.overdue > 0),
    )
    .order_by(shares.c.updated_at.desc())
    .limit(STATE_ACCOUNTS)
)
