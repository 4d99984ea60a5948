"""The migrations make what the models say, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from splitflap_api.store import schema
from splitflap_api.store.engine import Store
from splitflap_api.store.migrate import SchemaBehind, check_schema, migrate
from sqlalchemy import inspect


def test_migrated_schema_is_that_of_the_models(empty_store: Store) -> None:
    """No table, column, type, index or key differs."""
    migrate(empty_store)
    with empty_store.write() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_migrating_again_changes_nothing(empty_store: Store) -> None:
    """Every replica and every deployment may do it."""
    first = migrate(empty_store)
    assert migrate(empty_store) == first
    check_schema(empty_store)


def test_database_without_schema_is_refused(empty_store: Store) -> None:
    """It is said which command helps, and nothing is made by looking."""
    with pytest.raises(SchemaBehind, match="splitflap-api migrate"):
        check_schema(empty_store)
    with empty_store.read() as tx:
        assert inspect(tx).get_table_names() == []
