"""Deletes rows past their retention, a bounded number of small batches at a time.

Each table has a duty of its own: while the sweep of one table fails, the others go on.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, delete, select, update

from splitflap_api.loops.loop import Duty
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import dead_letters, events, post_links, previews, tasks
from splitflap_api.store.turns import change_in_turns

#: Rows taken by one transaction.
BATCH = 200

#: Batches of each table in one iteration. The reconciler's other duties run between two iterations,
#: also while a million rows are due.
BATCHES = 10

#: Seconds until the next sweep of a table, once a sweep has found no more old rows.
SWEEP_EVERY = 20.0

#: Retention of dead letters, and of previews without a post, in milliseconds.
KEEP_DEAD = 30 * 86_400_000
KEEP_PREVIEW = 30 * 86_400_000


@dataclass(frozen=True)
class Retention:
    """How long (milliseconds) tombstones of tasks and events are kept."""

    tombstones: int
    events: int


@dataclass(frozen=True)
class OldRows:
    """Rows of one table that are due at `now`, and their change."""

    key: Column[Any]
    #: The indexed time that finds the rows.
    since: Column[Any]
    past: Callable[[int], Any]
    change: Any


def sweeps(store: Store, retention: Retention) -> list[Duty]:
    """A duty for each kind of old rows. Other replicas may run theirs at the same time."""
    return [
        Duty(f"delete old {name}", Sweep(store, rows).run)
        for name, rows in {
            "tasks": OldRows(
                tasks.c.id,
                tasks.c.expires_at,
                lambda now: tasks.c.expires_at < now - retention.tombstones,
                delete(tasks),
            ),
            "events": OldRows(
                events.c.id,
                events.c.created_at,
                lambda now: events.c.created_at < now - retention.events,
                delete(events),
            ),
            "dead letters": OldRows(
                dead_letters.c.id,
                dead_letters.c.created_at,
                lambda now: dead_letters.c.created_at < now - KEEP_DEAD,
                delete(dead_letters),
            ),
            "previews": OldRows(
                previews.c.url, previews.c.expires_at, _is_unused, delete(previews)
            ),
            # Clients get 410 for a tombstone, instead of 404. It keeps the idempotency key: a
            # repetition gets 410 too.
            "final responses": OldRows(
                tasks.c.id,
                tasks.c.expires_at,
                lambda now: (tasks.c.expires_at < now) & tasks.c.body.is_not(None),
                update(tasks).values(body=None, headers=None, html_post=None, html=None),
            ),
        }.items()
    ]


class Sweep:
    """Changes the old rows of one table. Locked rows are left to the next sweep."""

    def __init__(self, store: Store, rows: OldRows) -> None:
        self._store = store
        self._rows = rows
        self._swept_at = float("-inf")

    def run(self) -> None:
        """Change some of the due rows, or none if the last sweep was short ago.

        Raises:
            sqlalchemy.exc.DBAPIError: the database does not answer, or refuses the change.
        """
        if time.monotonic() - self._swept_at > SWEEP_EVERY and not self._change_some():
            self._swept_at = time.monotonic()

    def _change_some(self) -> bool:
        """Change the oldest due rows. Return whether there may be more."""
        key, since = self._rows.key, self._rows.since
        with self._store.read() as tx:
            past = self._rows.past(self._store.now(tx))
        # The scan of the time's index ends at the first young row.
        some = select(key).where(past).order_by(since).limit(BATCH)
        for _ in range(BATCHES):
            with self._store.write() as tx:
                keys = [row[0] for row in tx.execute(some.with_for_update(skip_locked=True))]
                change_in_turns(tx, self._rows.change, key, keys)
            if len(keys) < BATCH:
                return False
        return True


def _is_unused(now: int) -> Any:
    """Previews that no post shows and no job fetches."""
    linked = select(post_links.c.url).where(post_links.c.url == previews.c.url).exists()
    return (previews.c.expires_at < now - KEEP_PREVIEW) & previews.c.job_id.is_(None) & ~linked
