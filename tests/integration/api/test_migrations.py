"""The migrations produce the schema of store/schema.py, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from splitflap_api.store import schema
from splitflap_api.store.engine import Store
from splitflap_api.store.migrate import (
    SchemaBehind,
    SchemaUnknown,
    check_schema,
    migrate,
)
from sqlalchemy import inspect, text


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


#: What a later release may have done to the schema, with the obstacle for this release.
LATER = {
    "a new table": ("CREATE TABLE reactions (id INTEGER PRIMARY KEY)", None),
    "a new column": ("ALTER TABLE posts ADD COLUMN mood VARCHAR(36)", None),
    "a mandatory column with a default": (
        "ALTER TABLE posts ADD COLUMN likes INTEGER NOT NULL DEFAULT 0",
        None,
    ),
    "a renamed table": ("ALTER TABLE post_links RENAME TO links", "no table post_links"),
    "a renamed column": ("ALTER TABLE posts RENAME COLUMN html TO body", "no column posts.html"),
}


def as_later(store: Store, *statements: str) -> None:
    """Leave the schema as a later release has it."""
    migrate(store)
    with store.write() as tx:
        for statement in (*statements, "UPDATE alembic_version SET version_num = '9999'"):
            tx.execute(text(statement))


@pytest.mark.parametrize("change", LATER)
def test_an_older_release_uses_a_later_schema_if_it_can(
    empty_store: Store, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Replicas of both releases run during an upgrade. Else the refusal says what is missing."""
    statement, obstacle = LATER[change]
    as_later(empty_store, statement)
    if obstacle is None:
        check_schema(empty_store)
        assert migrate(empty_store) == "9999"
        assert "revision 9999 of a later release; this release can use it" in caplog.text
        return
    for attempt in (check_schema, migrate):
        with pytest.raises(SchemaUnknown, match=obstacle) as refused:
            attempt(empty_store)
        assert "revision 9999, which this release does not know and cannot use" in str(
            refused.value
        )
        assert "see `Downgrade` in docs/operations.md" in str(refused.value)


def test_a_later_mandatory_column_is_refused(empty_store: Store) -> None:
    """This release would insert rows without it."""
    if empty_store.is_sqlite:
        statements = ["DROP TABLE completions", _WITH_MANDATORY_COLUMN]
    else:
        statements = ["ALTER TABLE completions ADD COLUMN kind VARCHAR(20) NOT NULL"]
    as_later(empty_store, *statements)
    with pytest.raises(SchemaUnknown, match=r"a mandatory column completions\.kind"):
        check_schema(empty_store)


_WITH_MANDATORY_COLUMN = """
CREATE TABLE completions (
    job_id CHAR(32) NOT NULL PRIMARY KEY, url TEXT NOT NULL, kind VARCHAR(20) NOT NULL
)
"""


def test_the_database_of_another_program_is_refused(empty_store: Store) -> None:
    """It may have a revision of the same tool. Its tables stay as they are."""
    with empty_store.write() as tx:
        tx.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        tx.execute(text("INSERT INTO alembic_version VALUES ('ae1027a6acf')"))
    with pytest.raises(SchemaUnknown, match="no table "):
        migrate(empty_store)
    with empty_store.read() as tx:
        assert inspect(tx).get_table_names() == ["alembic_version"]
