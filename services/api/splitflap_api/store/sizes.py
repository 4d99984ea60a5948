"""Sizes of stored values, by the database: it reads no value for them, or hands none over."""

from typing import Any

from sqlalchemy import ColumnElement, Integer, LargeBinary
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class stored_bytes(FunctionElement[int]):  # noqa: N801 - a function of SQL
    """Bytes of a text in UTF-8, or of a binary value; 0 for NULL.

    PostgreSQL looks at the header of a value that is stored out of line, and SQLite at the header
    of a binary value. It reads a text, one row at a time: `octet_length` came with release 3.43.
    """

    type = Integer()
    inherit_cache = True


@compiles(stored_bytes, "sqlite")
def _sqlite(element: Any, compiler: Any, **options: Any) -> str:
    value = compiler.process(element.clauses, **options)
    (column,) = element.clauses
    binary = value if isinstance(column.type, LargeBinary) else f"CAST({value} AS BLOB)"
    return f"coalesce(length({binary}), 0)"


@compiles(stored_bytes, "postgresql")
def _postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"coalesce(octet_length({compiler.process(element.clauses, **options)}), 0)"


def bytes_of(*columns: ColumnElement[Any]) -> ColumnElement[int]:
    """The sum of the sizes of several columns of a row."""
    first, *rest = (stored_bytes(column) for column in columns)
    total: ColumnElement[int] = first
    for each in rest:
        total = total + each
    return total
