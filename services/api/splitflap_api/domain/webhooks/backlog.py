"""Bounds on what waits for a receiver that is dead, or slower than its events.

Nothing is lost for a receiver that returns within its day of tries, unless KEPT events come
meanwhile. Its owner sees how much waits, since when it fails, and how much was dropped.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update

from splitflap_api.store.bulk import among
from splitflap_api.store.schema import deliveries, webhooks

#: Waiting deliveries of an endpoint from which on a new one has the URL of the final response, but
#: not the response. So a backlog costs half a kilobyte for each event, not 16.
BEHIND = 1_000

#: The newest deliveries of an endpoint, which are kept. At 100 events a second, which one endpoint
#: takes, they are a quarter of an hour.
KEPT = 100_000

#: Old deliveries that one transaction deletes, for each endpoint. More than it numbers.
FORGOTTEN = 1_000

#: Milliseconds without an arrival after which an endpoint is disabled: five days, as with Svix. The
#: failed try must be of a delivery of this age, so that a rare event gets its tries too.
FAILING_FOR = 5 * 86_400_000
OLD = 86_400_000 // 2

#: Waiting deliveries that a list counts.
MOST_COUNTED = 10_000

#: The order is that of an index. Without it PostgreSQL reads the whole table if it believes that
#: most rows are of the endpoint.
_its_waiting = (
    select(deliveries.c.due_at)
    .where(deliveries.c.webhook_id == webhooks.c.id, deliveries.c.due_at.is_not(None))
    .order_by(deliveries.c.due_at)
    .correlate(webhooks)
)

#: The waiting deliveries of an endpoint, MOST_COUNTED at most.
WAITING = (
    select(func.count()).select_from(_its_waiting.limit(MOST_COUNTED).subquery()).scalar_subquery()
)


def is_behind() -> ColumnElement[bool]:
    """Whether an endpoint has a backlog. It reads BEHIND entries of an index at most."""
    return _its_waiting.limit(1).offset(BEHIND).scalar_subquery().is_not(None)


def forget_old(tx: Connection, last: Mapping[str, int]) -> dict[str, int]:
    """Delete the deliveries that are too many, given the last numbers of locked endpoints.

    Returns how many of them had not arrived, for each endpoint.
    """
    dropped = dict.fromkeys(last, 0)
    for webhook_id in (id_ for id_, sequence in last.items() if sequence > KEPT):
        old = select(deliveries.c.id, deliveries.c.state).where(
            deliveries.c.webhook_id == webhook_id,
            deliveries.c.sequence <= last[webhook_id] - KEPT,
            deliveries.c.leased_until.is_(None),
        )
        some = old.order_by(deliveries.c.sequence).limit(FORGOTTEN)
        found = tx.execute(some.with_for_update(skip_locked=True)).all()
        if found:
            tx.execute(delete(deliveries).where(among(tx, deliveries.c.id, [r.id for r in found])))
        dropped[webhook_id] = sum(row.state != "done" for row in found)
    return dropped


def disable_failing(tx: Connection, webhook_ids: Iterable[str], now: int) -> None:
    """Disable those of these endpoints at which nothing has arrived for days."""
    is_failing = and_(
        among(tx, webhooks.c.id, set(webhook_ids)),
        webhooks.c.failing_since <= now - FAILING_FOR,
        webhooks.c.disabled_at.is_(None),
    )
    tx.execute(update(webhooks).where(is_failing).values(disabled_at=now, disabled_by="failing"))
