"""The transactions of fair publishing: states of the kinds, releases, charges, joined jobs.

One replica releases at a time. A replica without the lock skips its release.
"""

from collections.abc import Mapping

from splitflap_core.contracts import Kind
from sqlalchemy import Connection, text

from splitflap_api.domain.changes import UNCONFIRMED_AFTER, Row
from splitflap_api.domain.fair.bounds import COMPARED_JOBS
from splitflap_api.domain.fair.capacities import read_capacities, write_capacities, write_turns
from splitflap_api.domain.fair.held import count_held_of
from splitflap_api.domain.fair.kind_states import has_jobs, read_states
from splitflap_api.domain.fair.ledger import Ledger
from splitflap_api.domain.fair.low_credit import charge_low_credits, write_low_credits
from splitflap_api.domain.fair.release import release
from splitflap_api.domain.fair.routes import Route, Router
from splitflap_api.domain.fair.share_rows import charge_shares, delete_old_shares
from splitflap_api.domain.fair.shares import JobOwner
from splitflap_api.domain.jobs.locks import lock_jobs
from splitflap_api.store.bulk import update_rows
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import jobs

#: The advisory lock of releases (PostgreSQL): any number that nothing else uses.
_RELEASES = 0x53464C52
#: Takes the lock until the commit, or says false. A frozen replica loses the lock soon.
IS_MINE = text(
    "SELECT pg_try_advisory_xact_lock(:key) FROM "
    "set_config('idle_in_transaction_session_timeout', '3s', true)"
).bindparams(key=_RELEASES)


class FairPublishing:
    """One for each process."""

    def __init__(self, store: Store, ledger: Ledger, router: Router) -> None:
        self._store = store
        self._ledger = ledger
        self._router = router

    def refresh(self, *, even_without_jobs: bool = True) -> bool:
        """Give the router the present states of the kinds. Return whether it got them."""
        with self._store.read() as tx:
            if not (even_without_jobs or has_jobs(tx)):
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
            rows = [row for state in holding for row in release(tx, state, now)]
            write_low_credits(tx, holding, now)
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
                means = {kind: row["mean"] for kind, row in known.items()}
                charge_shares(tx, charges, means, now)
                charge_low_credits(tx, charges)
                write_capacities(tx, known, charges, self._ledger.workers, express, now)
        except BaseException:
            self._ledger.give_back(charges)
            raise

    def forget_old(self) -> None:
        """Delete the shares without a recent use."""
        with self._store.write() as tx:
            delete_old_shares(tx, self._store.now(tx))

    def join(self, owners: Mapping[str, JobOwner]) -> list[Row]:
        """Let these owners take over held jobs, by the jobs' ids. Return the jobs that go now.

        A preview that an account waits for must not wait for the turn of another one.
        """
        with self._store.write() as tx:
            now = self._store.now(tx)
            held = [row for row in lock_jobs(tx, owners) if row["held"]]
            joined = [self._joined(tx, row, owners[row["id"]], now) for row in held]
            update_rows(tx, jobs, ("id",), joined)
        both = zip(held, joined, strict=True)
        return [{**row, **new} for row, new in both if not new["held"]]

    def _joined(self, tx: Connection, row: Row, owner: JobOwner, now: int) -> Row:
        """A job's columns after another owner asked for it too.

        It goes by the route of that owner. If it stays held, it belongs to the owner that holds
        fewer jobs. A held low job becomes a normal one at least. The wait of a new owner begins
        now, so the age of another account's job refuses nobody's work.
        """
        kind = row["kind"]
        route = Route.HELD if owner.low else self._router.route(kind, owner)
        takes_over = route is not Route.HELD or (row["low"] and not owner.low)
        if not takes_over and not owner.low:
            most = dict.fromkeys((row["account"], owner.account), COMPARED_JOBS)
            counts = count_held_of(tx, kind, most, low=False)
            takes_over = counts[owner.account] < counts[row["account"]]
        account, low = owner if takes_over else JobOwner.of(row)
        return {
            "id": row["id"],
            "account": account,
            "low": low,
            "waiting_since": now if takes_over else row["waiting_since"],
            **route.columns(now + UNCONFIRMED_AFTER),
        }
