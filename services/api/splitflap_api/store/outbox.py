"""The numbers of events: dense, and in an order in which no reader can skip an event.

On PostgreSQL a transaction inserts its events into the outbox. Their keys come from a sequence,
which locks nothing until the commit. A sequencer later moves the committed rows to the table of
events, and only it locks the counter. SQLite has one writer, so its transactions number at once.

An event that was committed before another one was inserted has the lower key. A snapshot with the
later event therefore has the earlier one too, and a pass takes the lowest keys first.
"""

import time
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from sqlalchemy import Connection, Table, TextClause, text, update

from splitflap_api.store.bulk import Row
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import counters, events, outbox

#: Key of PostgreSQL's advisory lock: one sequencer numbers at a time.
_LOCK = 0x5F1AC

#: Rows of one pass. Old replicas wait for the counter as long as the pass takes: 25 ms.
LIMIT = 2_000

#: Seconds between two passes over the whole outbox. A standby that takes over may give keys again
#: that this process has seen.
EVERYTHING_EVERY = 10.0

_COLUMNS = ", ".join(each.name for each in events.c if each is not events.c.id)


class Pass(NamedTuple):
    """The result of a pass. Without the lock it numbers nothing: another sequencer does."""

    has_lock: bool
    numbered: int = 0


def event_rows(tx: Connection, rows: Sequence[Row]) -> tuple[Table, Sequence[Row]]:
    """The table for new events, and their rows for it: with their ids, or to be numbered later."""
    if tx.dialect.name != "sqlite":
        return outbox, rows
    if not rows:
        return events, rows
    counted = update(counters).where(counters.c.name == "events").returning(counters.c.value)
    last = tx.execute(counted.values(value=counters.c.value + len(rows))).scalar_one()
    return events, [{**row, "id": n} for n, row in enumerate(rows, last - len(rows) + 1)]


class Outbox:
    """The outbox as one sequencer numbers it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._floor = _Floor()

    def number_first(self) -> Pass:
        """Number the first committed rows. This waits for no other pass."""
        parameters = {"key": _LOCK, "limit": LIMIT, "floor": self._floor.now()}
        with self._store.statement() as tx:
            has_lock, numbered, *found = tx.execute(_pass_statement(), parameters).one()
        if has_lock and numbered < LIMIT:
            self._floor.note(*found)
        return Pass(has_lock, numbered)


class _Floor:
    """The key behind which passes begin, because all rows up to it have their ids.

    A reader with a long snapshot, such as a backup, keeps the deleted rows of all passes. A pass
    that began at the first of them would take 66 ms after 200,000 rows.

    A transaction gets its number before it gets keys. When a pass has taken the key K, all lower
    keys belong to transactions with lower numbers than the pass. Once these have ended, one more
    pass takes the last of their rows, and the next passes may begin behind K.
    """

    def __init__(self) -> None:
        self._key = 0
        #: A later floor, and the number of its pass.
        self._next: tuple[int, int] | None = None
        self._everything_at = time.monotonic() + EVERYTHING_EVERY

    def now(self) -> int:
        """The key for the next pass."""
        if time.monotonic() < self._everything_at:
            return self._key
        self._everything_at = time.monotonic() + EVERYTHING_EVERY
        return 0

    def note(self, last: int | None, oldest: int, own: int | None) -> None:
        """Note a pass that left no committed row.

        Args:
            last: the last key that it took.
            oldest: the number of the oldest transaction that still ran.
            own: the number of the pass as a transaction, if it took a row.
        """
        if self._next and oldest >= self._next[1]:
            self._key, self._next = self._next[0], None
        if not self._next and last and own:
            self._next = last, own


@cache
def _pass_statement() -> TextClause:
    # The snapshot may be older than the lock. Rows that another pass has taken since then are
    # deleted, so this DELETE skips them. The UPDATE reads the newest value of the counter.
    return text(f"""
        WITH lock AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(:key) AS held),
        taken AS (
            DELETE FROM outbox WHERE id = ANY(ARRAY(
                SELECT id FROM outbox WHERE (SELECT held FROM lock) AND id > :floor
                ORDER BY id LIMIT :limit
            ))
            RETURNING id, {_COLUMNS}
        ),
        counted AS (
            UPDATE counters SET value = value + number
            FROM (SELECT count(*) AS number FROM taken) AS new
            WHERE name = 'events' AND number > 0
            RETURNING value - number AS last
        ),
        moved AS (
            INSERT INTO events (id, {_COLUMNS})
            SELECT last + row_number() OVER (ORDER BY id), {_COLUMNS} FROM taken, counted
        )
        SELECT held, (SELECT count(*) FROM taken), (SELECT max(id) FROM taken),
            CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint),
            CASE WHEN EXISTS (SELECT FROM taken)
                THEN CAST(CAST(pg_current_xact_id() AS text) AS bigint) END
        FROM lock
    """)  # noqa: S608 - names of the schema
