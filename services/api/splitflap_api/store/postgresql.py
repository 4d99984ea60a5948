"""Connections to PostgreSQL: their limits of time, on the server's side and on this one."""

from collections.abc import Generator
from typing import Any

import psycopg
from psycopg.abc import RV
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, create_engine, event, make_url

#: Seconds to connect, and to wait for a free connection of the pool.
_CONNECT_TIMEOUT = 5

#: A silent peer counts as dead after 10 s (libpq's parameters: seconds; the last one milliseconds).
_CONNECT_ARGS = {
    "connect_timeout": _CONNECT_TIMEOUT,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

#: Limits of one statement, of its wait for a lock, and of an idle transaction. The server keeps
#: them.
_SERVER_TIMEOUTS = {
    "statement_timeout": "15s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "30s",
}

#: Seconds to wait for an answer: longer than the server's own limit, shorter than a request waits
#: (loops/batcher.py, MAX_WAIT). The kernel of a frozen server still answers on the network, so no
#: timeout of TCP ends the wait.
ANSWER_TIMEOUT = 18.0


class TimedConnection(psycopg.Connection[Any]):
    """Waits ANSWER_TIMEOUT for each answer. Without one it closes, and the pool replaces it."""

    def wait(
        self,
        gen: Generator[Any, Any, RV],
        interval: float = 0.1,
        timeout: float | None = None,
    ) -> RV:
        """Wait for an answer.

        Raises:
            OperationalError: it did not come in time.
        """
        try:
            return super().wait(gen, interval, ANSWER_TIMEOUT if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if timeout is None and self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                # The next statement would take the late answer for its own.
                self.pgconn.finish()
                raise psycopg.OperationalError(
                    f"no answer within {ANSWER_TIMEOUT:g} s; the connection was closed"
                ) from error
            raise


def engine_of(database_url: str, pool: int) -> Engine:
    """An engine with at most `pool` connections."""
    engine = create_engine(
        make_url(database_url).set(drivername="postgresql+psycopg"),
        pool_size=pool,
        max_overflow=0,
        pool_timeout=_CONNECT_TIMEOUT,
        connect_args=_CONNECT_ARGS,
        # Errors are logged. Parameters are texts, and secrets of webhooks.
        hide_parameters=True,
    )
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "connect", _configure)
    return engine


def _connect(_dialect: Any, _record: Any, args: Any, options: Any) -> TimedConnection:
    return TimedConnection.connect(*args, **options)


def _configure(connection: Any, _record: Any) -> None:
    for name, value in _SERVER_TIMEOUTS.items():
        connection.execute(f"SET {name} = '{value}'")
    connection.commit()
