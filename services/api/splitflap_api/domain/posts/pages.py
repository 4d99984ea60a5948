"""Lists of posts."""

from sqlalchemy import Connection, select

from splitflap_api.contract import models
from splitflap_api.domain.posts.shapes import shape_posts
from splitflap_api.store.schema import posts


def page(tx: Connection, channel: str | None, after: str | None, limit: int) -> list[models.Post]:
    """Posts of one channel or of all, newest first, from the one created before `after`."""
    wanted = select(posts).order_by(posts.c.id.desc()).limit(limit)
    if channel is not None:
        wanted = wanted.where(posts.c.channel == channel)
    if after is not None:
        wanted = wanted.where(posts.c.id < after)
    return shape_posts(tx, list(tx.execute(wanted).mappings()))
