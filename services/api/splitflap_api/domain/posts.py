"""Posts: made, edited, deleted, rendered, read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from splitflap_core.contracts import Flavour, RenderRequest, RenderResult
from sqlalchemy import Connection, delete, select, update
from uuid_utils import uuid7

from splitflap_api.contract import models
from splitflap_api.contract.formats import maybe_rfc3339, rfc3339
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.changes import Changes, PreviewRequest, Row
from splitflap_api.domain.jobs import drop_unwanted_jobs
from splitflap_api.store.bulk import among, insert_rows, update_rows
from splitflap_api.store.schema import post_links, posts, previews, tasks


@dataclass(frozen=True)
class CreatePost:
    """A post to be made, as a plan for one transaction."""

    new: models.NewPost
    flavour: Flavour = "markdown"
    own_transaction = False
    only_inserts = True

    def apply(self, _tx: Connection, changes: Changes, task: Row) -> None:
        """The post's row, its render job and its first event."""
        post = {
            "id": str(uuid7()),
            "channel": self.new.channel,
            "account": task["account"],
            "text": self.new.text,
            "flavour": self.flavour,
            "html": None,
            "state": "accepted",
            "revision": 1,
            "created_at": changes.now,
            "updated_at": changes.now,
        }
        task |= {"subject": post["id"], "revision": 1}
        changes.posts.append(post)
        request = RenderRequest(self.new.text, self.flavour)
        changes.render_job(task["id"], request, task["traceparent"], post)
        changes.event("accepted", post, task=task["id"])


@dataclass(frozen=True)
class EditPost:
    """An edit. `revisions` are those that If-Match named, None for any.

    Without a flavour it is read as the revision before.
    """

    post_id: str
    text: str
    revisions: frozenset[int] | None
    admin: bool
    flavour: Flavour | None = None
    own_transaction = True
    only_inserts = False

    def apply(self, tx: Connection, changes: Changes, task: Row) -> None:
        """The next revision; what the old one still waited for is dropped."""
        older = tasks_of(tx, self.post_id)
        drop_unwanted_jobs(tx, older)
        post = locked_post(tx, self.post_id, task["account"], admin=self.admin)
        if self.revisions is not None and post["revision"] not in self.revisions:
            raise Problem("precondition-failed", f"the present revision is {post['revision']}")
        flavour = self.flavour or post["flavour"]
        post |= {"revision": post["revision"] + 1, "text": self.text, "flavour": flavour}
        tx.execute(
            update(posts)
            .where(posts.c.id == self.post_id)
            .values(
                text=self.text,
                flavour=flavour,
                html=None,
                mentions=None,
                channels=None,
                excerpt=None,
                state="accepted",
                revision=post["revision"],
                updated_at=changes.now,
            )
        )
        tx.execute(delete(post_links).where(post_links.c.post_id == self.post_id))
        task |= {"subject": self.post_id, "revision": post["revision"]}
        changes.ending += older
        request = RenderRequest(self.text, flavour)
        changes.render_job(task["id"], request, task["traceparent"], post)
        changes.event("accepted", post, task=task["id"])


def tasks_of(tx: Connection, post_id: str) -> list[str]:
    """The tasks that made or edited this post."""
    rows = tx.execute(select(tasks.c.id).where(tasks.c.subject == post_id).order_by(tasks.c.id))
    return [row.id for row in rows]


def locked_post(tx: Connection, post_id: str, account: str, *, admin: bool) -> Row:
    """The post, locked, for its author or an admin.

    Raises:
        Problem: not-found or forbidden.
    """
    row = (
        tx.execute(select(posts).where(posts.c.id == post_id).with_for_update()).mappings().first()
    )
    if row is None:
        raise Problem("not-found", f"no post {post_id}")
    if row["account"] != account and not admin:
        raise Problem("forbidden", "only its author or a key with the scope admin may change it")
    return dict(row)


def delete_post(
    tx: Connection, changes: Changes, post_id: str, account: str, *, admin: bool
) -> None:
    """Remove a post with all that waits for it; its running tasks end.

    Raises:
        Problem: not-found or forbidden.
    """
    its_tasks = tasks_of(tx, post_id)
    drop_unwanted_jobs(tx, its_tasks)
    post = locked_post(tx, post_id, account, admin=admin)
    tx.execute(delete(post_links).where(post_links.c.post_id == post_id))
    tx.execute(delete(posts).where(posts.c.id == post_id))
    changes.ending += its_tasks
    changes.event("deleted", post)


@dataclass(frozen=True)
class Rendered:
    """A post's text as the renderer gave it back."""

    post_id: str
    revision: int
    task_id: str
    result: RenderResult
    traceparent: str | None


def apply_rendered(tx: Connection, changes: Changes, rendered: Sequence[Rendered]) -> None:
    """Write what was made of those that are still at this revision; want their previews."""
    now_at = lock_posts(tx, (each.post_id for each in rendered))
    fitting = [each for each in rendered if _is_current(now_at.get(each.post_id), each.revision)]
    if not fitting:
        return
    rows = [
        {
            "id": each.post_id,
            "html": each.result.html,
            "mentions": _names(each.result.mentions),
            "channels": _names(each.result.channels),
            "excerpt": each.result.excerpt,
            "state": "rendered",
            "updated_at": changes.now,
        }
        for each in fitting
    ]
    update_rows(tx, posts, ("id",), rows)
    links = [
        {"post_id": each.post_id, "position": position, "url": url}
        for each in fitting
        for position, url in enumerate(each.result.links)
    ]
    # Now, and not with the other changes: final responses made in this transaction show them.
    insert_rows(tx, post_links, links)
    for each in fitting:
        changes.event("rendered", now_at[each.post_id], task=each.task_id)


def _names(names: Sequence[str]) -> str:
    """As a column of the table has them."""
    return msgspec.json.encode(names).decode()


def previews_wanted_by(rendered: Iterable[Rendered]) -> list[PreviewRequest]:
    """The previews that rendered posts ask for."""
    return [
        PreviewRequest(each.task_id, url, refresh=False, traceparent=each.traceparent)
        for each in rendered
        for url in each.result.links
    ]


def set_state(tx: Connection, changes: Changes, revisions: dict[str, int], state: str) -> list[Row]:
    """Move posts that are still at the given revisions to a state; those that were."""
    now_at = lock_posts(tx, revisions)
    fitting = [post for post in now_at.values() if _is_current(post, revisions[post["id"]])]
    if fitting:
        tx.execute(
            update(posts)
            .where(among(tx, posts.c.id, [post["id"] for post in fitting]))
            .values(state=state, updated_at=changes.now)
        )
    return [post | {"state": state} for post in fitting]


def request_pending_previews(tx: Connection, changes: Changes, post_id: str, task_id: str) -> None:
    """PreviewRequest the previews of a post that nobody fetches any more."""
    urls = tx.execute(
        select(post_links.c.url)
        .join(previews, previews.c.url == post_links.c.url)
        .where(
            post_links.c.post_id == post_id,
            previews.c.state == "pending",
            previews.c.job_id.is_(None),
        )
    )
    changes.preview_requests += [
        PreviewRequest(task_id, row.url, refresh=False, traceparent=None) for row in urls
    ]


def lock_posts(tx: Connection, ids: Iterable[str]) -> dict[str, Row]:
    """Id, channel, revision and state of posts, locked in the order of their ids."""
    columns = (posts.c.id, posts.c.channel, posts.c.revision, posts.c.state)
    rows = tx.execute(
        select(*columns)
        .where(among(tx, posts.c.id, set(ids)))
        .order_by(posts.c.id)
        .with_for_update()
    )
    return {row["id"]: dict(row) for row in rows.mappings()}


def _is_current(post: Row | None, revision: int) -> bool:
    return post is not None and post["revision"] == revision


def read_posts(tx: Connection, ids: Sequence[str]) -> dict[str, models.Post]:
    """Posts with their links and previews, by id."""
    rows = tx.execute(select(posts).where(among(tx, posts.c.id, ids))).mappings()
    return {post.id: post for post in shape_posts(tx, list(rows))}


def shape_posts(tx: Connection, rows: Sequence[Any]) -> list[models.Post]:
    """Rows of posts as the API shows them, in the same order."""
    links = _links(tx, [row["id"] for row in rows])
    return [
        models.Post(
            id=row["id"],
            channel=row["channel"],
            author=row["account"],
            text=row["text"],
            html=row["html"],
            state=row["state"],
            revision=row["revision"],
            links=links.get(row["id"], []),
            created_at=rfc3339(row["created_at"]),
            updated_at=rfc3339(row["updated_at"]),
            flavour=row["flavour"],
            mentions=msgspec.json.decode(row["mentions"] or "[]", type=list[str]),
            channels=msgspec.json.decode(row["channels"] or "[]", type=list[str]),
            excerpt=row["excerpt"],
        )
        for row in rows
    ]


def _links(tx: Connection, ids: Sequence[str]) -> dict[str, list[models.PostLink]]:
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
        link = models.PostLink(row["link_url"], shape_preview(row["link_url"], row))
        links.setdefault(row["post_id"], []).append(link)
    return links


def shape_preview(url: str, row: Any) -> models.Preview:
    """A preview's row as the API shows it."""
    return models.Preview(
        url=url,
        state=row["state"] or "pending",
        reason=row["reason"],
        title=row["title"],
        description=row["description"],
        image=row["image"],
        site_name=row["site_name"],
        author=row["author"],
        published_at=row["published_at"],
        language=row["language"],
        type=row["type"],
        icon=row["icon"],
        canonical=row["canonical"],
        image_width=row["image_width"],
        image_height=row["image_height"],
        fetched_at=maybe_rfc3339(row["fetched_at"]),
        expires_at=maybe_rfc3339(row["expires_at"]),
    )
