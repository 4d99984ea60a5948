"""Deletes rows past their retention, a bounded number of small batches at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, delete, select, update

from splitflap_api.store.bulk import among
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import dead_letters, events, post_links, previews, tasks

#: Rows taken by one transaction.
BATCH = 200

#: Batches of each kind in one sweep. The reconciler's other duties run between two sweeps, also
#: while a million rows are due.
BATCHES = 10

#: Retention of dead letters, and of previews without a post, in milliseconds.
KEEP_DEAD = 30 * 86_400_000
KEEP_PREVIEW = 30 * 86_400_000


@dataclass(frozen=True)
class Retention:
    """How long (milliseconds) tombstones of tasks and events are kept."""

    tombstones: int
    events: int


class Sweeper:
    """Deletes old rows. Sweepers of other replicas may run beside it: each skips locked rows."""

    def __init__(self, store: Store, retention: Retention) -> None:
        self._store = store
        self._retention = retention

    def sweep(self) -> bool:
        """Delete some of the due rows. Return whether there may be more.

        Raises:
            sqlalchemy.exc.DBAPIError: the database does not answer.
        """
        with self._store.read() as tx:
            now = self._store.now(tx)
        more = [self._delete(key, since, past) for key, since, past in self._due(now)]
        return any([*more, self._strip(now)])

    def _due(self, now: int) -> Iterator[tuple[Column[Any], Column[Any], Any]]:
        """For each table: its key, the indexed time that finds rows, and the test of due rows."""
        old = tasks.c.expires_at < now - self._retention.tombstones
        yield tasks.c.id, tasks.c.expires_at, old
        old = events.c.created_at < now - self._retention.events
        yield events.c.id, events.c.created_at, old
        old = dead_letters.c.created_at < now - KEEP_DEAD
        yield dead_letters.c.id, dead_letters.c.created_at, old
        linked = select(post_links.c.url).where(post_links.c.url == previews.c.url).exists()
        unused = (previews.c.expires_at < now - KEEP_PREVIEW) & previews.c.job_id.is_(None)
        yield previews.c.url, previews.c.expires_at, unused & ~linked

    def _delete(self, key: Column[Any], since: Column[Any], past: Any) -> bool:
        return self._each(key, since, past, delete(key.table))

    def _strip(self, now: int) -> bool:
        """Reduce expired tasks to their tombstones. Clients get 410 for these, instead of 404."""
        past = (tasks.c.expires_at < now) & tasks.c.body.is_not(None)
        bare = update(tasks).values(body=None, headers=None, idempotency_key=None)
        return self._each(tasks.c.id, tasks.c.expires_at, past, bare)

    def _each(self, key: Column[Any], since: Column[Any], past: Any, change: Any) -> bool:
        """Change the oldest due rows. Return whether one sweep's limit was reached."""
        # The scan of the time's index ends at the first young row.
        some = select(key).where(past).order_by(since).limit(BATCH)
        for _ in range(BATCHES):
            with self._store.write() as tx:
                keys = [row[0] for row in tx.execute(some.with_for_update(skip_locked=True))]
                if keys:
                    tx.execute(change.where(among(tx, key, keys)))
            if len(keys) < BATCH:
                return False
        return True
