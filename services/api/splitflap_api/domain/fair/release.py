"""A round: releases held jobs of one kind, those whose turn it is."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from splitflap_core.contracts import Kind
from sqlalchemy import Connection, Select, select

from splitflap_api.domain.changes import UNCONFIRMED_AFTER, Row
from splitflap_api.domain.fair.held import lock_first_held, waiting_accounts
from splitflap_api.domain.fair.kind_state import KindState
from splitflap_api.domain.fair.rounds import Turn, allot
from splitflap_api.domain.fair.routes import Route
from splitflap_api.domain.fair.shares import LEAST_COST, Share, ShareKey
from splitflap_api.store.bulk import among, update_rows, upsert_rows
from splitflap_api.store.schema import capacities, jobs, shares

#: Accounts with a turn in one round. Another round follows a tenth of a second later.
MOST_TURNS = 200


def release_round(
    tx: Connection, state: KindState, room: float, now: int, *, low: bool
) -> list[Row]:
    """Release up to `room` ms of work in turns, and add it to `state`."""
    accounts = _accounts(tx, state, low=low) if room > 0 else []
    if not accounts:
        return []
    keys = [ShareKey(state.kind, account, low) for account in accounts]
    known = lock_shares(tx, {key: state.share(key, now) for key in keys})
    turns = [_turn(known[key], key, state, now) for key in keys]
    # If all are full, the next round begins after them.
    last = allot(turns, room, max(LEAST_COST, state.mean)) or accounts[-1]
    rows = _take(tx, state, turns, now, low=low)
    found = Counter(row["account"] for row in rows)
    for key, turn in zip(keys, turns, strict=True):
        turn.found(found[turn.account])
        state.add_jobs(key, turn.jobs)
        known[key] = known[key].with_deficit(turn.deficit, now)
    write_shares(tx, known)
    if low:
        state.last_low_turn = last
    else:
        state.last_turn = last
    return rows


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


def write_turns(tx: Connection, states: Iterable[KindState]) -> None:
    """Write the accounts that had the last turns, after all shares: charges lock in this order."""
    rows = [
        {"kind": each.kind, "last_turn": each.last_turn, "last_low_turn": each.last_low_turn}
        for each in states
    ]
    update_rows(tx, capacities, ("kind",), rows)


def read_shares(
    tx: Connection, kind: Kind, accounts: Iterable[str], *, low: bool
) -> dict[str, Share]:
    """The existing shares of these accounts."""
    rows = tx.execute(_of(tx, kind, accounts, low=low)).mappings()
    return {row["account"]: Share.of(row) for row in rows}


def _of(tx: Connection, kind: Kind, accounts: Iterable[str], *, low: bool) -> Select[Any]:
    of_kind = (shares.c.kind == kind) & (shares.c.low == low)
    return select(shares).where(of_kind, among(tx, shares.c.account, accounts))


def _lock_of(
    tx: Connection, kind: Kind, keys: Sequence[ShareKey], *, low: bool
) -> dict[ShareKey, Share]:
    wanted = _of(tx, kind, [key.account for key in keys], low=low)
    rows = tx.execute(wanted.order_by(shares.c.account).with_for_update()).mappings()
    return {ShareKey.of(row): Share.of(row) for row in rows}


def _take(
    tx: Connection, state: KindState, turns: Sequence[Turn], now: int, *, low: bool
) -> list[Row]:
    """Take the jobs of these turns. Their present wait begins now: they are no old work."""
    counts = {turn.account: turn.jobs for turn in turns if turn.jobs}
    rows = lock_first_held(tx, state.kind, counts, low=low) if counts else []
    columns = {**Route.DIRECT.columns(now + UNCONFIRMED_AFTER), "waiting_since": now}
    update_rows(tx, jobs, ("id",), [{"id": row["id"], **columns} for row in rows])
    return [{**row, **columns} for row in rows]


def _accounts(tx: Connection, state: KindState, *, low: bool) -> list[str]:
    """The accounts of the next round, from the one after the last turn."""
    last = state.last_low_turn if low else state.last_turn
    accounts = waiting_accounts(tx, state.kind, MOST_TURNS, low=low, after=last)
    if last and len(accounts) < MOST_TURNS:
        accounts += waiting_accounts(tx, state.kind, MOST_TURNS, low=low)
    return list(dict.fromkeys(accounts))[:MOST_TURNS]


def _turn(share: Share, key: ShareKey, state: KindState, now: int) -> Turn:
    cost = share.cost
    most = max(0, state.most_jobs(share, now) - state.jobs.get(key, 0))
    return Turn(key.account, share.credit(now), cost, state.part_of_window(cost), most)
