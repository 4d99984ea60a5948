"""The slow query through several drivers of PostgreSQL: /db/psycopg, /db/psycopg2, /db/pg8000.

psycopg and psycopg2 wait in C, where no patch reaches them. With TALK_WAIT_CALLBACK, psycopg2 waits
in Python. psycopg 3 has a variable of its own for that, PSYCOPG_WAIT_FUNC. pg8000 is Python alone.
"""

import os
import select
from functools import cache
from typing import Any

import psycopg2
from flask import request
from psycopg2 import extensions
from sqlalchemy import Engine, create_engine, make_url, text

from benchmarks.talk.app import QUERY_SECONDS, app


@cache
def engine(driver: str) -> Engine:
    """The pool of a driver's connections."""
    url = make_url(os.environ["TALK_DATABASE_URL"])
    return create_engine(url.set(drivername=f"postgresql+{driver}"))


@app.get("/db/<driver>")
def db_with(driver: str) -> str:
    """Wait for a database, as /db does."""
    query = text("SELECT CAST(:number AS integer) FROM pg_sleep(:seconds)")
    values = {"number": int(request.args["number"]), "seconds": QUERY_SECONDS}
    with engine(driver).connect() as connection:
        return str(connection.execute(query, values).scalar_one())


def wait(connection: Any) -> None:
    """Wait until the connection has its answer. The patched `select` lets other threads run."""
    while (state := connection.poll()) != extensions.POLL_OK:
        if state == extensions.POLL_READ:
            select.select([connection.fileno()], [], [])
        elif state == extensions.POLL_WRITE:
            select.select([], [connection.fileno()], [])
        else:
            raise psycopg2.OperationalError(f"poll returned {state}")


if os.environ.get("TALK_WAIT_CALLBACK"):
    extensions.set_wait_callback(wait)
