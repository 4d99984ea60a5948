"""Lists of posts: a page ends at a number of posts, or at a number of bytes."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from splitflap_api.contract import models
from splitflap_api.contract.formats import first_id, milliseconds
from splitflap_api.domain.access.channels import Channels
from splitflap_api.domain.posts.shapes import read_posts
from splitflap_api.domain.posts.sizes import SIZE
from splitflap_api.domain.preview_urls import PreviewUrls
from splitflap_api.store.schema import posts


class Page(NamedTuple):
    """Posts of a list, and whether there are more."""

    posts: list[models.Post]
    more: bool


def page(
    tx: Connection,
    query: models.PostQuery,
    channels: Channels,
    after: str | None,
    max_bytes: int,
    urls: PreviewUrls,
) -> Page:
    """Posts in these channels that match a query, in its order, from the one after a post.

    A page has at least one post, unless there is none.
    """
    wanted = _matching(query, channels)
    while True:
        ids, more = _fitting(tx, query, wanted, after, max_bytes)
        found = read_posts(tx, ids, urls)
        if found or not more:
            return Page([found[post_id] for post_id in ids if post_id in found], more)
        # All of them were deleted since the read of their sizes.
        after = ids[-1]


def _matching(query: models.PostQuery, channels: Channels) -> Select[Any]:
    """The ids and sizes of the posts of a query, in its order."""
    order = posts.c.id.asc() if query.order == "oldest" else posts.c.id.desc()
    wanted = select(posts.c.id, SIZE.label("size")).order_by(order).limit(query.limit + 1)
    given = {"channel": query.channel, "account": query.author, "parent": query.parent}
    for name, value in given.items():
        if value is not None:
            wanted = wanted.where(posts.c[name] == value)
    # Ids begin with the time of the creation.
    if query.since is not None:
        wanted = wanted.where(posts.c.id >= first_id(milliseconds(query.since)))
    if query.until is not None:
        wanted = wanted.where(posts.c.id < first_id(milliseconds(query.until)))
    if query.channel is None and not channels.are_all:
        wanted = wanted.where(channels.holds(posts.c.channel))
    return wanted


def _fitting(
    tx: Connection, query: models.PostQuery, wanted: Select[Any], after: str | None, max_bytes: int
) -> tuple[list[str], bool]:
    """The ids of a page's posts, and whether there are more.

    Reads sizes only, so the HTML of posts that do not fit stays in the database. SQLite finds the
    rows one by one, so it looks at no row after the first that does not fit.
    """
    if after is not None:
        follows = posts.c.id > after if query.order == "oldest" else posts.c.id < after
        wanted = wanted.where(follows)
    ids: list[str] = []
    left = max_bytes
    with tx.execute(wanted) as rows:
        for row in rows:
            left -= row.size
            if ids and (left < 0 or len(ids) == query.limit):
                return ids, True
            ids.append(row.id)
    return ids, False
