"""The history of the last hour, and the audit.

An older replica writes neither. Its counts are missing until it is upgraded.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_COUNTS = (
    *("accepted", "finished", "failed", "refused"),
    *("render_done", "scrape_done", "render_published", "scrape_published", "streams"),
)
_GAUGES = (
    *("running", "render_waiting", "scrape_waiting", "render_oldest", "scrape_oldest", "dead"),
)


def upgrade() -> None:
    """Add two tables, with an index."""
    op.create_table(
        "history",
        sa.Column("step", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("replica", sa.String(length=20), primary_key=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0") for name in _COUNTS),
        *(sa.Column(name, sa.Double(), nullable=True) for name in _GAUGES),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(length=100), nullable=False),
        sa.Column("key_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("session_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("action", sa.String(length=30), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
    )
    op.create_index("audit_at", "audit", ["at"])
