"""The schema, brought up to this release by Alembic.

`splitflap-api migrate` does it; the embedded database is migrated at the start. A release reads
the schema of its own revision and of later ones, which only add.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from splitflap_api.store.engine import Store

#: Key of the advisory lock under which PostgreSQL is migrated, so that two jobs take turns.
_LOCK = 0x5F1AB


class SchemaBehind(Exception):
    """The database lacks what this release needs: it has to be migrated."""


def migrate(store: Store) -> str:
    """Bring the schema up to this release; returns its revision."""
    with store.write() as tx:
        if not store.is_sqlite:
            tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if not _is_current(tx):
            command.upgrade(_config(tx), "head")
        return _revision(tx) or ""


def check_schema(store: Store) -> None:
    """Raises SchemaBehind where a migration is missing."""
    with store.read() as tx:
        if not _is_current(tx):
            found = _revision(tx) or "none"
            raise SchemaBehind(f"the schema is at {found}: run `splitflap-api migrate`")


def _is_current(tx: Connection) -> bool:
    """At the newest revision known here, or at one that only a later release knows."""
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
