"""Lists of posts: a page ends at a number of posts, or at a number of bytes."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from splitflap_api.contract import models
from splitflap_api.domain.access.channels import Channels
from splitflap_api.domain.posts.matching import matching_ids
from splitflap_api.domain.posts.shapes import read_posts
from splitflap_api.domain.posts.sizes import SIZE
from splitflap_api.domain.preview_urls import PreviewUrls
from splitflap_api.store.bulk import among
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import posts


class Page(NamedTuple):
    """Posts of a list, and whether there are more."""

    posts: list[models.Post]
    more: bool


def page(
    store: Store,
    query: models.PostQuery,
    channels: Channels,
    after: str | None,
    max_bytes: int,
    urls: PreviewUrls,
) -> Page:
    """Posts in these channels that match a query, in its order, from the one after a post.

    A page has at least one post, unless there is none.
    """
    while True:
        ids = matching_ids(store, query, channels, after)
        with store.read_large() as tx:
            fitting = _fitting(tx, ids[: query.limit], max_bytes)
            found = read_posts(tx, fitting, urls)
        more = len(fitting) < len(ids)
        if found or not more:
            return Page([found[post_id] for post_id in fitting if post_id in found], more)
        # All of them were deleted since the read of their ids.
        after = fitting[-1]


def _fitting(tx: Connection, ids: Sequence[str], max_bytes: int) -> Sequence[str]:
    """The first of these posts, as many as fit.

    Reads sizes only, so the HTML of posts that do not fit stays in the database.
    """
    sizes = select(posts.c.id, SIZE.label("size")).where(among(tx, posts.c.id, ids))
    size_of = {row.id: row.size for row in tx.execute(sizes)}
    for count, post_id in enumerate(ids):
        max_bytes -= size_of.get(post_id, 0)
        if max_bytes < 0 and count:
            return ids[:count]
    return ids
