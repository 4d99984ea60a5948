"""SQLite and PostgreSQL behind one class: transactions, and one clock, the database's.

SQLite has one writer. The writes of this process queue at a lock: a green thread that waited inside
SQLite would block the green thread with the open transaction too.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, ExceptionContext, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from splitflap_api.store.embedded import DATABASE_FILE, DatabaseDamaged, is_damage

#: Milliseconds since the epoch, by each database. The time of the statement, because the start of
#: the transaction is old after a wait for locks. SQLite's days are not exact, hence the rounding.
_NOW = {
    "sqlite": "SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)",
    "postgresql": "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
}

#: Seconds for which this process computes the database's clock from its own monotonic clock. Quartz
#: drifts by 0.1 ms in that time, and each query of the clock costs a round trip.
_CLOCK_KNOWN_FOR = 5.0

#: The settings of an SQLite connection. It waits up to 5000 ms for another process's write, for
#: example a migration.
# Debian's SQLite overwrites deleted pages, so deleting 40 MB held the process for 0.1 s of CPU.
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=5000",
    "secure_delete=FAST",
)

#: Classes of SQLSTATE: a rollback because of another transaction; and data beyond a limit of
#: PostgreSQL, such as an index row above 2,704 bytes, which psycopg counts as an OperationalError.
_CONFLICT = "40"
_PROGRAM_LIMIT = "54"


class Store:
    """Transactions on one database."""

    def __init__(self, database_url: str | None, data_dir: str, pool: int) -> None:
        if database_url:
            # psycopg is imported here, because the embedded mode does without it.
            from splitflap_api.store.postgresql import engine_of

            self._engine = engine_of(database_url, pool)
            self._writing: Any = nullcontext()
            self._reading_large: Any = nullcontext()
        else:
            self._path = Path(data_dir) / DATABASE_FILE
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._engine = create_engine(f"sqlite:///{self._path}", hide_parameters=True)
            event.listen(self._engine, "connect", _configure_sqlite)
            event.listen(self._engine, "handle_error", self._report_damage)
            event.listen(self._engine, "begin", _begin_immediate)
            self._writing = threading.Lock()
            self._reading_large = threading.Lock()
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._now = text(_NOW[self._engine.dialect.name])
        self._clock = _Clock()
        # A failover may bring another machine's clock.
        event.listen(self._engine, "connect", lambda *_: self._clock.forget())

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, the embedded default."""
        return self._engine.dialect.name == "sqlite"

    @property
    def url(self) -> str:
        """The database's URL with its password."""
        return self._engine.url.render_as_string(hide_password=False)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: committed at the end of the block, rolled back when the block raises."""
        with self._writing, self._engine.begin() as tx:
            yield tx

    def statement(self) -> AbstractContextManager[Connection]:
        """One writing statement as its own transaction, for one round trip instead of four.

        On SQLite, in this process, it may be several statements.
        """
        return self.write() if self.is_sqlite else self.read()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Reading statements, each on the committed state."""
        with self._autocommit.connect() as tx:
            yield tx

    @contextmanager
    def read_large(self) -> Iterator[Connection]:
        """As `read`, for megabytes. SQLite reads them in this thread, a few ms each.

        So one caller reads at a time, and other threads run before the next one.
        """
        with self._reading_large:
            with self.read() as tx:
                yield tx
            if self.is_sqlite:
                time.sleep(0)

    def now(self, tx: Connection) -> int:
        """Milliseconds since the epoch by the database's clock."""
        known = self._clock.now()
        if known is None:
            asked_at = time.monotonic()
            known = int(tx.execute(self._now).scalar_one())
            self._clock.set(known, asked_at)
        return known

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _report_damage(self, context: ExceptionContext) -> None:
        if is_damage(context.original_exception):
            raise DatabaseDamaged(self._path, context.original_exception)


class _Clock:
    """The database's clock, computed from this process's monotonic clock for a while."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._known_until = 0.0

    def now(self) -> int | None:
        now = time.monotonic()
        return int(now * 1000 + self._offset) if now < self._known_until else None

    def set(self, milliseconds: int, asked_at: float) -> None:
        """A late answer makes the clock slow, at most by its delay."""
        self._offset = milliseconds - time.monotonic() * 1000
        self._known_until = asked_at + _CLOCK_KNOWN_FOR

    def forget(self) -> None:
        self._known_until = 0.0


def is_outage(error: BaseException) -> bool:
    """Whether the database is at fault, and not the data: down, full, damaged, or too busy."""
    if isinstance(error, PoolTimeout | DatabaseDamaged):
        return True
    if _sqlstate(error).startswith(_PROGRAM_LIMIT):
        return False
    return (
        isinstance(error, DBAPIError)
        and (error.connection_invalidated or isinstance(error, OperationalError))
        and not is_conflict(error)
    )


def is_conflict(error: BaseException) -> bool:
    """Whether another transaction was in the way (SQLSTATE class 40): a retry may succeed."""
    return _sqlstate(error).startswith(_CONFLICT)


def _sqlstate(error: BaseException) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # SQLAlchemy begins the transactions, not the driver.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    # A transaction with a read before its first write could fail in the middle (SQLITE_BUSY).
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
