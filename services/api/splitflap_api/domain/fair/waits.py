"""How long new work of an account would wait, by what the account holds and what it gets."""

import math
from collections.abc import Mapping

from sqlalchemy import Connection

from splitflap_api.domain.fair.held import count_held, waiting_accounts
from splitflap_api.domain.fair.kind_state import KindState
from splitflap_api.domain.fair.kind_states import MOST_COUNTED
from splitflap_api.domain.fair.release import read_shares
from splitflap_api.domain.fair.shares import DECAY, Share, ShareKey

#: Held jobs of one account that are counted at most.
MOST_HELD = 20_000


def expected_waits(
    tx: Connection, state: KindState, tolerated: int, limit: float, now: int
) -> dict[str, float]:
    """The expected wait (milliseconds) of accounts with more than the tolerated held jobs.

    Jobs are counted only as far as a wait of twice the limit needs.
    """
    if not state.held:
        return {}
    accounts = waiting_accounts(tx, state.kind, MOST_COUNTED, low=False)
    keys = [ShareKey(state.kind, account, False) for account in accounts]
    known = read_shares(tx, keys)
    shares = {key.account: known.get(key) or state.share(key, now) for key in keys}
    costs = {name: _cost(share, state, now) for name, share in shares.items()}
    return {
        name: count * costs[name]
        for name, count in count_held(tx, state.kind, _bounds(costs, limit)).items()
        if count > tolerated
    }


def _cost(share: Share, state: KindState, now: int) -> float:
    """The time that passes for each job of an account.

    It has what it had lately, or its part of the slots. An account of few jobs leaves its part to
    the others.
    """
    slots = max(share.used_lately(now) / DECAY, state.slots / max(1, state.active))
    return share.cost / slots


def _bounds(costs: Mapping[str, float], limit: float) -> dict[str, int]:
    return {name: min(MOST_HELD, math.ceil(2 * limit / cost)) for name, cost in costs.items()}
