"""Alembic brings the schema up to this release.

`splitflap-api migrate` runs it; the embedded database is migrated at the start. A release works
with the schema of its own revision and of later ones, because migrations only add.
"""

import logging
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from splitflap_api.store.engine import Store, is_outage
from splitflap_api.store.schema import metadata

logger = logging.getLogger(__name__)

#: Seconds between two tries to reach the database.
TRY_EVERY = 2.0

#: Obstacles that one message names.
MAX_OBSTACLES = 5

#: Key of PostgreSQL's advisory lock: two migrations run one after the other.
_LOCK = 0x5F1AB


class UnusableSchema(Exception):
    """This release cannot use the schema.

    UnusableSchema
     +-- SchemaBehind
     +-- SchemaUnknown
    """


class SchemaBehind(UnusableSchema):
    """The schema is older than this release: run the migration."""


class SchemaUnknown(UnusableSchema):
    """The schema is of a much later release, or of another program."""


def migrate(store: Store, revision: str = "head") -> str:
    """Bring the schema up to this release, or to a revision; returns the new revision.

    Raises:
        SchemaUnknown: see `check_schema`.
    """
    with store.write() as tx:
        if not store.is_sqlite:
            tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if not _is_current(tx):
            command.upgrade(_config(tx), revision)
        return _revision(tx) or ""


def migrate_with_retries(store: Store, wait: float) -> str:
    """As `migrate`, with retries for `wait` seconds while the database does not answer."""
    give_up_at = time.monotonic() + wait
    while True:
        try:
            return migrate(store)
        except DBAPIError as error:
            if not is_outage(error) or time.monotonic() >= give_up_at:
                raise
            logger.warning(
                "migration: the database did not answer (%s); retrying in %.0f s",
                error.orig,
                TRY_EVERY,
            )
            time.sleep(TRY_EVERY)


def check_schema(store: Store) -> None:
    """Check that this release can use the schema.

    Raises:
        SchemaBehind: a migration is missing.
        SchemaUnknown: the revision is unknown, and this release could not read or insert rows.
    """
    with store.read() as tx:
        if not _is_current(tx):
            found = _revision(tx) or "none"
            raise SchemaBehind(f"the schema is at {found}: run `splitflap-api migrate`")


def _is_current(tx: Connection) -> bool:
    """Whether the schema is at the newest revision known here, or at a later release's.

    Raises:
        SchemaUnknown: see `check_schema`.
    """
    scripts = ScriptDirectory.from_config(_config(tx))
    found = _revision(tx)
    if found is None or found in {each.revision for each in scripts.walk_revisions()}:
        return found == scripts.get_current_head()
    if obstacles := _obstacles(tx):
        raise SchemaUnknown(
            f"the schema is at revision {found}, which this release does not know and cannot use: "
            f"{'; '.join(obstacles[:MAX_OBSTACLES])}. Run the release that wrote it, or restore a "
            "backup of this release, see `Downgrade` in docs/operations.md"
        )
    logger.warning(
        "the schema is at revision %s of a later release; this release can use it", found
    )
    return True


def _obstacles(tx: Connection) -> list[str]:
    """What keeps this release from reading and inserting rows."""
    inspector = inspect(tx)
    there = set(inspector.get_table_names())
    found = [f"no table {name}" for name in metadata.tables if name not in there]
    for name, table in metadata.tables.items():
        if name in there:
            columns = {each["name"]: each for each in inspector.get_columns(name)}
            found += [f"no column {each}" for each in table.c if each.name not in columns]
            found += [
                f"a mandatory column {name}.{each}"
                for each, column in columns.items()
                if each not in table.c and not column["nullable"] and column["default"] is None
            ]
    return found


def _revision(tx: Connection) -> str | None:
    return MigrationContext.configure(tx).get_current_revision()


def _config(tx: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = tx
    return config
