"""More fields of a preview. An older release leaves them empty."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_TEXTS = ("image_alt", "card", "player", "price", "currency", "availability")
_NUMBERS = ("player_width", "player_height")


def upgrade() -> None:
    """Add nullable columns. A file may have more bytes than an Integer of PostgreSQL."""
    for name in _TEXTS:
        op.add_column("previews", sa.Column(name, sa.Text(), nullable=True))
    for name in _NUMBERS:
        op.add_column("previews", sa.Column(name, sa.Integer(), nullable=True))
    op.add_column("previews", sa.Column("sensitive", sa.Boolean(), nullable=True))
    op.add_column("previews", sa.Column("file_size", sa.BigInteger(), nullable=True))
