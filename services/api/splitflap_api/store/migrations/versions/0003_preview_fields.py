"""More fields of a preview. An older release leaves them empty."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TEXTS = ("author", "published_at", "language", "type", "icon", "canonical")
_NUMBERS = ("image_width", "image_height")


def upgrade() -> None:
    """Add nullable columns."""
    for name in _TEXTS:
        op.add_column("previews", sa.Column(name, sa.Text(), nullable=True))
    for name in _NUMBERS:
        op.add_column("previews", sa.Column(name, sa.Integer(), nullable=True))
