"""Releases held jobs of one kind: the normal ones first, then the low ones."""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Connection

from splitflap_api.domain.changes import UNCONFIRMED_AFTER, Row
from splitflap_api.domain.fair.held import accounts_with_held, lock_first_held
from splitflap_api.domain.fair.kind_state import KindState
from splitflap_api.domain.fair.low_credit import read_low_credit
from splitflap_api.domain.fair.rounds import Turn, allot
from splitflap_api.domain.fair.routes import Route
from splitflap_api.domain.fair.share_rows import lock_shares, read_shares, write_shares
from splitflap_api.domain.fair.shares import LEAST_COST, Share, ShareKey
from splitflap_api.store.bulk import update_rows
from splitflap_api.store.schema import jobs

#: Accounts with a turn in one release. Another release follows a tenth of a second later.
MOST_TURNS = 200


def release(tx: Connection, state: KindState, now: int) -> list[Row]:
    """Release the jobs whose turn it is. Low jobs get what is left, and at least a tenth."""
    rows = release_express(tx, state, now)
    credit = read_low_credit(tx, state, now) if state.held_low else 0.0
    room = state.window - state.work
    rows += release_jobs(tx, state, room - max(0.0, credit), now, low=False)
    if state.held_low:
        most = credit if state.held else max(credit, state.low_window - state.work)
        rows += release_jobs(tx, state, most, now, low=True)
    return rows


def release_express(tx: Connection, state: KindState, now: int) -> list[Row]:
    """Release a job of each sparse account, while the express queue has room.

    Such a job was held because the queue was full. A round of many accounts may last for minutes.
    """
    room = state.express_window - state.express_work
    if room <= 0 or not (state.express and state.held):
        return []
    counts: dict[str, int] = {}
    known = read_shares(tx, state.kind, _accounts(tx, state, low=False), low=False)
    for account, share in known.items():
        if _may_go_express(ShareKey(state.kind, account, low=False), share, state, now):
            counts[account] = 1
            room -= share.cost
            if room <= 0:
                break
    rows = _take(tx, state, counts, Route.EXPRESS, now, low=False)
    for row in rows:
        cost = known[row["account"]].cost
        state.add_jobs(ShareKey.of(row), 1, cost, express=True)
    return rows


def _may_go_express(key: ShareKey, share: Share, state: KindState, now: int) -> bool:
    """Whether a measured account with this share is sparse, and its jobs are short and in time."""
    return (
        share.is_measured
        and share.cost <= state.longest_express
        and not state.has_many_overdue(key, share, now)
        and state.is_sparse(share, state.jobs.get(key, 0), now)
    )


def release_jobs(
    tx: Connection, state: KindState, room: float, now: int, *, low: bool
) -> list[Row]:
    """Release up to `room` milliseconds of work, and add it to `state`."""
    accounts = _accounts(tx, state, low=low) if room > 0 else []
    if not accounts:
        return []
    keys = [ShareKey(state.kind, account, low) for account in accounts]
    known = lock_shares(tx, {key: state.share(key, now) for key in keys})
    turns = [_turn(known[key], key, state, now) for key in keys]
    # If all are full, the next release begins after them.
    last = allot(turns, room, max(LEAST_COST, state.mean)) or accounts[-1]
    counts = {turn.account: turn.jobs for turn in turns if turn.jobs}
    rows = _take(tx, state, counts, Route.DIRECT, now, low=low)
    found = Counter(row["account"] for row in rows)
    for key, turn in zip(keys, turns, strict=True):
        turn.found(found[turn.account])
        state.add_jobs(key, turn.jobs, turn.cost)
        known[key] = known[key].with_deficit(turn.deficit, now)
    write_shares(tx, known)
    if low:
        state.last_low_turn = last
    else:
        state.last_turn = last
    return rows


def _take(
    tx: Connection,
    state: KindState,
    counts: Mapping[str, int],
    route: Route,
    now: int,
    *,
    low: bool,
) -> list[Row]:
    """Take so many jobs of each account. Their present wait begins now: they are no old work."""
    rows = lock_first_held(tx, state.kind, counts, low=low) if counts else []
    columns = {**route.columns(now + UNCONFIRMED_AFTER), "waiting_since": now}
    update_rows(tx, jobs, ("id",), [{"id": row["id"], **columns} for row in rows])
    return [{**row, **columns} for row in rows]


def _accounts(tx: Connection, state: KindState, *, low: bool) -> list[str]:
    """The accounts with a turn, beginning after the one that had the last turn."""
    last = state.last_low_turn if low else state.last_turn
    accounts = accounts_with_held(tx, state.kind, MOST_TURNS, low=low, after=last)
    if last and len(accounts) < MOST_TURNS:
        accounts += accounts_with_held(tx, state.kind, MOST_TURNS, low=low)
    return list(dict.fromkeys(accounts))[:MOST_TURNS]


def _turn(share: Share, key: ShareKey, state: KindState, now: int) -> Turn:
    cost = share.cost
    most = state.free_jobs(key, share, now)
    if key.low and state.held and not share.is_measured:
        # Many jobs of an unknown time could use up the low credit of minutes.
        most = min(most, 1 - state.jobs.get(key, 0))
    return Turn(key.account, share.present_deficit(now), cost, state.part_of_window(cost), most)
