"""Accounts with jobs, by a loose index scan: one probe for each account.

DISTINCT would read all jobs of an account.
"""

#: Conditions on the jobs of `:kind`. Each has an index that goes on with account and id.
HELD = "held AND kind = :kind AND low = :low"
HELD_NORMAL = "held AND kind = :kind AND low = false"
HELD_LOW = "held AND kind = :kind AND low = true"
RELEASED = "NOT held AND kind = :kind"


def each_account(*conditions: str) -> str:
    """The start of a query. It defines the table `accounts`, with a row for each account.

    An account is there if it has a job with one of the conditions. The query must bind `:after`,
    the account behind which the table begins, and `:most`, its largest number of rows.
    """
    return f"""
    WITH RECURSIVE scan (account) AS (
        SELECT ({_next(conditions, ":after")})
        UNION ALL
        SELECT ({_next(conditions, "scan.account")}) FROM scan WHERE account IS NOT NULL
    ),
    accounts (account) AS (SELECT account FROM scan WHERE account IS NOT NULL LIMIT :most)
    """  # noqa: S608 - constants


def first_wait(condition: str) -> str:
    """An expression: when the wait began of the oldest such job of `accounts.account`."""
    return f"""(
        SELECT coalesce(waiting_since, created_at) FROM jobs
        WHERE {condition} AND jobs.account = accounts.account ORDER BY id LIMIT 1
    )"""  # noqa: S608 - constants


def _next(conditions: tuple[str, ...], after: str) -> str:
    found = (
        f"SELECT min(account) AS account FROM jobs WHERE {condition} AND account > {after}"  # noqa: S608 - constants
        for condition in conditions
    )
    return f"SELECT min(account) FROM ({' UNION ALL '.join(found)}) AS found"  # noqa: S608 - as above
