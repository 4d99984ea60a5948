"""Fills a PostgreSQL database with the rows of finished posts, by statements over whole tables.

The server must run with `wal_level = minimal`: an INSERT into a table that the same transaction
truncated then writes no log, and ten million posts take minutes.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psycopg

#: A text of ordinary length, and one for a run with less disk.
TEXT, SHORT_TEXT = 189, 40

#: Milliseconds over which the posts are spread: one day, the retention of events and responses.
DAY = 86_400_000

#: A table's indexes are dropped before, and built afterwards.
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes LEFT JOIN pg_constraint ON conname = indexname
WHERE schemaname = 'public' AND tablename = %s AND conname IS NULL
"""

#: The ids are UUIDs of version 7: their first 48 bits are the time in milliseconds (RFC 9562).
_PREPARE = """
CREATE FUNCTION at(i bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
    'SELECT {start} + i * {day} / {posts}';
CREATE FUNCTION uuid7(ms bigint, what text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(ms), 12, '0') || '7' || substr(md5(what), 1, 3)
        || '8' || substr(md5(what), 4, 15))::uuid
$$;
CREATE FUNCTION post(i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT uuid7(at(i), 'p' || i)
$$;
CREATE FUNCTION task(i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT uuid7(at(i), 't' || i)
$$;
"""

#: There are 100 channels and 97 accounts. A fifth of the posts has a link, and two posts share each
#: URL. Tasks keep their final responses without the HTML (the state `split`).
_ROWS = {
    "posts": """
INSERT INTO posts (id, channel, account, text, html, mentions, channels, excerpt, state, revision,
        created_at, updated_at)
    SELECT post(i), 'channel' || i % 100, 'account' || i % 97, repeat('x', {text}),
        '<p>' || repeat('x', {text}) || '</p>', '[]', '[]', repeat('x', least({text}, 100)),
        'complete', 1, at(i), at(i) FROM generate_series(1::bigint, {posts}) AS i""",
    "tasks": """
INSERT INTO tasks (id, account, finish, subject, revision, state, pending, total, created_at,
        expires_at, status, headers, body, html_post, html_bytes)
    SELECT task(i), 'account' || i % 97, 'created_post', post(i), 1, 'split', 0, 1, at(i),
        at(i) + {day}, 201,
        '[["Location","/v1/posts/' || post(i) || '"],["ETag","\\"0123456789abcdef\\""]]',
        convert_to(repeat('x', 350 + 2 * {text}), 'UTF8'), post(i), {text} + 7
        FROM generate_series(1::bigint, {posts}) AS i""",
    "post_links": """
INSERT INTO post_links (post_id, position, url)
    SELECT post(5 * i), 0, 'https://site' || i % 1000 || '.example/articles/' || i / 2
        FROM generate_series(1::bigint, {posts} / 5) AS i""",
    "previews": """
INSERT INTO previews (url, state, title, description, fetched_at, expires_at)
    SELECT url, 'ready', repeat('t', 60), repeat('d', 200), {start} + {day}, {start} + 2 * {day}
        FROM (SELECT DISTINCT url FROM post_links) AS urls""",
    "events": """
INSERT INTO events (id, channel, kind, data, created_at)
    SELECT 3 * (i - 1) + step, 'channel' || i % 100, (ARRAY['accepted', 'rendered', 'done'])[step],
        '{{"post":"' || post(i) || '","channel":"channel' || i % 100 || '","revision":1,"task":"'
        || task(i) || '"}}', at(i)
        FROM generate_series(1::bigint, {posts}) AS i, generate_series(1, 3) AS step""",
}

_COUNT = "UPDATE counters SET value = 3 * {posts} WHERE name = 'events'"


def fill(environ: Mapping[str, str], posts: int, text: int) -> None:
    """Fill an empty database with `posts` finished posts of `text` characters."""
    url = environ["SPLITFLAP_DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        _yield_to_others(connection)
        start = _one(connection, "SELECT (extract(epoch FROM now()) * 1000)::bigint") - DAY
        values = {"posts": posts, "text": text, "start": start, "day": DAY}
        connection.execute(_PREPARE.format(**values).encode())
        for table, rows in _ROWS.items():
            _fill_table(connection, table, rows.format(**values))
        connection.execute(_COUNT.format(**values).encode())
        connection.execute(b"VACUUM (ANALYZE)")
        connection.execute(b"CHECKPOINT")


def _fill_table(connection: psycopg.Connection[Any], table: str, rows: str) -> None:
    with connection.transaction():
        indexes = connection.execute(_INDEXES.encode(), (table,)).fetchall()
        connection.execute(f"TRUNCATE {table} CASCADE".encode())
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}".encode())
        connection.execute(rows.encode())
        for _, definition in indexes:
            connection.execute(definition.encode())


def _yield_to_others(connection: psycopg.Connection[Any]) -> None:
    """Give the fill what other processes leave of the CPUs, and skip the check of each link."""
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, _one(connection, "SELECT pg_backend_pid()"), 15)
    connection.execute(b"SET session_replication_role = replica")
    connection.execute(b"SET maintenance_work_mem = '512MB'")
    connection.execute(b"SET max_parallel_maintenance_workers = 0")


def _one(connection: psycopg.Connection[Any], statement: str) -> int:
    row = connection.execute(statement.encode()).fetchone()
    assert row
    return int(row[0])
