"""The migrations produce the schema of store/schema.py, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from splitflap_api.store import schema
from splitflap_api.store.engine import Store
from splitflap_api.store.migrate import SchemaBehind, check_schema, migrate
from sqlalchemy import inspect


def test_the_migrated_schema_is_the_declared_one(empty_store: Store) -> None:
    """Tables, columns, types, indexes and keys are equal."""
    migrate(empty_store)
    with empty_store.write() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_a_second_migration_changes_nothing(empty_store: Store) -> None:
    """Every deployment may run it."""
    first = migrate(empty_store)
    assert migrate(empty_store) == first
    check_schema(empty_store)


def test_a_database_without_a_schema_is_refused(empty_store: Store) -> None:
    """The error names the command; the check creates no table."""
    with pytest.raises(SchemaBehind, match="splitflap-api migrate"):
        check_schema(empty_store)
    with empty_store.read() as tx:
        assert inspect(tx).get_table_names() == []
