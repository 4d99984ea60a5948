"""Keys limited to channels, posts for other accounts and with a parent, and batches of posts.

An older replica knows no limits of keys: make limited ones after the upgrade. It leaves the parts
of a batch to a newer one, because it does not know their responder.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_HAS_PARENT = sa.text("parent IS NOT NULL")
_IS_PART = sa.text("batch_id IS NOT NULL")


def upgrade() -> None:
    """Add columns without values, and four indexes."""
    op.add_column("keys", sa.Column("channels", sa.Text(), nullable=True))
    op.add_column("tasks", sa.Column("key_id", sa.Uuid(as_uuid=False), nullable=True))
    op.add_column("tasks", sa.Column("channel", sa.String(length=100), nullable=True))
    op.add_column("tasks", sa.Column("batch_id", sa.Uuid(as_uuid=False), nullable=True))
    op.create_index(
        "tasks_batch_id",
        "tasks",
        ["batch_id"],
        postgresql_where=_IS_PART,
        sqlite_where=_IS_PART,
    )
    op.add_column("posts", sa.Column("parent", sa.String(length=200), nullable=True))
    op.add_column("posts", sa.Column("key_id", sa.Uuid(as_uuid=False), nullable=True))
    op.create_index("posts_account", "posts", ["account", "id"])
    op.create_index(
        "posts_channel_account",
        "posts",
        ["channel", "account", "id"],
        postgresql_ops={"channel": "varchar_pattern_ops"},
    )
    op.create_index(
        "posts_parent",
        "posts",
        ["parent", "id"],
        postgresql_where=_HAS_PARENT,
        sqlite_where=_HAS_PARENT,
    )
