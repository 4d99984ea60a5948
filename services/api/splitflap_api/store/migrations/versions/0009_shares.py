"""Jobs belong to an account, and may wait in the database for its turn.

An older replica gives its jobs no account. It leaves held jobs alone, because they are not due.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_HELD = sa.text("held")
_RELEASED = sa.text("NOT held")


def upgrade() -> None:
    """Add columns with defaults, two indexes and two tables."""
    op.add_column(
        "jobs", sa.Column("account", sa.String(length=100), nullable=False, server_default="")
    )
    for name in ("low", "held", "express"):
        op.add_column(
            "jobs", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.create_index(
        "jobs_held",
        "jobs",
        ["kind", "low", "account", "id"],
        postgresql_where=_HELD,
        sqlite_where=_HELD,
    )
    op.create_index(
        "jobs_released",
        "jobs",
        ["kind", "account", "id"],
        postgresql_where=_RELEASED,
        sqlite_where=_RELEASED,
    )
    op.create_table(
        "shares",
        sa.Column("kind", sa.String(length=20), primary_key=True),
        sa.Column("account", sa.String(length=100), primary_key=True),
        sa.Column("low", sa.Boolean(), primary_key=True),
        sa.Column("deficit", sa.Double(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("used", sa.Double(), nullable=False),
        sa.Column("jobs", sa.Double(), nullable=False),
        sa.Column("overdue", sa.Double(), nullable=False, server_default="0"),
        sa.Column("overdue_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("shares_updated_at", "shares", ["updated_at"])
    op.create_table(
        "capacities",
        sa.Column("kind", sa.String(length=20), primary_key=True),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("express", sa.Boolean(), nullable=False),
        sa.Column("last_turn", sa.String(length=100), nullable=False, server_default=""),
        sa.Column("last_low_turn", sa.String(length=100), nullable=False, server_default=""),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
    )
