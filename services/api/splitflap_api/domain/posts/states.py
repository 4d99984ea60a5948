"""The states of posts: rendered, complete, failed; and requests for the previews of their links."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from splitflap_core.contracts import RenderResult
from sqlalchemy import Connection, select, update

from splitflap_api.domain.changes import Changes, PreviewRequest, Row
from splitflap_api.domain.fair.shares import JobOwner
from splitflap_api.store.bulk import among, insert_rows
from splitflap_api.store.schema import post_links, posts, previews
from splitflap_api.store.sizes import bytes_of
from splitflap_api.store.turns import in_turns


@dataclass(frozen=True)
class Rendered:
    """The renderer's result for one revision of a post."""

    post_id: str
    revision: int
    task_id: str
    result: RenderResult
    traceparent: str | None
    owner: JobOwner


def apply_rendered(tx: Connection, changes: Changes, rendered: Sequence[Rendered]) -> None:
    """Add results, links and events of the posts that are still at their revision.

    The HTML is written with the next state: most posts are complete in the same transaction.
    """
    if not rendered:
        return
    now_at = lock_posts_once(tx, changes, [each.post_id for each in rendered])
    changes.locked_posts |= now_at
    fitting = [each for each in rendered if _is_current(now_at.get(each.post_id), each.revision)]
    if not fitting:
        return
    changes.rendered_posts |= {each.post_id: _rendered_row(each, changes.now) for each in fitting}
    links = [
        {"post_id": each.post_id, "position": position, "url": url}
        for each in fitting
        for position, url in enumerate(each.result.links)
    ]
    # Written at once, because final responses of this transaction show them.
    insert_rows(tx, post_links, links)
    for each in fitting:
        post = now_at[each.post_id]
        post["bytes"] += len(each.result.html.encode())
        changes.event("rendered", post, task=each.task_id)


def previews_wanted_by(rendered: Iterable[Rendered]) -> list[PreviewRequest]:
    """A request for each link of these posts."""
    return [
        PreviewRequest(
            each.task_id, url, refresh=False, traceparent=each.traceparent, owner=each.owner
        )
        for each in rendered
        for url in each.result.links
    ]


def request_pending_previews(tx: Connection, changes: Changes, post: Row, task_id: str) -> None:
    """Let a task wait for the pending previews of its post again, after its waiters were dropped.

    A preview may have another task's job. That task may be cancelled as well, so this one joins.
    """
    urls = tx.execute(
        select(post_links.c.url)
        .join(previews, previews.c.url == post_links.c.url)
        .where(
            post_links.c.post_id == post["id"],
            previews.c.state == "pending",
        )
    )
    owner = JobOwner(post["account"])
    changes.preview_requests += [
        PreviewRequest(task_id, row.url, refresh=False, traceparent=None, owner=owner)
        for row in urls
    ]


def set_state(
    tx: Connection, changes: Changes, revisions: Mapping[str, int], state: str
) -> list[Row]:
    """Set the state of posts that are still at the given revisions; returns these posts.

    Writes the new HTML of this transaction.
    """
    now_at = lock_posts_once(tx, changes, revisions)
    fitting = [post for post in now_at.values() if _is_current(post, revisions[post["id"]])]
    rendered = changes.rendered_posts
    for post in fitting:
        if post["id"] in rendered:
            rendered[post["id"]]["state"] = state
    if others := [post["id"] for post in fitting if post["id"] not in rendered]:
        tx.execute(
            update(posts)
            .where(among(tx, posts.c.id, others))
            .values(state=state, updated_at=changes.now)
        )
    changes.write_rendered_posts(tx)
    return [post | {"state": state} for post in fitting]


def lock_posts_once(tx: Connection, changes: Changes, ids: Collection[str]) -> dict[str, Row]:
    """As `lock_posts`, without a statement for the posts in `changes.locked_posts`."""
    found = {each: changes.locked_posts[each] for each in ids if each in changes.locked_posts}
    missing = [each for each in ids if each not in found]
    return found | lock_posts(tx, missing) if missing else found


def lock_posts(tx: Connection, ids: Iterable[str]) -> dict[str, Row]:
    """Posts by id, locked in this order: without their texts, but with the `bytes` of these."""
    rows = tx.execute(
        select(*_LOCKED)
        .where(among(tx, posts.c.id, set(ids)))
        .order_by(posts.c.id)
        .with_for_update()
    )
    return {row["id"]: dict(row) for row in in_turns(tx, rows)}


_LOCKED = (
    *(posts.c[name] for name in ("id", "channel", "account", "revision", "state")),
    *(posts.c[name] for name in ("flavour", "breaks")),
    bytes_of(posts.c.text, posts.c.html).label("bytes"),
)


def _rendered_row(rendered: Rendered, now: int) -> Row:
    return {
        "id": rendered.post_id,
        "html": rendered.result.html,
        "mentions": _names(rendered.result.mentions),
        "channels": _names(rendered.result.channels),
        "excerpt": rendered.result.excerpt,
        "state": "rendered",
        "updated_at": now,
    }


def _names(names: Sequence[str]) -> str:
    """JSON, as the columns keep lists of names."""
    return msgspec.json.encode(names).decode()


def _is_current(post: Row | None, revision: int) -> bool:
    return post is not None and post["revision"] == revision
