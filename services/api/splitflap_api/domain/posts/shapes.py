"""Posts as the API shows them, with their links and previews."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from splitflap_api.contract import models
from splitflap_api.contract.formats import rfc3339
from splitflap_api.domain.preview_urls import PreviewUrls
from splitflap_api.domain.previews import shape_preview
from splitflap_api.store.bulk import among
from splitflap_api.store.schema import post_links, posts, previews

#: Bytes of posts and number of posts that `read_in_steps` reads in one statement. The number bounds
#: their previews, which no size counts.
STEP_BYTES = 1_048_576
STEP_POSTS = 100


def read_posts(tx: Connection, ids: Sequence[str], urls: PreviewUrls) -> dict[str, models.Post]:
    """Posts by id; unknown ids are left out."""
    rows = tx.execute(select(posts).where(among(tx, posts.c.id, ids))).mappings()
    return {post.id: post for post in shape_posts(tx, list(rows), urls)}


def read_in_steps(
    tx: Connection, ids: Sequence[str], sizes: Mapping[str, int], urls: PreviewUrls
) -> Iterator[models.Post | None]:
    """Each of these posts, or None, in the same order.

    Reads few posts, or STEP bytes, at a time. A post of unknown size is read alone.
    """
    step: list[str] = []
    size = 0
    for post_id in ids:
        own = sizes.get(post_id, STEP_BYTES)
        if step and (size + own > STEP_BYTES or len(step) == STEP_POSTS):
            yield from _in_order(tx, step, urls)
            step, size = [], 0
        step.append(post_id)
        size += own
    yield from _in_order(tx, step, urls)


def _in_order(tx: Connection, ids: Sequence[str], urls: PreviewUrls) -> list[models.Post | None]:
    found = read_posts(tx, ids, urls)
    return [found.get(post_id) for post_id in ids]


def shape_posts(tx: Connection, rows: Sequence[Any], urls: PreviewUrls) -> list[models.Post]:
    """These rows of posts, in the same order."""
    links = _links(tx, [row["id"] for row in rows], urls)
    return [_shape(row, links.get(row["id"], [])) for row in rows]


def _shape(row: Any, links: list[models.PostLink]) -> models.Post:
    return models.Post(
        id=row["id"],
        channel=row["channel"],
        author=row["account"],
        text=row["text"],
        html=row["html"],
        state=row["state"],
        revision=row["revision"],
        links=links,
        created_at=rfc3339(row["created_at"]),
        updated_at=rfc3339(row["updated_at"]),
        flavour=row["flavour"],
        breaks=row["breaks"],
        mentions=_names(row["mentions"]),
        channels=_names(row["channels"]),
        excerpt=row["excerpt"],
        parent=row["parent"],
        key_id=row["key_id"],
    )


def _names(stored: str | None) -> list[str]:
    """The names in a column. A damaged one has none, so that it breaks no list."""
    try:
        return msgspec.json.decode(stored or "[]", type=list[str])
    except msgspec.MsgspecError:
        return []


def _links(
    tx: Connection, ids: Sequence[str], urls: PreviewUrls
) -> dict[str, list[models.PostLink]]:
    if not ids:
        return {}
    rows = tx.execute(
        select(post_links.c.post_id, post_links.c.url.label("link_url"), previews)
        .outerjoin(previews, previews.c.url == post_links.c.url)
        .where(among(tx, post_links.c.post_id, ids))
        .order_by(post_links.c.post_id, post_links.c.position)
    )
    links: dict[str, list[models.PostLink]] = {}
    for row in rows.mappings():
        link = models.PostLink(row["link_url"], shape_preview(row["link_url"], row, urls))
        links.setdefault(row["post_id"], []).append(link)
    return links
