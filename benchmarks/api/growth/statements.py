"""What each statement of the service costs the database, by pg_stat_statements."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.harness.database import execute, query_all

#: Settings of a server that counts statements, and fills tables without a log (`fill.py`).
SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}

_COSTS = """
SELECT query, greatest(sum(calls), sum(rows))::bigint,
    sum(shared_blks_hit + shared_blks_read)::bigint, sum(total_exec_time)
FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
WHERE datname = current_database() GROUP BY query
"""


@dataclass(frozen=True)
class Cost:
    """The mean cost of one row of a statement, or of a call without rows: batches differ."""

    count: int
    buffers: float
    ms: float


def start_counting(environ: Mapping[str, str]) -> None:
    """Count the statements of all databases from now on."""
    execute(environ, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    execute(environ, "SELECT pg_stat_statements_reset()")


def costs(environ: Mapping[str, str]) -> dict[str, Cost]:
    """The costs of a database's statements since the start of counting."""
    rows = query_all(environ, _COSTS)
    return {
        " ".join(statement.split()): Cost(count, buffers / count, ms / count)
        for statement, count, buffers, ms in rows
    }


def grown(
    small: Mapping[str, Cost], large: Mapping[str, Cost], factor: float, least: float
) -> dict[str, tuple[Cost, Cost]]:
    """The statements that read `factor` times as many buffers in the large database.

    Those with fewer than `least` more buffers are left out: an index has a level more.
    """
    return {
        statement: (small[statement], cost)
        for statement, cost in sorted(large.items(), key=lambda each: -each[1].buffers)
        if statement in small
        and cost.buffers > max(factor * small[statement].buffers, small[statement].buffers + least)
    }
