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
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from splitflap_api.store.engine import Store, is_outage

logger = logging.getLogger(__name__)

#: Seconds between two tries to reach the database.
TRY_EVERY = 2.0

#: Key of PostgreSQL's advisory lock: two migrations run one after the other.
_LOCK = 0x5F1AB


class SchemaBehind(Exception):
    """The schema is older than this release: run the migration."""


def migrate(store: Store) -> str:
    """Bring the schema up to this release; returns the new revision."""
    with store.write() as tx:
        if not store.is_sqlite:
            tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if not _is_current(tx):
            command.upgrade(_config(tx), "head")
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
    """Raise SchemaBehind if a migration is missing."""
    with store.read() as tx:
        if not _is_current(tx):
            found = _revision(tx) or "none"
            raise SchemaBehind(f"the schema is at {found}: run `splitflap-api migrate`")


def _is_current(tx: Connection) -> bool:
    """Whether the schema is at the newest revision known here, or at a later release's."""
    scripts = ScriptDirectory.from_config(_config(tx))
    known = {each.revision for each in scripts.walk_revisions()}
    found = _revision(tx)
    return found is not None and (found == scripts.get_current_head() or found not in known)


def _revision(tx: Connection) -> str | None:
    return MigrationContext.configure(tx).get_current_revision()


def _config(tx: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = tx
    return config
