"""Lists of posts: a page ends at a number of posts, or at a number of bytes."""

from sqlalchemy import Connection, select

from splitflap_api.contract import models
from splitflap_api.domain.posts.shapes import read_posts
from splitflap_api.domain.posts.sizes import SIZE
from splitflap_api.domain.preview_urls import PreviewUrls
from splitflap_api.store.schema import posts


def page(
    tx: Connection,
    channel: str | None,
    after: str | None,
    limit: int,
    max_bytes: int,
    urls: PreviewUrls,
) -> tuple[list[models.Post], bool]:
    """Posts of one channel or of all, newest first, from the one created before `after`.

    Also tells whether there are more. A page has at least one post, unless there is none.
    """
    while True:
        ids, more = _fitting(tx, channel, after, limit, max_bytes)
        found = read_posts(tx, ids, urls)
        if found or not more:
            return [found[post_id] for post_id in ids if post_id in found], more
        # All of them were deleted since the read of their sizes.
        after = ids[-1]


def _fitting(
    tx: Connection, channel: str | None, after: str | None, limit: int, max_bytes: int
) -> tuple[list[str], bool]:
    """The ids of a page's posts, and whether there are more.

    Reads sizes only, so the HTML of posts that do not fit stays in the database. SQLite finds the
    rows one by one, so it looks at no row after the first that does not fit.
    """
    wanted = select(posts.c.id, SIZE.label("size")).order_by(posts.c.id.desc()).limit(limit + 1)
    if channel is not None:
        wanted = wanted.where(posts.c.channel == channel)
    if after is not None:
        wanted = wanted.where(posts.c.id < after)
    ids: list[str] = []
    left = max_bytes
    with tx.execute(wanted) as rows:
        for row in rows:
            left -= row.size
            if ids and (left < 0 or len(ids) == limit):
                return ids, True
            ids.append(row.id)
    return ids, False
