"""A job with a message at the broker has no due time, and its wait has no deadline.

A dead letter has an account. Older replicas leave it empty.

The column `deadline` stays for one release, because replicas of the old release write it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns of waits and the account, and let `due_at` be empty."""
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("returns", sa.Integer(), nullable=False, server_default="0"))
        jobs.add_column(sa.Column("begun", sa.Integer(), nullable=False, server_default="0"))
        jobs.add_column(sa.Column("waiting_since", sa.BigInteger(), nullable=True))
        jobs.add_column(sa.Column("first_dispatched_at", sa.BigInteger(), nullable=True))
        jobs.alter_column("due_at", existing_type=sa.BigInteger(), nullable=True)
    due = sa.text("due_at IS NOT NULL")
    op.create_index("jobs_due", "jobs", ["due_at"], postgresql_where=due, sqlite_where=due)
    op.drop_index("jobs_due_at", "jobs")
    op.execute(
        "UPDATE jobs SET first_dispatched_at = dispatched_at WHERE dispatched_at IS NOT NULL"
    )
    op.add_column("dead_letters", sa.Column("account", sa.String(length=100), nullable=True))
    op.create_index("dead_letters_created_at", "dead_letters", ["created_at"])
    waiting = sa.text("replayed_at IS NULL")
    op.create_index(
        "dead_letters_waiting",
        "dead_letters",
        ["id"],
        postgresql_where=waiting,
        sqlite_where=waiting,
    )
