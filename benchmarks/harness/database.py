"""Queries to a back end's database, and waiting for its tasks."""

from collections.abc import Mapping
from typing import Any

import psycopg

from .waiting import wait_until


def query(environ: Mapping[str, str], statement: str, *values: Any) -> Any:
    """The first row of a statement, read over a new connection."""
    with psycopg.connect(_url(environ)) as connection:
        return connection.execute(statement.encode(), values).fetchone()


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
