"""Reads the state of each kind: what is held, what is at the broker, and the shares."""

from collections.abc import Mapping
from typing import Any

from splitflap_core.contracts import Kind
from splitflap_core.kinds import KINDS
from sqlalchemy import Connection, bindparam, func, literal_column, or_, select

from splitflap_api.domain.changes import UNCONFIRMED_AFTER, Row
from splitflap_api.domain.fair.bounds import STATE_ACCOUNTS
from splitflap_api.domain.fair.capacities import read_capacities
from splitflap_api.domain.fair.held import accounts_with_held
from splitflap_api.domain.fair.kind_state import KindState
from splitflap_api.domain.fair.share_rows import read_busy_shares
from splitflap_api.domain.fair.shares import Share, ShareKey
from splitflap_api.store.schema import IS_RELEASED, jobs, shares

#: Milliseconds after which a publisher that writes no charges counts as gone.
RELEASER_KEPT = 60_000

#: Milliseconds from its confirm after which an express text has proved slow, so the renderers have
#: moved it to their slow lane. An express scrape keeps its slot until its end.
EXPRESS_TEXT_KEPT = 2_000


def read_states(tx: Connection, now: int) -> dict[Kind, KindState]:
    """The state of each kind. A retry that is not due yet counts nowhere."""
    known = read_capacities(tx)
    known_shares = read_busy_shares(tx, now)
    released: dict[Kind, list[tuple[ShareKey, Any]]] = {kind: [] for kind in KINDS}
    wanted = {"_soon": now + UNCONFIRMED_AFTER, "_since": now - EXPRESS_TEXT_KEPT, "_now": now}
    for row in tx.execute(_RELEASED, wanted).mappings():
        key = ShareKey.of(row)
        released[key.kind].append((key, row))
        if row["mean"] is not None:
            known_shares[key] = Share.of(row)
    return {kind: _state(tx, known[kind], released[kind], known_shares, now) for kind in KINDS}


def has_jobs(tx: Connection) -> bool:
    """Whether there is a job."""
    return tx.execute(_ANY_JOB).first() is not None


def _state(
    tx: Connection,
    capacity: Row,
    released: list[tuple[ShareKey, Any]],
    known: Mapping[ShareKey, Share],
    now: int,
) -> KindState:
    kind: Kind = capacity["kind"]
    normal, low = (
        set(accounts_with_held(tx, kind, STATE_ACCOUNTS, low=of)) for of in (False, True)
    )
    shares_of_kind = {key: share for key, share in known.items() if key.kind == kind}
    state = KindState(
        kind,
        capacity["slots"],
        capacity["mean"],
        releases=capacity["updated_at"] > now - RELEASER_KEPT,
        express=capacity["express"],
        held_low=bool(low),
        last_turn=capacity["last_turn"],
        last_low_turn=capacity["last_low_turn"],
        active=len(normal | low | {key.account for key, _ in released}),
        shares=shares_of_kind,
    )
    overdue = {
        key.account
        for key, share in shares_of_kind.items()
        if state.has_many_overdue(key, share, now)
    }
    state.held, state.held_overdue = bool(normal - overdue), bool(normal & overdue)
    for key, row in released:
        state.add_jobs(key, row["count"], state.share(key, now).cost, express=row["express"])
    return state


_ANY_JOB = select(jobs.c.id).limit(1)
_is_express = jobs.c.express & or_(
    jobs.c.kind != literal_column("'render'"),
    jobs.c.dispatched_at.is_(None),
    jobs.c.dispatched_at > bindparam("_since"),
)
#: A job without a confirm is due again within seconds, and so may be a retry. The wait of a retry
#: begins at its due time.
_is_retry_later = func.coalesce(jobs.c.waiting_since, 0) > bindparam("_now")
_each = (
    select(jobs.c.kind, jobs.c.account, jobs.c.low, _is_express.label("express"))
    .where(
        IS_RELEASED,
        or_(jobs.c.due_at.is_(None), jobs.c.due_at <= bindparam("_soon")),
        ~_is_retry_later,
    )
    .subquery()
)
_counted = select(*_each.c, func.count().label("count")).group_by(*_each.c).subquery()
_RELEASED = select(_counted, *(shares.c[name] for name in Share.__slots__)).outerjoin(
    shares,
    (shares.c.kind == _counted.c.kind)
    & (shares.c.account == _counted.c.account)
    & (shares.c.low == _counted.c.low),
)
