"""Posts change by commands: created, edited, deleted."""

from dataclasses import dataclass

from splitflap_core.contracts import Flavour, RenderRequest
from sqlalchemy import Connection, delete, select, update
from uuid_utils import uuid7

from asyncrequest import NO_PRECONDITIONS, Preconditions
from splitflap_api.contract import models
from splitflap_api.contract.formats import milliseconds, new_id
from splitflap_api.contract.problems import Problem, forbidden
from splitflap_api.domain.access.keys import Caller
from splitflap_api.domain.changes import Changes, NewTask, Row
from splitflap_api.domain.jobs.locks import drop_unwanted_jobs
from splitflap_api.domain.posts.representation import represent
from splitflap_api.domain.posts.shapes import read_posts
from splitflap_api.domain.posts.states import lock_posts
from splitflap_api.domain.preview_urls import PreviewUrls
from splitflap_api.store.schema import post_links, posts, tasks


@dataclass(frozen=True)
class CreatePost:
    """Insert a post with its render job and its first event.

    The id of an older post has the time of its creation, so the order of ids is that of times.
    """

    new: models.PostInput
    flavour: Flavour = "markdown"
    breaks: bool = False
    low: bool = False
    key_id: str | None = None
    own_transaction = False
    only_inserts = True

    @property
    def size(self) -> int:
        return len(self.new.text)

    def apply(self, _tx: Connection, changes: Changes, task: NewTask) -> None:
        new = self.new
        created_at = milliseconds(new.created_at) if new.created_at else changes.now
        post = {
            "id": new_id(created_at) if new.created_at else str(uuid7()),
            "channel": new.channel,
            "account": new.author or task.account,
            "text": new.text,
            "flavour": self.flavour,
            "breaks": self.breaks,
            "html": None,
            "state": "accepted",
            "revision": 1,
            "parent": new.parent,
            "key_id": self.key_id,
            "created_at": created_at,
            "updated_at": changes.now,
        }
        changes.posts.append(post)
        task.low = self.low
        _render(changes, task, post)


@dataclass(frozen=True)
class EditPost:
    """Give a post its next revision, and drop the unfinished jobs of the old one.

    Without a flavour or `breaks` the post keeps its own.
    """

    post_id: str
    text: str
    preconditions: Preconditions
    urls: PreviewUrls
    caller: Caller
    flavour: Flavour | None = None
    breaks: bool | None = None
    low: bool = False
    own_transaction = True
    only_inserts = False

    @property
    def key_id(self) -> str | None:
        return self.caller.key_id

    @property
    def size(self) -> int:
        return len(self.text)

    def apply(self, tx: Connection, changes: Changes, task: NewTask) -> None:
        older = _tasks_of(tx, self.post_id)
        drop_unwanted_jobs(tx, older, changes.now)
        post = _lock_own_post(tx, self.post_id, self.caller)
        _check(tx, self.post_id, self.preconditions, self.urls)
        post |= {"revision": post["revision"] + 1, "text": self.text}
        post["flavour"] = self.flavour or post["flavour"]
        post["breaks"] = post["breaks"] if self.breaks is None else self.breaks
        post["key_id"] = self.key_id
        _write_revision(tx, changes, post)
        changes.ending += older
        task.low = self.low
        _render(changes, task, post)


def delete_post(
    tx: Connection,
    changes: Changes,
    post_id: str,
    caller: Caller | None,
    urls: PreviewUrls,
    preconditions: Preconditions = NO_PRECONDITIONS,
) -> Row:
    """Delete a post with its links and jobs; its running tasks end. Returns the post.

    Without a caller its author is not asked.

    Raises:
        Problem: not-found or forbidden.
        PreconditionFailed: the post has another ETag now.
    """
    its_tasks = _tasks_of(tx, post_id)
    drop_unwanted_jobs(tx, its_tasks, changes.now)
    post = _lock_own_post(tx, post_id, caller)
    _check(tx, post_id, preconditions, urls)
    tx.execute(delete(post_links).where(post_links.c.post_id == post_id))
    tx.execute(delete(posts).where(posts.c.id == post_id))
    changes.ending += its_tasks
    changes.event("deleted", post)
    return post


def _render(changes: Changes, task: NewTask, post: Row) -> None:
    """The job and the event of a post's new text."""
    task.subject, task.revision = post["id"], post["revision"]
    task.channel = post["channel"]
    request = RenderRequest(post["text"], post["flavour"], post["breaks"])
    changes.render_job(task, request, post)
    changes.event("accepted", post, task=task.id)


def _write_revision(tx: Connection, changes: Changes, post: Row) -> None:
    """Write the new text, and delete the HTML and links of the old one."""
    tx.execute(
        update(posts)
        .where(posts.c.id == post["id"])
        .values(
            text=post["text"],
            flavour=post["flavour"],
            breaks=post["breaks"],
            html=None,
            mentions=None,
            channels=None,
            excerpt=None,
            state="accepted",
            revision=post["revision"],
            key_id=post["key_id"],
            updated_at=changes.now,
        )
    )
    tx.execute(delete(post_links).where(post_links.c.post_id == post["id"]))


def _tasks_of(tx: Connection, post_id: str) -> list[str]:
    """The tasks that created or edited this post."""
    rows = tx.execute(select(tasks.c.id).where(tasks.c.subject == post_id).order_by(tasks.c.id))
    return [row.id for row in rows]


def _check(tx: Connection, post_id: str, preconditions: Preconditions, urls: PreviewUrls) -> None:
    """Check the preconditions for a locked post. The lock makes check and change one step."""
    if preconditions is not NO_PRECONDITIONS:
        _, etag = represent(read_posts(tx, [post_id], urls)[post_id])
        preconditions.check(etag)


def _lock_own_post(tx: Connection, post_id: str, caller: Caller | None) -> Row:
    """The post, locked, for its author or an admin, or for no caller.

    Raises:
        Problem: not-found or forbidden.
    """
    row = lock_posts(tx, [post_id]).get(post_id)
    if row is None or (caller and row["channel"] not in caller.channels):
        raise Problem("not-found", "no post has this id")
    if caller and row["account"] != caller.account and not caller.may("admin"):
        raise forbidden("only its author or a key with the scope admin may change it", "admin")
    return row
