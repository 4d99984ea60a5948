"""The low credit: the time of the workers that low jobs may still use beside held normal ones.

Each kind has one. It is the deficit of a share without an account, so all replicas have the same
one. Low jobs under way take their expected time of it, and charges the time that they really took.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from splitflap_api.domain.fair.kind_state import LEAST_LOW_PART, KindState
from splitflap_api.domain.fair.share_rows import read_shares
from splitflap_api.domain.fair.shares import MOST_DEBT, NO_ACCOUNT, Charge, Share, ShareKey

if TYPE_CHECKING:
    from splitflap_core.contracts import Kind

#: Both statements only add, so a charge and a release of two replicas lose nothing. They come after
#: all other shares of their transaction.
_ADD = text(
    """
    INSERT INTO shares (kind, account, low, deficit, mean, used, jobs, overdue, updated_at)
    VALUES (:kind, :account, true, :time, 0, 0, 0, 0, :now)
    ON CONFLICT (kind, account, low) DO UPDATE
    SET deficit = shares.deficit + excluded.deficit, updated_at = excluded.updated_at
    """
)
_CHARGE = text(
    """
    UPDATE shares SET deficit = deficit - :time
    WHERE kind = :kind AND account = :account AND low = true
    """
)


def read_low_credit(tx: Connection, state: KindState, now: int) -> float:
    """The low credit: what was left, and a tenth of the time since the last release.

    Below 0 the low jobs have used more than their part.
    """
    share = read_shares(tx, state.kind, [NO_ACCOUNT], low=True).get(NO_ACCOUNT)
    share = share or Share.new(0.0, now)
    earned = LEAST_LOW_PART * state.slots * max(0, now - share.updated_at)
    # After the largest debt, low jobs wait for 100 s.
    balance = max(-MOST_DEBT * state.slots, share.present_deficit(now) + earned)
    under_way = state.low_work(now)
    credit = min(balance - under_way, LEAST_LOW_PART * state.window)
    if not state.held and state.work < state.low_window:
        credit = max(0.0, credit)  # the jobs under way take the time of no other
    state.added_low_credit = credit + under_way - share.deficit
    return credit


def write_low_credits(tx: Connection, states: Iterable[KindState], now: int) -> None:
    """Write the low credits that a release has read."""
    for state in states:
        if state.held_low:
            row = {"kind": state.kind, "account": NO_ACCOUNT, "time": state.added_low_credit}
            tx.execute(_ADD, {**row, "now": now})


def charge_low_credits(tx: Connection, charges: Mapping[ShareKey, Charge]) -> None:
    """Charge the low credits for the time of low jobs."""
    times: dict[Kind, float] = {}
    for key, charge in charges.items():
        if key.low:
            times[key.kind] = times.get(key.kind, 0.0) + charge.took + charge.waited
    for kind, time in sorted(times.items()):
        tx.execute(_CHARGE, {"kind": kind, "account": NO_ACCOUNT, "time": time})
