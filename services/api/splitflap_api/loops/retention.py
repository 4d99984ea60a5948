"""Deletes rows past their retention, a bounded number of small batches at a time.

Each table has a duty of its own: while the sweep of one table fails, the others go on.

A sweep goes on where the one before ended. The index keeps the entries of deleted rows until the
next vacuum, and a search from its start would pass millions of them for each batch.
"""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, and_, delete, select, update

from splitflap_api.loops.loop import Duty
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import (
    audit,
    dead_letters,
    deliveries,
    events,
    post_links,
    previews,
    sessions,
    tasks,
)
from splitflap_api.store.turns import change_in_turns

#: Rows taken by one transaction: more at a time cost PostgreSQL less, and SQLite has one writer.
BATCH = 500
SQLITE_BATCH = 200

#: Batches of each table in one iteration. The reconciler's other duties run between two iterations,
#: also while a million rows are due.
BATCHES = 10

#: Rows that one transaction looks at, if only some of the old rows are due.
WINDOW = 2_000

#: Seconds until the next sweep of a table, once a sweep has found no more old rows.
SWEEP_EVERY = 20.0

#: Seconds until a sweep begins at the oldest row again. It then finds rows that were locked, that
#: have become due since, or whose times are older than those of rows before them.
RESTART_EVERY = 3_600.0

#: Retention of dead letters, of previews without a post, and of the audit, in milliseconds.
KEEP_DEAD = 30 * 86_400_000
KEEP_PREVIEW = 30 * 86_400_000
KEEP_AUDIT = 90 * 86_400_000


@dataclass(frozen=True)
class Retention:
    """How long (milliseconds) tombstones of tasks and events are kept."""

    tombstones: int
    events: int


@dataclass(frozen=True)
class OldRows:
    """Rows of one table that are due before a time, and their change."""

    key: Column[Any]
    #: The indexed time that finds the rows.
    since: Column[Any]
    #: The retention in milliseconds.
    keep: int
    change: Any
    #: Conditions of the index: it has no other rows.
    indexed: tuple[Any, ...] = ()
    #: Conditions of the due ones among the old rows.
    due: tuple[Any, ...] = ()


def sweeps(store: Store, retention: Retention) -> list[Duty]:
    """A duty for each kind of old rows. Other replicas may run theirs at the same time."""
    return [
        Duty(f"delete old {name}", Sweep(store, rows).run)
        for name, rows in {
            "tasks": OldRows(tasks.c.id, tasks.c.expires_at, retention.tombstones, delete(tasks)),
            "events": OldRows(events.c.id, events.c.created_at, retention.events, delete(events)),
            "dead letters": OldRows(
                dead_letters.c.id, dead_letters.c.created_at, KEEP_DEAD, delete(dead_letters)
            ),
            "audit": OldRows(audit.c.id, audit.c.at, KEEP_AUDIT, delete(audit)),
            "sessions": OldRows(sessions.c.id, sessions.c.expires_at, 0, delete(sessions)),
            "deliveries": OldRows(deliveries.c.id, deliveries.c.expires_at, 0, delete(deliveries)),
            "previews": OldRows(
                previews.c.url,
                previews.c.expires_at,
                KEEP_PREVIEW,
                delete(previews),
                due=_UNUSED,
            ),
            # Clients get 410 for a tombstone, instead of 404. It keeps the idempotency key: a
            # repetition gets 410 too.
            "final responses": OldRows(
                tasks.c.id,
                tasks.c.expires_at,
                0,
                update(tasks).values(body=None, headers=None, html_post=None, html=None),
                indexed=(tasks.c.body.is_not(None),),
            ),
        }.items()
    ]


class Sweep:
    """Changes the old rows of one table. Locked rows are left to a later sweep."""

    def __init__(self, store: Store, rows: OldRows) -> None:
        self._store = store
        self._rows = rows
        self._swept_at = float("-inf")
        #: All rows with an older time were changed, or were left, after `_started_at`.
        self._position = 0
        self._started_at = time.monotonic()

    def run(self) -> None:
        """Change some of the due rows, or none if the last sweep was short ago.

        Raises:
            sqlalchemy.exc.DBAPIError: the database does not answer, or refuses the change.
        """
        if time.monotonic() - self._swept_at > SWEEP_EVERY and not self._change_some():
            self._swept_at = time.monotonic()

    def _change_some(self) -> bool:
        """Change the oldest due rows. Return whether there may be more."""
        if time.monotonic() - self._started_at > RESTART_EVERY:
            self._position, self._started_at = 0, time.monotonic()
        with self._store.read() as tx:
            before = self._store.now(tx) - self._rows.keep
        return all(self._change_batch(before) for _ in range(BATCHES))

    def _change_batch(self, before: int) -> bool:
        """Change a batch of the rows older than `before`. Return whether there may be more."""
        rows = self._rows
        limit = SQLITE_BATCH if self._store.is_sqlite else BATCH
        old = and_(*rows.indexed, rows.since >= self._position, rows.since < before)
        with self._store.write() as tx:
            end = self._end_of_window(tx, old) if rows.due else None
            due = and_(old, *rows.due)
            if end is not None:
                due = and_(due, rows.since <= end)
            # The scan of the time's index ends at the first young row.
            some = select(rows.key, rows.since).where(due).order_by(rows.since).limit(limit)
            found = tx.execute(some.with_for_update(skip_locked=True)).all()
            change_in_turns(tx, rows.change, rows.key, [row[0] for row in found])
        is_full = len(found) == limit
        if end is not None and not is_full:
            self._position = end + 1
        elif found:
            self._position = found[-1][1]
        return is_full or end is not None

    def _end_of_window(self, tx: Connection, old: Any) -> int | None:
        """The time of the last row that this transaction looks at; None if it looks at all."""
        since = self._rows.since
        last = select(since).where(old).order_by(since).offset(WINDOW - 1).limit(1)
        return tx.execute(last).scalar()


#: No post shows the preview, and no job fetches it.
_UNUSED = (
    previews.c.job_id.is_(None),
    ~select(post_links.c.url).where(post_links.c.url == previews.c.url).exists(),
)
