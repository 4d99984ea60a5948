"""Long reads in turns with other threads."""

import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, CursorResult

#: Rows of one turn. A row of SQLite with megabytes takes 0.5 ms, even if only its last column is
#: wanted.
ROWS = 32


def in_turns(tx: Connection, result: CursorResult[Any]) -> Iterator[Any]:
    """The rows of a result. SQLite reads them in this thread, so others run between two turns."""
    sqlite = tx.dialect.name == "sqlite"
    for number, row in enumerate(result.mappings(), 1):
        yield row
        if sqlite and number % ROWS == 0:
            time.sleep(0)
