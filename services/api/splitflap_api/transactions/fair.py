"""The transactions of fair publishing: looks at the kinds, rounds, charges, joined jobs.

One replica releases at a time. A replica without the lock skips its round.
"""

import time
from collections.abc import Callable, Mapping

from splitflap_core.contracts import Kind
from splitflap_core.kinds import KINDS
from sqlalchemy import Connection, delete, text

from splitflap_api.domain.changes import UNCONFIRMED_AFTER, Row
from splitflap_api.domain.fair.held import count_held
from splitflap_api.domain.fair.kind_state import LEAST_LOW_PART, LOW_PART, KindState
from splitflap_api.domain.fair.kind_states import has_jobs, read_capacities, read_states
from splitflap_api.domain.fair.ledger import Ledger
from splitflap_api.domain.fair.release import (
    lock_shares,
    release_round,
    write_shares,
    write_turns,
)
from splitflap_api.domain.fair.routes import Route, Router
from splitflap_api.domain.fair.shares import SHARE_KEPT, Charge, JobOwner, Share, ShareKey
from splitflap_api.domain.jobs.locks import lock_jobs
from splitflap_api.store.bulk import update_rows, upsert_rows
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import capacities, jobs, shares

#: Milliseconds after which an unchanged row of capacities is written again: its time tells other
#: processes that held jobs are released.
CAPACITY_KEPT = 5_000

#: Held jobs of an owner that are counted, to find the one with fewer.
MOST_COMPARED = 1_000

#: The weight of the newest jobs in the mean time of a kind's jobs.
MEAN_WEIGHT = 0.3

#: The advisory lock of rounds (PostgreSQL): any number that nothing else uses.
_ROUNDS = 0x53464C52
#: Takes the lock until the commit, or says false. A frozen replica loses the lock soon.
IS_MINE = text(
    "SELECT pg_try_advisory_xact_lock(:key) FROM "
    "set_config('idle_in_transaction_session_timeout', '3s', true)"
).bindparams(key=_ROUNDS)


class FairPublishing:
    """One for each process."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        router: Router,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ledger = ledger
        self._router = router
        #: The time that low jobs may still use of their least share, by kind (milliseconds).
        self._low_credit = dict.fromkeys(KINDS, 0.0)
        self._released_at: dict[Kind, float] = {}

    def look(self, *, whole: bool = True) -> bool:
        """Tell the router what the database knows. Return whether it looked.

        Unless `whole`, it does not look while there is no job.
        """
        with self._store.read() as tx:
            if not (whole or has_jobs(tx)):
                return False
            now = self._store.now(tx)
            states = read_states(tx, now)
        self._router.update(states, now)
        return True

    def release(self) -> list[Row]:
        """Release the jobs whose turn it is. Return them, to be published."""
        with self._store.write() as tx:
            now = self._store.now(tx)
            is_mine = self._store.is_sqlite or tx.execute(IS_MINE).scalar()
            states = read_states(tx, now)
            holding = [state for state in states.values() if is_mine and state.is_holding]
            rows = [row for state in holding for row in self._release(tx, state, now)]
            write_turns(tx, holding)
        self._router.update(states, now)
        return rows

    def charge(self, express: Mapping[Kind, bool | None]) -> None:
        """Write the ledger's charges, and what the workers can do.

        `express`: whether workers consume the express queues. None keeps the last answer.
        """
        charges = self._ledger.take()
        try:
            with self._store.write() as tx:
                now = self._store.now(tx)
                known = read_capacities(tx)
                _write_charges(tx, charges, known, now)
                for kind, row in known.items():
                    new = self._capacity(row, charges, express[kind])
                    if new.items() <= row.items() and row["updated_at"] > now - CAPACITY_KEPT:
                        continue
                    upsert_rows(tx, capacities, ("kind",), [{**new, "updated_at": now}])
        except BaseException:
            self._ledger.give_back(charges)
            raise

    def forget_old(self) -> None:
        """Delete the shares without a recent use."""
        with self._store.write() as tx:
            old = shares.c.updated_at < self._store.now(tx) - SHARE_KEPT
            tx.execute(delete(shares).where(old))

    def join(self, owners: Mapping[str, JobOwner]) -> list[Row]:
        """Let these owners take over held jobs, by the jobs' ids. Return the jobs that go now.

        A preview that an account waits for must not wait for the turn of another one.
        """
        with self._store.write() as tx:
            due_at = self._store.now(tx) + UNCONFIRMED_AFTER
            held = [row for row in lock_jobs(tx, owners) if row["held"]]
            joined = [self._joined(tx, row, owners[row["id"]], due_at) for row in held]
            update_rows(tx, jobs, ("id",), joined)
        both = zip(held, joined, strict=True)
        return [{**row, **new} for row, new in both if not new["held"]]

    def _release(self, tx: Connection, state: KindState, now: int) -> list[Row]:
        """Release jobs of one kind. Low jobs get what is left, and at least a tenth."""
        room = state.window - state.work
        credit = self._low_credit_of(state)
        rows = release_round(tx, state, room - max(0.0, credit), now, low=False)
        before = state.work
        left = state.window * LOW_PART - before
        if state.held_low:
            most = credit if state.held else max(credit, left)
            rows += release_round(tx, state, most, now, low=True)
        self._low_credit[state.kind] = credit - (state.work - before)
        return rows

    def _low_credit_of(self, state: KindState) -> float:
        """The part of the workers' time since the last release that low jobs may use at least."""
        now, kind = self._clock(), state.kind
        elapsed = 1000 * (now - self._released_at.get(kind, now))
        self._released_at[kind] = now
        if not state.held_low:
            return 0.0
        most = LEAST_LOW_PART * state.window
        credit = self._low_credit[kind] + LEAST_LOW_PART * state.slots * elapsed
        return max(-most, min(credit, most))

    def _joined(self, tx: Connection, row: Row, owner: JobOwner, due_at: int) -> Row:
        """A job's columns after another owner asked for it too.

        It goes by the route of that owner. If it stays held, it belongs to the owner that holds
        fewer jobs. A held low job becomes a normal one at least.
        """
        kind = row["kind"]
        route = Route.HELD if owner.low else self._router.route(kind, owner)
        takes_over = route is not Route.HELD or (row["low"] and not owner.low)
        if not takes_over and not owner.low:
            most = dict.fromkeys((row["account"], owner.account), MOST_COMPARED)
            counts = count_held(tx, kind, most)
            takes_over = counts[owner.account] < counts[row["account"]]
        account, low = owner if takes_over else JobOwner.of(row)
        return {"id": row["id"], "account": account, "low": low, **route.columns(due_at)}

    def _capacity(
        self, known: Row, charges: Mapping[ShareKey, Charge], express: bool | None
    ) -> Row:
        total = Charge()
        for key, charge in charges.items():
            if key.kind == known["kind"]:
                total.add(charge)
        mean = known["mean"]
        if total.jobs:
            mean += (total.took / total.jobs - mean) * MEAN_WEIGHT
        return {
            "kind": known["kind"],
            "slots": self._ledger.slots(known["kind"]) or known["slots"],
            "mean": mean,
            "express": known["express"] if express is None else express,
        }


def _write_charges(
    tx: Connection, charges: Mapping[ShareKey, Charge], known: Mapping[Kind, Row], now: int
) -> None:
    new = {key: Share.new(known[key.kind]["mean"], now) for key in charges}
    before = lock_shares(tx, new)
    write_shares(tx, {key: before[key].charged(charge, now) for key, charge in charges.items()})
