"""The transactions of webhooks: telling, leasing, and the ends of tries."""

from collections.abc import Sequence
from typing import NamedTuple

from splitflap_core.contracts import WebhookOutcome
from splitflap_core.topology import DELIVERED_QUEUE
from sqlalchemy import BindParameter, and_, bindparam, exists, func, select

from splitflap_api.domain.changes import Row
from splitflap_api.domain.jobs import dead_letters
from splitflap_api.domain.webhooks import deliveries as rows
from splitflap_api.domain.webhooks.telling import tell_ended
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import (
    IS_UNNUMBERED,
    IS_UNTOLD,
    IS_WAITING,
    deliveries,
    keys,
    tasks,
    webhooks,
)

#: The most due deliveries that are counted.
MOST_COUNTED = 1_000


class WebhookWork(NamedTuple):
    """What there is to do."""

    tell: bool
    number: bool
    send: bool


class WebhookTransactions:
    """Each call is one transaction."""

    def __init__(self, store: Store, pace: rows.Pace) -> None:
        self._store = store
        self._pace = pace

    def look(self) -> WebhookWork:
        """Find out what there is to do, by one query instead of a transaction for each."""
        with self._store.read() as tx:
            found = tx.execute(_WORK, {"_now": self._store.now(tx)}).one()
        return WebhookWork(*map(bool, found))

    def tell(self) -> int:
        """Insert the deliveries of ended tasks. Return the number of these tasks."""
        with self._store.write() as tx:
            return tell_ended(tx, self._store.now(tx))

    def number(self) -> int:
        """Number new deliveries, and make them due. Return their number."""
        with self._store.write() as tx:
            return rows.number(tx, self._store.now(tx))

    def claim(self, room: int, after: str) -> tuple[list[Row], str]:
        """As `deliveries.claim`."""
        with self._store.write() as tx:
            return rows.claim(tx, self._store.now(tx), room, after, self._pace)

    def give_back(self, ids: Sequence[str]) -> None:
        """Make leased deliveries due again that the broker has not taken."""
        with self._store.write() as tx:
            rows.give_back(tx, ids, self._store.now(tx))

    def apply(self, outcomes: Sequence[WebhookOutcome]) -> dict[str, list[str]]:
        """End these tries. Return the ids of their deliveries, by what happened to each."""
        with self._store.write() as tx:
            return rows.apply(tx, outcomes, self._store.now(tx), self._pace)

    def now(self) -> int:
        """The database's clock."""
        with self._store.read() as tx:
            return self._store.now(tx)

    def limit_times(self) -> None:
        """Bound the times in the future, after the database's clock was set back."""
        with self._store.write() as tx:
            rows.limit_times(tx, self._store.now(tx), self._pace)

    def dead_letter(self, body: bytes, reason: str) -> None:
        """Store an unreadable message."""
        with self._store.write() as tx:
            now = self._store.now(tx)
            dead_letters.insert_message(tx, DELIVERED_QUEUE.name, reason, body, now)

    def due(self) -> int:
        """The number of due deliveries, MOST_COUNTED at most."""
        with self._store.read() as tx:
            return rows.count_due(tx, self._store.now(tx), MOST_COUNTED)


_NOW: BindParameter[int] = bindparam("_now")

#: An index gives a minimum, whatever the statistics say (loops/reconcile.py). Endpoints are read
#: only if something is due: that of a disabled one stays due.
_WORK = select(
    select(func.min(tasks.c.webhook_ids)).where(IS_UNTOLD).scalar_subquery().is_not(None),
    select(func.min(deliveries.c.created_at)).where(IS_UNNUMBERED).scalar_subquery().is_not(None),
    and_(
        select(func.min(deliveries.c.due_at)).where(IS_WAITING).scalar_subquery() <= _NOW,
        exists().where(webhooks.c.key_id == keys.c.id, rows.IS_SERVED, rows.has_due(_NOW)),
    ),
)
