"""Webhooks: endpoints of keys, and the deliveries to them.

An older replica that accepts a request names no endpoint in its task. One that ends a task leaves
the names in its row, and a newer replica tells them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_ID = sa.Uuid(as_uuid=False)
_UNTOLD = sa.text("webhook_ids IS NOT NULL AND state <> 'running'")


def upgrade() -> None:
    """Add a column without values, and two tables."""
    op.add_column("tasks", sa.Column("webhook_ids", sa.Text(), nullable=True))
    op.create_index(
        "tasks_untold", "tasks", ["webhook_ids"], postgresql_where=_UNTOLD, sqlite_where=_UNTOLD
    )
    op.create_table(
        "webhooks",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("key_id", _ID, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.String(length=100), nullable=False),
        sa.Column("always", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.String(length=100), nullable=False),
        sa.Column("old_secret", sa.String(length=100), nullable=True),
        sa.Column("old_secret_until", sa.BigInteger(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("dropped", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("disabled_by", sa.String(length=20), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("webhooks_key", "webhooks", ["key_id", "id"])
    op.create_table(
        "deliveries",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("webhook_id", _ID, nullable=False),
        sa.Column("task_id", _ID, nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=50), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("deliveries_webhook", "deliveries", ["webhook_id", "id"])
    op.create_index("deliveries_sequence", "deliveries", ["webhook_id", "sequence"])
    op.create_index("deliveries_expires_at", "deliveries", ["expires_at"])
    for name, columns, where in (
        ("deliveries_unnumbered", ["created_at"], "sequence IS NULL"),
        ("deliveries_due", ["webhook_id", "due_at"], "due_at IS NOT NULL"),
        ("deliveries_due_at", ["due_at"], "state = 'waiting'"),
        ("deliveries_leased", ["webhook_id", "leased_until"], "leased_until IS NOT NULL"),
    ):
        condition = sa.text(where)
        op.create_index(
            name, "deliveries", columns, postgresql_where=condition, sqlite_where=condition
        )
