"""What is past its time is deleted, a bounded number of small batches at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, delete, select, update

from splitflap_api.store.bulk import among
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import dead_letters, events, post_links, previews, tasks

#: Rows taken by one transaction.
BATCH = 200

#: Batches of each kind in one sweep: what else its thread looks after comes in between, also while
#: a million rows are due at once.
BATCHES = 10

#: Milliseconds that dead letters, and previews that no post links to, are kept.
KEEP_DEAD = 30 * 86_400_000
KEEP_PREVIEW = 30 * 86_400_000


@dataclass(frozen=True)
class Retention:
    """How long (milliseconds) tombstones of tasks and events are kept."""

    tombstones: int
    events: int


class Sweeper:
    """Deletes, beside whoever else does: what another one has taken is left to it."""

    def __init__(self, store: Store, retention: Retention) -> None:
        self._store = store
        self._retention = retention

    def sweep(self) -> bool:
        """Delete some of what is due; whether there may be more.

        Raises:
            sqlalchemy.exc.DBAPIError: the database does not answer.
        """
        with self._store.read() as tx:
            now = self._store.now(tx)
        more = [self._delete(key, since, past) for key, since, past in self._due(now)]
        return any([*more, self._strip(now)])

    def _due(self, now: int) -> Iterator[tuple[Column[Any], Column[Any], Any]]:
        """Of each table the key, the indexed time by which rows are found, and which ones."""
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
        """Leave of expired tasks their tombstones, by which 410 is told from 404."""
        past = (tasks.c.expires_at < now) & tasks.c.body.is_not(None)
        bare = update(tasks).values(body=None, headers=None, idempotency_key=None)
        return self._each(tasks.c.id, tasks.c.expires_at, past, bare)

    def _each(self, key: Column[Any], since: Column[Any], past: Any, change: Any) -> bool:
        """Change the oldest rows, and say whether that were as many as one sweep may take."""
        # The oldest first, and not by their keys: the index of the time ends where none is due.
        some = select(key).where(past).order_by(since).limit(BATCH)
        for _ in range(BATCHES):
            with self._store.write() as tx:
                keys = [row[0] for row in tx.execute(some.with_for_update(skip_locked=True))]
                if keys:
                    tx.execute(change.where(among(tx, key, keys)))
            if len(keys) < BATCH:
                return False
        return True
