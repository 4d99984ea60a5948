"""The transactions of fair publishing: looks at the kinds, rounds, charges, joined jobs.

One replica releases at a time. A replica without the lock skips its round.
"""

from collections.abc import Mapping

from splitflap_core.contracts import Kind
from splitflap_core.kinds import KINDS
from sqlalchemy import Connection, delete, text

from splitflap_api.domain.changes import UNCONFIRMED_AFTER, Row
from splitflap_api.domain.fair.kind_state import LEAST_LOW_PART, LOW_PART, KindState
from splitflap_api.domain.fair.kind_states import has_jobs, read_capacities, read_states
from splitflap_api.domain.fair.ledger import Ledger
from splitflap_api.domain.fair.release import read_shares, release_round, write_shares
from splitflap_api.domain.fair.routes import Route, Router
from splitflap_api.domain.fair.shares import SHARE_KEPT, Charge, JobOwner, Share, ShareKey
from splitflap_api.domain.jobs.locks import lock_jobs
from splitflap_api.store.bulk import update_rows, upsert_rows
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import capacities, jobs, shares

#: The weight of the newest jobs in the mean time of a kind's jobs.
MEAN_WEIGHT = 0.3

#: The advisory lock of rounds (PostgreSQL): any number that nothing else uses.
_ROUNDS = 0x53464C52
#: Takes the lock until the commit, or says false.
IS_MINE = text("SELECT pg_try_advisory_xact_lock(:key)").bindparams(key=_ROUNDS)


class FairPublishing:
    """One for each process."""

    def __init__(self, store: Store, ledger: Ledger, router: Router) -> None:
        self._store = store
        self._ledger = ledger
        self._router = router
        #: The time that low jobs may still use of their least share, by kind (milliseconds).
        self._low_credit = dict.fromkeys(KINDS, 0.0)

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
            rows = [
                row
                for state in states.values()
                if is_mine and state.is_holding
                for row in self._release(tx, state, now)
            ]
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
                    if new != row:
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
            joined = [self._joined(row, owners[row["id"]], due_at) for row in held]
            update_rows(tx, jobs, ("id",), joined)
        both = zip(held, joined, strict=True)
        return [{**row, **new} for row, new in both if not new["held"]]

    def _release(self, tx: Connection, state: KindState, now: int) -> list[Row]:
        """Release jobs of one kind. Low jobs get what is left, and at least a tenth."""
        kind = state.kind
        room = state.window - state.work
        credit = 0.0
        if state.held_low and state.held:
            credit = self._low_credit[kind] + LEAST_LOW_PART * max(0.0, room)
            credit = min(credit, LEAST_LOW_PART * state.window)
        rows = release_round(tx, state, room - max(0.0, credit), now, low=False)
        before = state.work
        left = 0.0 if state.held else state.window * LOW_PART - before
        if state.held_low:
            rows += release_round(tx, state, max(credit, left), now, low=True)
        self._low_credit[kind] = credit - (state.work - before) if state.held else 0.0
        return rows

    def _joined(self, row: Row, owner: JobOwner, due_at: int) -> Row:
        """A job's columns for its new owner. A held low job becomes a normal one at least."""
        route = Route.HELD if owner.low else self._router.route(row["kind"], owner)
        takes_over = route is not Route.HELD or (row["low"] and not owner.low)
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
            **known,
            "slots": self._ledger.slots(known["kind"]) or known["slots"],
            "mean": mean,
            "express": known["express"] if express is None else express,
        }


def _write_charges(
    tx: Connection, charges: Mapping[ShareKey, Charge], known: Mapping[Kind, Row], now: int
) -> None:
    before = read_shares(tx, charges, lock=True) if charges else {}
    write_shares(
        tx,
        {
            key: (before.get(key) or Share.new(known[key.kind]["mean"], now)).charged(charge, now)
            for key, charge in charges.items()
        },
    )
