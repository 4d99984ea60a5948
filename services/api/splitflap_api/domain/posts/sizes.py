"""How large posts are, before they are read."""

from typing import Any

from splitflap_core.contracts import PREVIEW_FIELDS
from sqlalchemy import ColumnElement, String, func, select

from splitflap_api.store.schema import post_links, posts, previews
from splitflap_api.store.sizes import bytes_of

#: Bytes of JSON for the names of a post's fields, its ids and times; and of a link's preview with
#: its numbers and booleans, whose size PostgreSQL does not give.
POST = 500
LINK = 500

_PREVIEW_FIELDS = (previews.c[name] for name in PREVIEW_FIELDS)
_PREVIEW = bytes_of(*(each for each in _PREVIEW_FIELDS if isinstance(each.type, String)))
#: The link's URL is there twice: as the post's and as the preview's.
_LINKS = (
    select(func.coalesce(func.sum(2 * bytes_of(post_links.c.url) + _PREVIEW + LINK), 0))
    .select_from(post_links.outerjoin(previews, previews.c.url == post_links.c.url))
    .where(post_links.c.post_id == posts.c.id)
    .correlate(posts)
    .scalar_subquery()
)
_TEXTS = ("text", "html", "mentions", "channels", "excerpt")

#: About as many bytes as the post has as JSON. JSON escapes quotes, so it may have more.
SIZE: ColumnElement[Any] = bytes_of(*(posts.c[name] for name in _TEXTS)) + _LINKS + POST
