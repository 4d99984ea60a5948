"""A column for the line breaks of a post.

Posts of earlier releases were rendered without them, and older replicas still render so. Therefore
the default is off.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column to posts. The default is constant, so no row is written."""
    op.add_column(
        "posts", sa.Column("breaks", sa.Boolean(), nullable=False, server_default=sa.false())
    )
