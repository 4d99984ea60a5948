"""How long new work of an account would wait, by what the account holds and what it gets."""

import math

from sqlalchemy import Connection

from splitflap_api.domain.fair.held import count_held, waiting_accounts
from splitflap_api.domain.fair.kind_state import KindState
from splitflap_api.domain.fair.kind_states import MOST_COUNTED
from splitflap_api.domain.fair.release import read_shares
from splitflap_api.domain.fair.shares import DECAY, Share, ShareKey

#: Held jobs that are counted at most, of one account and of all together.
MOST_HELD = 20_000
MOST_HELD_OF_ALL = 100_000


def expected_waits(
    tx: Connection, state: KindState, tolerated: int, limit: float, now: int
) -> dict[str, float]:
    """The expected wait (milliseconds) of accounts with more than the tolerated held jobs.

    Jobs are counted only as far as twice the limit needs with all slots.
    """
    if not state.held:
        return {}
    accounts = waiting_accounts(tx, state.kind, MOST_COUNTED, low=False)
    shares = {name: state.share(ShareKey(state.kind, name, False), now) for name in accounts}
    shares |= read_shares(tx, state.kind, accounts, low=False)
    costs = {name: _cost(share, state, now) for name, share in shares.items()}
    most_of_each = min(MOST_HELD, MOST_HELD_OF_ALL // max(1, len(accounts)))
    bounds = {
        name: max(tolerated + 1, min(most_of_each, math.ceil(2 * limit * state.slots / share.cost)))
        for name, share in shares.items()
    }
    counts = count_held(tx, state.kind, bounds)
    # After this time all is done, whoever comes first.
    most = sum(count * shares[name].cost for name, count in counts.items()) / state.slots
    return {
        name: min(count * costs[name], most) for name, count in counts.items() if count > tolerated
    }


def _cost(share: Share, state: KindState, now: int) -> float:
    """The time that passes for each job of an account.

    The account gets the slots that it used lately, or an equal part of all slots if that is more.
    """
    slots = max(share.used_lately(now) / DECAY, state.slots / max(1, state.active))
    return share.cost / slots
