"""An index of kept final responses: a sweep then skips the tombstones."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the index. This blocks writes of tasks for about one second per million tasks."""
    full = sa.text("body IS NOT NULL")
    op.create_index("tasks_full", "tasks", ["expires_at"], postgresql_where=full, sqlite_where=full)
