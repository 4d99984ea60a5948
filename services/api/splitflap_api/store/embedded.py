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

#: Those for a file that this process may not open.
_NOT_OPENED = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}

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
    return _code(error) in _DAMAGED


def check_readable(path: Path) -> None:
    """Read the list of tables, if there is a file.

    Raises:
        DatabaseDamaged: it is unreadable.
        OSError: it cannot be opened: it is a folder, or belongs to another user.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise DatabaseDamaged(path, error) from error
        if _code(error) in _NOT_OPENED:
            raise OSError(f"{error}: {path}") from error


def _code(error: BaseException) -> int | None:
    """The primary result code of an error of SQLite."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & _PRIMARY if isinstance(code, int) else None
