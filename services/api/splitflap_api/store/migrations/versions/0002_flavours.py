"""Columns for the flavour of a post, and for the names and the excerpt that the renderer finds.

The release before this one leaves them empty: its posts are Markdown.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns to posts."""
    op.add_column(
        "posts",
        sa.Column("flavour", sa.String(length=20), nullable=False, server_default="markdown"),
    )
    for name in ("mentions", "channels", "excerpt"):
        op.add_column("posts", sa.Column(name, sa.Text(), nullable=True))
