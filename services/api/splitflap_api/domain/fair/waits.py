"""How long the work of an account waits: the jobs that it has, and new ones.

Jobs that the broker lacks are left out: they have a limit of their own, `MAX_UNPUBLISHED_AGE`.
"""

import math
import time

from splitflap_core.contracts import Kind
from sqlalchemy import Connection, text

from splitflap_api.domain.fair.accounts import HELD, RELEASED, each_account
from splitflap_api.domain.fair.bounds import STATE_ACCOUNTS, WAIT_JOBS, WAIT_JOBS_OF_ACCOUNT
from splitflap_api.domain.fair.held import accounts_with_held, count_held_of
from splitflap_api.domain.fair.kind_state import KindState
from splitflap_api.domain.fair.share_rows import read_shares
from splitflap_api.domain.fair.shares import DECAY, Share, ShareKey

#: Accounts read by one statement: 2 to 5 ms. SQLite reads them in this thread.
CHUNK = 200


def expected_waits(
    tx: Connection, state: KindState, tolerated: int, limit: float, now: int
) -> dict[str, float]:
    """The expected wait (milliseconds) of accounts with more than the tolerated held jobs.

    At most so many jobs of an account are counted as all slots do in twice the limit.
    """
    if not state.held:
        return {}
    accounts = accounts_with_held(tx, state.kind, STATE_ACCOUNTS, low=False)
    shares = {name: state.share(ShareKey(state.kind, name, False), now) for name in accounts}
    shares |= read_shares(tx, state.kind, accounts, low=False)
    costs = {name: _cost(share, state, now) for name, share in shares.items()}
    most_of_each = min(WAIT_JOBS_OF_ACCOUNT, WAIT_JOBS // max(1, len(accounts)))
    bounds = {
        name: max(tolerated + 1, min(most_of_each, math.ceil(2 * limit * state.slots / share.cost)))
        for name, share in shares.items()
    }
    counts = count_held_of(tx, state.kind, bounds, low=False)
    # After this time all is done, whoever comes first.
    most = sum(count * shares[name].cost for name, count in counts.items()) / state.slots
    return {
        name: min(count * costs[name], most) for name, count in counts.items() if count > tolerated
    }


def waiting_since(
    tx: Connection, kind: Kind, tolerated: int, before: int, *, low: bool
) -> dict[str, int]:
    """Since when more than the tolerated jobs of an account wait, by account.

    Accounts without such jobs, or whose wait began at `before` or later, are left out. So are jobs
    without an account, which belong to nobody or to a replica of an older release.
    """
    wanted = {"kind": kind, "low": low, "tolerated": tolerated, "most": CHUNK}
    found: dict[str, int] = {}
    after: str | None = ""
    while after is not None:
        rows = tx.execute(_SINCE, wanted | {"after": after}).all()
        found |= {
            row.account: row.since for row in rows if row.since is not None and row.since < before
        }
        after = rows[-1].account if len(rows) == CHUNK else None
        # On SQLite nothing else lets other threads run.
        time.sleep(0)
    return found


def _cost(share: Share, state: KindState, now: int) -> float:
    """The time that passes for each job of an account.

    The account gets the slots that it used lately, or an equal part of all slots if that is more.
    """
    slots = max(share.used_lately(now) / DECAY, state.slots / max(1, state.active))
    return share.cost / slots


#: The first wait beyond the tolerated ones decides. Ids grow with the time of creation. A retry and
#: a released job keep theirs, so their wait may be shorter than their place says. The figures are
#: in docs/adr/0030.
_SINCE = text(
    f"""
    {each_account(HELD, RELEASED)}
    SELECT account, (
        SELECT since FROM (
            SELECT since FROM (
                SELECT coalesce(waiting_since, created_at) AS since FROM jobs
                WHERE {HELD} AND account = accounts.account
                ORDER BY id LIMIT :tolerated + 1
            ) AS held_jobs
            UNION ALL
            SELECT since FROM (
                SELECT coalesce(waiting_since, created_at) AS since FROM jobs
                WHERE {RELEASED} AND low = :low AND account = accounts.account
                AND first_dispatched_at IS NOT NULL
                ORDER BY id LIMIT :tolerated + 1
            ) AS released_jobs
        ) AS oldest
        ORDER BY since LIMIT 1 OFFSET :tolerated
    ) AS since
    FROM accounts
    """  # noqa: S608 - constants
)
