"""Many rows, or many keys, in one statement.

PostgreSQL gets all rows as one JSON parameter (json_populate_recordset). A statement for each row,
even pipelined, costs this process ten times as much. A list of parameters costs six times as much,
and one more prepared statement for each length. SQLite prepares once and runs for each row.

Lock the rows before an update or a delete: one statement locks its rows in any order.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    Table,
    TextClause,
    Uuid,
    bindparam,
    delete,
    insert,
    text,
    update,
)
from sqlalchemy.dialects import postgresql

Row = dict[str, Any]


def insert_rows(tx: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that name the same columns."""
    if not rows:
        return
    if tx.dialect.name == "sqlite":
        tx.execute(insert(table), rows)
    else:
        tx.execute(_insert(table, tuple(rows[0])), {"rows": _json(rows)})


#: Tables, each with rows.
TableRows = Sequence[tuple[Table, Sequence[Row]]]


def write_all(tx: Connection, inserts: TableRows, deletes: TableRows) -> None:
    """Delete rows with these values from several tables, and insert rows into several tables.

    On PostgreSQL it is one statement, for one round trip. So no inserted row may have the key of a
    deleted one.
    """
    given = {
        f"{verb}_{table.name}": (verb, table, rows)
        for verb, tables in (("delete", deletes), ("insert", inserts))
        for table, rows in tables
        if rows
    }
    if tx.dialect.name == "sqlite":
        for verb, table, rows in given.values():
            (_delete_each if verb == "delete" else insert_rows)(tx, table, rows)
    elif given:
        shape = tuple((verb, table, tuple(rows[0])) for verb, table, rows in given.values())
        tx.execute(_write_all(shape), {name: _json(rows) for name, (*_, rows) in given.items()})


def update_rows(tx: Connection, table: Table, keys: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Set the columns of the table's rows with the same keys."""
    if not rows:
        return
    columns = tuple(rows[0])
    if tx.dialect.name == "sqlite":
        tx.execute(_update_one(table, keys, columns), [_prefixed(row) for row in rows])
    else:
        tx.execute(_update(table, keys, columns), {"rows": _json(rows)})


def upsert_rows(
    tx: Connection,
    table: Table,
    keys: tuple[str, ...],
    rows: Sequence[Row],
    *,
    update: bool = True,
) -> None:
    """Insert rows in this order. With `update`, set the columns of those with the same keys."""
    if not rows:
        return
    sqlite = tx.dialect.name == "sqlite"
    statement = _upsert(table, keys, tuple(rows[0]), sqlite=sqlite, update=update)
    tx.execute(statement, rows if sqlite else {"rows": _json(rows)})


def among(tx: Connection, column: Column[Any], values: Iterable[Any]) -> TextClause:
    """The condition `column IN values`."""
    sqlite = tx.dialect.name == "sqlite"
    if sqlite and isinstance(column.type, Uuid):
        values = [value.replace("-", "") for value in values]
    clause, name = _among(column, sqlite=sqlite)
    return clause.bindparams(**{name: as_json(list(values))})


def as_json(value: Any) -> str:
    """A value as a parameter of PostgreSQL's JSON functions."""
    return msgspec.json.encode(value).decode()


def _json(rows: Sequence[Row]) -> str:
    if any(isinstance(value, bytes) for value in rows[0].values()):
        rows = [{name: _bytes_as_json(value) for name, value in row.items()} for row in rows]
    return as_json(rows)


def _bytes_as_json(value: Any) -> Any:
    """Bytes as PostgreSQL's bytea text; msgspec would write base64."""
    return f"\\x{value.hex()}" if isinstance(value, bytes) else value


def _delete_each(tx: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Delete rows with these values on SQLite."""
    tx.execute(_delete_one(table, tuple(rows[0])), [_prefixed(row) for row in rows])


def _prefixed(row: Row) -> Row:
    """SQLAlchemy reserves the columns' own names as parameters."""
    return {f"_{name}": value for name, value in row.items()}


@cache
def _among(column: Column[Any], *, sqlite: bool) -> tuple[TextClause, str]:
    where, name = f"{column.table.name}.{column.name}", f"among_{column.name}"
    if sqlite:
        return text(f"{where} IN (SELECT value FROM json_each(:{name}))"), name  # noqa: S608 - names of the schema
    kind = column.type.compile(postgresql.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy's
    elements = f"SELECT CAST(json_array_elements_text(CAST(:{name} AS json)) AS {kind})"
    return text(f"{where} = ANY(ARRAY({elements}))"), name


@cache
def _insert(table: Table, columns: tuple[str, ...]) -> TextClause:
    return text(_inserting(table, columns))


def _inserting(table: Table, columns: tuple[str, ...], parameter: str = "rows") -> str:
    names = ", ".join(columns)
    return f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {_given(table, parameter)}"  # noqa: S608 - names of the schema


@cache
def _write_all(shape: tuple[tuple[str, Table, tuple[str, ...]], ...]) -> TextClause:
    parts = []
    for verb, table, columns in shape:
        name = f"{verb}_{table.name}"
        statement = (_deleting if verb == "delete" else _inserting)(table, columns, name)
        parts.append(f"{name} AS ({statement})")
    # The main query runs first: store/outbox.py needs the transaction's number before the keys.
    return text(f"WITH {', '.join(parts)} SELECT pg_current_xact_id()")


@cache
def _update(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> TextClause:
    values = ", ".join(f"{name} = given.{name}" for name in columns if name not in keys)
    where = _same(table, keys)
    return text(f"UPDATE {table.name} SET {values} FROM {_given(table)} WHERE {where}")  # noqa: S608 - as above


@cache
def _upsert(
    table: Table, keys: tuple[str, ...], columns: tuple[str, ...], *, sqlite: bool, update: bool
) -> TextClause:
    names = ", ".join(columns)
    values = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in keys)
    given = ", ".join(f":{name}" for name in columns)
    source = f"VALUES ({given})" if sqlite else f"SELECT {names} FROM {_given(table)}"  # noqa: S608 - names of the schema
    return text(
        f"INSERT INTO {table.name} ({names}) {source} "
        f"ON CONFLICT ({', '.join(keys)}) DO {f'UPDATE SET {values}' if update else 'NOTHING'}"
    )


def _deleting(table: Table, keys: tuple[str, ...], parameter: str) -> str:
    given = _given(table, parameter)
    return f"DELETE FROM {table.name} USING {given} WHERE {_same(table, keys)}"  # noqa: S608 - as above


def _given(table: Table, parameter: str = "rows") -> str:
    return f"json_populate_recordset(NULL::{table.name}, CAST(:{parameter} AS json)) AS given"


def _same(table: Table, keys: tuple[str, ...]) -> str:
    return " AND ".join(f"{table.name}.{key} = given.{key}" for key in keys)


@cache
def _update_one(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> Any:
    values: Any = {name: bindparam(f"_{name}") for name in columns if name not in keys}
    return update(table).where(*_equal(table, keys)).values(values)


@cache
def _delete_one(table: Table, keys: tuple[str, ...]) -> Any:
    return delete(table).where(*_equal(table, keys))


def _equal(table: Table, keys: tuple[str, ...]) -> list[Any]:
    return [table.c[key] == bindparam(f"_{key}") for key in keys]
