"""Sessions of browsers and tokens for event streams.

An older replica finds keys only, so it answers 401 to both.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the table, with its indexes."""
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("hash", sa.String(length=64), nullable=False, unique=True),
        sa.Column("key_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("use", sa.String(length=10), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False, server_default=""),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("sessions_key", "sessions", ["key_id", "use", "id"])
    op.create_index("sessions_expires_at", "sessions", ["expires_at"])
