"""The account of a dead letter."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add a nullable column."""
    op.add_column("dead_letters", sa.Column("account", sa.String(length=100), nullable=True))
