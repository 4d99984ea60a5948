"""Queries to a back end's database, and waiting for its tasks."""

from collections.abc import Mapping
from typing import Any

import psycopg

from .processes import cpu_seconds_with_ended_children
from .waiting import wait_until


def query(environ: Mapping[str, str], statement: str, *values: Any) -> Any:
    """The first row of a statement, read over a new connection."""
    with psycopg.connect(_url(environ)) as connection:
        return connection.execute(statement.encode(), values).fetchone()


def query_all(environ: Mapping[str, str], statement: str) -> list[Any]:
    """All rows of a statement, read over a new connection."""
    with psycopg.connect(_url(environ)) as connection:
        return connection.execute(statement.encode()).fetchall()


def database_cpu_seconds(environ: Mapping[str, str]) -> float:
    """CPU seconds of the server processes behind the open connections to this database."""
    own = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    return sum(cpu_seconds_with_ended_children(row[0]) for row in query_all(environ, own))


def execute(environ: Mapping[str, str], statements: str) -> None:
    """Run statements over a new connection."""
    with psycopg.connect(_url(environ)) as connection:
        connection.execute(statements.encode())


def wait_drained(environ: Mapping[str, str], timeout: float) -> None:
    """Wait until no task runs.

    Raises:
        WaitTimeout: a task still runs after `timeout` seconds.
    """
    statement = "SELECT count(*) FROM tasks WHERE state = 'running'"
    wait_until(lambda: query(environ, statement)[0] == 0, "the last task", timeout)


def _url(environ: Mapping[str, str]) -> str:
    return environ["SPLITFLAP_DATABASE_URL"].replace("+psycopg", "")
