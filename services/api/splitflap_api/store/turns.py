"""Long reads and changes in turns with other threads."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, CursorResult, Delete, Update

from splitflap_api.store.bulk import among

#: Rows of one turn. A row of SQLite with megabytes takes 0.5 ms, even if only its last column is
#: wanted.
ROWS = 32

#: Rows of one turn that are deleted or emptied: 0.7 ms for a row of SQLite with two megabytes.
CHANGED = 16


def in_turns(tx: Connection, result: CursorResult[Any]) -> Iterator[Any]:
    """The rows of a result. SQLite reads them in this thread, so others run between two turns."""
    sqlite = tx.dialect.name == "sqlite"
    for number, row in enumerate(result.mappings(), 1):
        yield row
        if sqlite and number % ROWS == 0:
            time.sleep(0)


def change_in_turns(
    tx: Connection, change: Delete | Update, key: Column[Any], keys: Sequence[Any]
) -> None:
    """Delete or update the rows with these keys. On SQLite, others run between two turns."""
    step = CHANGED if tx.dialect.name == "sqlite" else max(1, len(keys))
    for first in range(0, len(keys), step):
        if first:
            time.sleep(0)
        tx.execute(change.where(among(tx, key, keys[first : first + step])))
