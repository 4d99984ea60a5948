"""A round: releases held jobs of one kind, those whose turn it is."""

from collections import Counter
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select, update

from splitflap_api.domain.changes import UNCONFIRMED_AFTER, Row
from splitflap_api.domain.fair.held import lock_first_held, waiting_accounts
from splitflap_api.domain.fair.kind_state import KindState
from splitflap_api.domain.fair.rounds import Turn, allot
from splitflap_api.domain.fair.routes import Route
from splitflap_api.domain.fair.shares import Share, ShareKey
from splitflap_api.store.bulk import among, update_rows, upsert_rows
from splitflap_api.store.schema import capacities, jobs, shares

#: Accounts with a turn in one round. Another round follows a tenth of a second later.
MOST_TURNS = 200


def release_round(
    tx: Connection, state: KindState, room: float, now: int, *, low: bool
) -> list[Row]:
    """Release jobs for this time (milliseconds), in turns. The state counts them."""
    accounts = _accounts(tx, state, low=low) if room > 0 else []
    if not accounts:
        return []
    keys = [ShareKey(state.kind, account, low) for account in accounts]
    known = {key: state.share(key, now) for key in keys} | read_shares(tx, keys, lock=True)
    turns = [_turn(key, known[key], state, now) for key in keys]
    last = allot(turns, room, state.mean)
    counts = {turn.account: turn.jobs for turn in turns if turn.jobs}
    rows = lock_first_held(tx, state.kind, counts, low=low)
    columns = Route.DIRECT.columns(now + UNCONFIRMED_AFTER)
    update_rows(tx, jobs, ("id",), [{"id": row["id"], **columns} for row in rows])
    found = Counter(row["account"] for row in rows)
    for key, turn in zip(keys, turns, strict=True):
        if found[turn.account] < turn.jobs:
            turn.found(found[turn.account])
        if turn.jobs:
            state.add_jobs(key, turn.jobs)
    write_shares(
        tx,
        {
            key: known[key].with_deficit(turn.deficit, now)
            for key, turn in zip(keys, turns, strict=True)
        },
    )
    if last is not None:
        column = capacities.c.last_low_turn if low else capacities.c.last_turn
        of_kind = capacities.c.kind == state.kind
        tx.execute(update(capacities).where(of_kind).values({column: last}))
    return [{**row, **columns} for row in rows]


def read_shares(
    tx: Connection, keys: Collection[ShareKey], *, lock: bool = False
) -> dict[ShareKey, Share]:
    """The existing shares of these keys, locked in their order if `lock` is set."""
    wanted = select(shares).where(among(tx, shares.c.account, {key.account for key in keys}))
    if lock:
        in_order = wanted.order_by(shares.c.kind, shares.c.account, shares.c.low)
        wanted = in_order.with_for_update()
    found = {ShareKey.of(row): Share.of(row) for row in tx.execute(wanted).mappings()}
    return {key: share for key, share in found.items() if key in keys}


def write_shares(tx: Connection, changed: Mapping[ShareKey, Share]) -> None:
    """Insert or update shares, in the order of their keys."""
    rows = [{**key._asdict(), **share.row()} for key, share in sorted(changed.items())]
    upsert_rows(tx, shares, ("kind", "account", "low"), rows)


def _accounts(tx: Connection, state: KindState, *, low: bool) -> list[str]:
    """The accounts of the next round, from the one after the last turn."""
    last = state.last_low_turn if low else state.last_turn
    accounts = waiting_accounts(tx, state.kind, MOST_TURNS, low=low, after=last)
    if last and len(accounts) < MOST_TURNS:
        accounts += waiting_accounts(tx, state.kind, MOST_TURNS, low=low)
    return list(dict.fromkeys(accounts))[:MOST_TURNS]


def _turn(key: ShareKey, share: Share, state: KindState, now: int) -> Turn:
    """The turn of an account. With many overdue texts it has one job under way at a time."""
    most = max(0, 1 - state.jobs.get(key, 0)) if share.has_many_overdue(now) else None
    return Turn(key.account, share.credit(now), share.cost, most)
