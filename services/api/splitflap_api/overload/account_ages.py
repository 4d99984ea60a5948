"""The query for the age of each account's waiting jobs.

A recursive query steps from account to account in the indexes (a loose index scan), and reads a few
jobs of each. So the jobs that an account holds cost nothing beyond the first ones. Figures are in
docs/adr/0030.

Jobs that the broker lacks are left out: they have a limit of their own, `MAX_UNPUBLISHED_AGE`.
"""

from splitflap_core.contracts import Kind
from sqlalchemy import Connection, text

#: Accounts read by one statement: 2 to 5 ms. SQLite reads them in this thread.
CHUNK = 200

#: The job after the tolerated ones decides. Ids grow with the time of creation, and a retry keeps
#: its id, so a retry may be younger than its place says.
_AGES = text("""
WITH RECURSIVE accounts (account) AS (
    SELECT min(account) FROM (
        SELECT min(account) AS account FROM jobs
        WHERE held AND kind = :kind AND low = :low AND account > :after
        UNION ALL
        SELECT min(account) FROM jobs WHERE NOT held AND kind = :kind AND account > :after
    ) AS first
    UNION ALL
    SELECT (
        SELECT min(account) FROM (
            SELECT min(account) AS account FROM jobs
            WHERE held AND kind = :kind AND low = :low AND account > accounts.account
            UNION ALL
            SELECT min(account) FROM jobs
            WHERE NOT held AND kind = :kind AND account > accounts.account
        ) AS next
    )
    FROM accounts WHERE account IS NOT NULL
)
SELECT account, (
    SELECT since FROM (
        SELECT id, since FROM (
            SELECT id, coalesce(waiting_since, created_at) AS since FROM jobs
            WHERE held AND kind = :kind AND low = :low AND account = accounts.account
            ORDER BY id LIMIT :tolerated + 1
        ) AS held_jobs
        UNION ALL
        SELECT id, since FROM (
            SELECT id, coalesce(waiting_since, created_at) AS since FROM jobs
            WHERE NOT held AND kind = :kind AND low = :low AND account = accounts.account
            AND first_dispatched_at IS NOT NULL
            ORDER BY id LIMIT :tolerated + 1
        ) AS released_jobs
    ) AS oldest
    ORDER BY id LIMIT 1 OFFSET :tolerated
) AS since
FROM accounts WHERE account IS NOT NULL LIMIT :most
""")


def waiting_since(
    tx: Connection, kind: Kind, tolerated: int, before: int, *, low: bool
) -> dict[str, int]:
    """Since when more than the tolerated jobs of an account wait, by account.

    Accounts without such jobs, or only since `before`, are left out. So are jobs without an
    account, which belong to nobody or to a replica of an older release.
    """
    wanted = {"kind": kind, "low": low, "tolerated": tolerated, "most": CHUNK}
    found: dict[str, int] = {}
    after: str | None = ""
    while after is not None:
        rows = tx.execute(_AGES, wanted | {"after": after}).all()
        found |= {row.account: row.since for row in rows if row.since and row.since < before}
        after = rows[-1].account if len(rows) == CHUNK else None
    return found
