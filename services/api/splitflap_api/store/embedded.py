"""The embedded database's file: its place, and damage to it.

This module imports no SQLAlchemy: the arbiter checks the file before it forks the worker.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

#: The file of the database in the data folder.
DATABASE_FILE = "splitflap.db"

#: SQLite's primary result codes for a file that is no database any more.
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

#: Bits of an extended result code that hold the primary one.
_PRIMARY = 0xFF


class DatabaseDamaged(Exception):
    """The file is no database, or a part of it is unreadable. A retry changes nothing."""

    def __init__(self, path: Path, error: BaseException) -> None:
        super().__init__(
            f"the database {path} is damaged ({error}): stop the service and restore a backup, "
            "see `Restore SQLite` in docs/operations.md"
        )


def is_damage(error: BaseException) -> bool:
    """Whether SQLite reports a damaged file."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & _PRIMARY in _DAMAGED


def check_readable(path: Path) -> None:
    """Read the list of tables, if there is a file.

    Raises:
        DatabaseDamaged: it is unreadable.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise DatabaseDamaged(path, error) from error
