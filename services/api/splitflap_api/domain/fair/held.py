"""Held jobs, from their index by kind, urgency and account."""

import time
from collections.abc import Mapping
from typing import Any

from splitflap_core.contracts import Kind
from sqlalchemy import Connection, text

from splitflap_api.domain.fair.accounts import HELD, each_account
from splitflap_api.store.bulk import as_json
from splitflap_api.store.schema import jobs

#: Accounts counted in one turn on SQLite, at 0.05 ms each.
COUNTED_IN_TURN = 50

_COLUMNS = ", ".join(column.name for column in jobs.c)
_ACCOUNTS = text(f"{each_account(HELD)} SELECT account FROM accounts")  # noqa: S608 - constants
_FIRST = text(
    f"""
    SELECT {_COLUMNS} FROM jobs WHERE {HELD} AND account = :account ORDER BY id LIMIT :count
    """  # noqa: S608 - names of the schema
).columns(*jobs.c)
_FIRST_OF_EACH = text(
    f"""
    SELECT first.* FROM
        json_to_recordset(CAST(:wanted AS json)) AS wanted (account text, count integer),
        LATERAL (
            SELECT {_COLUMNS} FROM jobs WHERE {HELD} AND jobs.account = wanted.account
            ORDER BY id LIMIT wanted.count FOR UPDATE SKIP LOCKED
        ) AS first
    """  # noqa: S608 - as above
).columns(*jobs.c)

_COUNT = text(
    f"SELECT count(*) FROM (SELECT 1 FROM jobs WHERE {HELD} LIMIT :most) AS found"  # noqa: S608 - constants
)
_COUNT_OF = text(
    f"""
    SELECT count(*) FROM (
        SELECT 1 FROM jobs WHERE {HELD} AND account = :account LIMIT :most
    ) AS found
    """  # noqa: S608 - constants
)
_COUNTS_OF = text(
    f"""
    SELECT wanted.account, (
        SELECT count(*) FROM (
            SELECT 1 FROM jobs WHERE {HELD} AND jobs.account = wanted.account LIMIT wanted.count
        ) AS found
    ) AS count
    FROM json_to_recordset(CAST(:wanted AS json)) AS wanted (account text, count integer)
    """  # noqa: S608 - constants
)


def accounts_with_held(
    tx: Connection, kind: Kind, most: int, *, low: bool, after: str = ""
) -> list[str]:
    """Accounts with held jobs, in the order of the index, beginning after one of them."""
    wanted = {"kind": kind, "low": low, "after": after, "most": most}
    return list(tx.execute(_ACCOUNTS, wanted).scalars())


def lock_first_held(
    tx: Connection, kind: Kind, counts: Mapping[str, int], *, low: bool
) -> list[dict[str, Any]]:
    """The oldest held jobs of these accounts, so many of each, locked.

    Jobs that another transaction has locked are left out.
    """
    wanted: dict[str, Any] = {"kind": kind, "low": low}
    if tx.dialect.name != "sqlite":
        rows = tx.execute(_FIRST_OF_EACH, {**wanted, "wanted": _pairs(counts)})
        return [dict(row) for row in rows.mappings()]
    return [
        dict(row)
        for account, count in counts.items()
        for row in tx.execute(_FIRST, {**wanted, "account": account, "count": count}).mappings()
    ]


def count_held(tx: Connection, kind: Kind, most: int, *, low: bool) -> int:
    """The number of held jobs of a kind, counted up to a bound."""
    wanted = {"kind": kind, "low": low, "most": most}
    return int(tx.execute(_COUNT, wanted).scalar_one())


def count_held_of(
    tx: Connection, kind: Kind, most: Mapping[str, int], *, low: bool
) -> dict[str, int]:
    """The number of held jobs of each account, counted up to its bound.

    SQLite counts them in this thread, so others run between two turns.
    """
    wanted: dict[str, Any] = {"kind": kind, "low": low}
    if tx.dialect.name != "sqlite":
        rows = tx.execute(_COUNTS_OF, {**wanted, "wanted": _pairs(most)})
        return {row[0]: row[1] for row in rows}
    counts: dict[str, int] = {}
    for number, (account, count) in enumerate(most.items(), 1):
        one = {**wanted, "account": account, "most": count}
        counts[account] = tx.execute(_COUNT_OF, one).scalar_one()
        if number % COUNTED_IN_TURN == 0:
            time.sleep(0)
    return counts


def _pairs(counts: Mapping[str, int]) -> str:
    return as_json([{"account": account, "count": count} for account, count in counts.items()])
