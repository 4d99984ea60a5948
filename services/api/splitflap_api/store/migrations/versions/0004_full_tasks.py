"""An index of the final responses that are kept, so that a sweep does not read all tombstones."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the index. Tasks cannot be written while it is made, a second for a million of them."""
    full = sa.text("body IS NOT NULL")
    op.create_index("tasks_full", "tasks", ["expires_at"], postgresql_where=full, sqlite_where=full)
